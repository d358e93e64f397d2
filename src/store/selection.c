#include "store/selection.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "base/glob.h"
#include "store/names.h"
#include "store/reader.h"

struct selecting {
    struct selection *selection;
    const char *const *globs;
    size_t globs_count, most;
    bool *matched; /* of each glob; NULL where there is none */
};

void selection_finish(struct selection *selection)
{
    for (size_t i = 0; i < selection->count; i++) {
        free(selection->series[i].name);
        free(selection->series[i].unit);
    }
    free(selection->series);
    *selection = (struct selection){0};
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, "no memory for the series");
}

static int add(struct selecting *selecting, sqlite3_stmt *row, struct err *err)
{
    struct selection *selection = selecting->selection;
    int64_t id = sqlite3_column_int64(row, 0);
    if (id < 0 || id >= NAMES_NONE)
        return 0;
    if (selection->count == selecting->most)
        return err_set(err, ERR_FULL, "these are more than %zu series: ask for fewer", selecting->most);
    if (selection->count == selection->capacity) {
        size_t capacity = selection->capacity ? selection->capacity * 2 : 8;
        struct selected *larger = realloc(selection->series, capacity * sizeof *larger);
        if (!larger)
            return no_memory(err);
        selection->series = larger;
        selection->capacity = capacity;
    }
    const struct selected series = {(uint32_t)id, strdup(db_text(row, 1).data), strdup(db_text(row, 2).data),
                                    db_unsigned(row, 3)};
    selection->series[selection->count++] = series;
    return series.name && series.unit ? 0 : no_memory(err);
}

static bool is_meant(struct selecting *selecting, const char *name)
{
    bool meant = selecting->globs_count == 0;
    for (size_t i = 0; i < selecting->globs_count; i++) {
        bool matches = glob_matches(selecting->globs[i], name);
        selecting->matched[i] |= matches;
        meant |= matches;
    }
    return meant;
}

/* Without patterns the names are looked up, else all are gone through. */
static int find_named(struct selecting *selecting, struct store_reader *reader, size_t i, struct err *err)
{
    int code;
    sqlite3_stmt *look = reader_statement(reader, READER_SERIES_NAMED, &code, err);
    if (code)
        return code;
    db_bind_text(look, 1, text_from(selecting->globs[i]));
    code = db_step(look, err);
    selecting->matched[i] = code > 0;
    if (code > 0)
        code = add(selecting, look, err);
    sqlite3_reset(look);
    return code;
}

static int find_all(struct selecting *selecting, struct store_reader *reader, struct err *err)
{
    int code;
    sqlite3_stmt *look = reader_statement(reader, READER_SERIES, &code, err);
    while (!code && (code = db_step(look, err)) > 0)
        code = is_meant(selecting, db_text(look, 1).data) ? add(selecting, look, err) : 0;
    sqlite3_reset(look);
    return code;
}

static int by_id(const void *a, const void *b)
{
    uint32_t left = ((const struct selected *)a)->id, right = ((const struct selected *)b)->id;
    return left < right ? -1 : left > right;
}

/* A name may have been given twice. */
static void sort(struct selection *selection)
{
    size_t kept = 0;
    if (!selection->count)
        return;
    qsort(selection->series, selection->count, sizeof *selection->series, by_id);
    for (size_t i = 0; i < selection->count; i++) {
        if (kept && selection->series[kept - 1].id == selection->series[i].id) {
            free(selection->series[i].name);
            free(selection->series[i].unit);
        } else {
            selection->series[kept++] = selection->series[i];
        }
    }
    selection->count = kept;
}

static int find(struct selecting *selecting, struct store_reader *reader, struct err *err)
{
    bool patterns = selecting->globs_count == 0;
    int code = 0;
    for (size_t i = 0; i < selecting->globs_count; i++)
        patterns |= glob_is_pattern(selecting->globs[i]);
    if (patterns)
        return find_all(selecting, reader, err);
    for (size_t i = 0; i < selecting->globs_count && !code; i++)
        code = find_named(selecting, reader, i, err);
    return code;
}

int selection_make(struct selection *selection, struct store_reader *reader, const char *const *globs,
                   size_t globs_count, size_t most, struct err *err)
{
    struct selecting selecting = {.selection = selection,
                                  .globs = globs,
                                  .globs_count = globs_count,
                                  .most = most,
                                  .matched = calloc(globs_count + 1, sizeof *selecting.matched)};
    int code = selecting.matched ? find(&selecting, reader, err) : no_memory(err);
    for (size_t i = 0; i < globs_count && !code; i++)
        if (!selecting.matched[i])
            code = err_set(err, ERR_MISSING,
                           glob_is_pattern(globs[i]) ? "no series matches `%.256s`" : "there is no series `%.256s`",
                           globs[i]);
    free(selecting.matched);
    if (!code)
        sort(selection);
    return code;
}
