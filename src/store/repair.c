#include "store/repair.h"

#include <stdlib.h>

#include "store/db.h"
#include "store/refold.h"
#include "store/state.h"

#define SLICE_PAGES 16

void repair_finish(struct repair *repair)
{
    free(repair->gap);
    *repair = (struct repair){0};
}

/* ---- what is missing ---- */

struct survey {
    uint64_t end;               /* of the chunks */
    uint64_t at[ROLLUP_LEVELS]; /* pages cover all before it, but for gaps that are noted */
};

static int add_gap(struct repair *repair, uint32_t series, uint32_t level, uint64_t from, uint64_t to, struct err *err)
{
    if (repair->count == repair->capacity) {
        uint32_t capacity = repair->capacity ? repair->capacity * 2 : 16;
        struct repair_gap *gap = realloc(repair->gap, capacity * sizeof *gap);
        if (!gap)
            return err_set(err, ERR_NOMEM, "no memory to look for missing roll-ups");
        repair->gap = gap;
        repair->capacity = capacity;
    }
    repair->gap[repair->count++] = (struct repair_gap){series, level, from, to};
    repair->total += to - from;
    return 0;
}

static int survey_chunks(struct store *store, struct survey *survey, struct err *err)
{
    sqlite3_stmt *look;
    int code = db_prepare(store->db, &look, "SELECT series,max(sequence+points) FROM chunks GROUP BY series", err);
    while (!code && (code = db_step(look, err)) > 0) {
        uint64_t series = db_unsigned(look, 0);
        if (series < store->catalog.series_names.count)
            survey[series].end = db_unsigned(look, 1);
        code = 0;
    }
    sqlite3_finalize(look);
    return code;
}

static int survey_page(struct store *store, struct survey *survey, sqlite3_stmt *look, struct err *err)
{
    uint64_t series = db_unsigned(look, 0), level = db_unsigned(look, 1), sequence = db_unsigned(look, 2);
    uint64_t end = sequence + db_unsigned(look, 3);
    if (series >= store->catalog.series_names.count || level >= ROLLUP_LEVELS)
        return 0;
    uint64_t *at = &survey[series].at[level];
    int code = sequence > *at ? add_gap(&store->repair, (uint32_t)series, (uint32_t)level, *at, sequence, err) : 0;
    *at = end > *at ? end : *at;
    return code;
}

static int survey_pages(struct store *store, struct survey *survey, struct err *err)
{
    sqlite3_stmt *look;
    int code = db_prepare(store->db, &look,
                          "SELECT series,level,sequence,points FROM rollups ORDER BY series,level,sequence", err);
    while (!code && (code = db_step(look, err)) > 0)
        code = survey_page(store, survey, look, err);
    sqlite3_finalize(look);
    return code;
}

/* Less than a page behind the last one is not missing: it is not full yet. But the levels below one that is missing end
 * where it will end, so that what comes after begins at one place on all of them. */
static int survey_ends(struct store *store, const struct survey *survey, struct err *err)
{
    int code = 0;
    for (uint32_t i = 0; i < store->catalog.series_names.count; i++) {
        bool missing = false;
        for (uint32_t level = ROLLUP_LEVELS; level-- > 0 && !code;) {
            uint64_t at = survey[i].at[level], end = survey[i].end;
            missing |= end > at && end - at >= ROLLUP_PAGE_BUCKETS * rollup_points(level);
            if (missing && end > at)
                code = add_gap(&store->repair, i, level, at, end, err);
        }
    }
    return code;
}

static int by_level(const void *a, const void *b)
{
    const struct repair_gap *one = a, *other = b;
    if (one->level != other->level)
        return one->level < other->level ? -1 : 1;
    if (one->series != other->series)
        return one->series < other->series ? -1 : 1;
    return (one->from > other->from) - (one->from < other->from);
}

int repair_load(struct store *store, struct err *err)
{
    repair_finish(&store->repair);
    struct survey *survey = calloc(store->catalog.series_names.count + 1, sizeof *survey);
    int code = survey ? survey_chunks(store, survey, err) : err_set(err, ERR_NOMEM, "no memory to look at the points");
    if (!code)
        code = survey_pages(store, survey, err);
    if (!code)
        code = survey_ends(store, survey, err);
    free(survey);
    if (store->repair.count)
        qsort(store->repair.gap, store->repair.count, sizeof *store->repair.gap, by_level);
    return code;
}

bool repair_has(const struct repair *repair, uint32_t series)
{
    for (uint32_t i = repair->next; i < repair->count; i++)
        if (repair->gap[i].series == series)
            return true;
    return false;
}

/* ---- making it anew ---- */

struct page {
    struct store *store;
    struct pyramid *pyramid;
    uint32_t level;
    uint32_t buckets;
    uint64_t end;
};

enum { PAGE_IS_FULL = 1 };

static int put_bucket(void *context, uint64_t sequence, const struct bucket *bucket, struct err *err)
{
    struct page *page = context;
    int code = pyramid_put(page->store, page->pyramid, page->level, sequence, bucket, err);
    page->end = sequence + bucket->count;
    return code ? code : ++page->buckets % ROLLUP_PAGE_BUCKETS ? 0 : PAGE_IS_FULL;
}

static int make_page(struct store *store, struct repair_gap *gap, struct err *err)
{
    struct page page = {store, pyramid_create(gap->series), gap->level, 0, gap->to};
    struct refold refold = {.store = store, .series = gap->series, .each = put_bucket, .context = &page};
    if (!page.pyramid)
        return err_set(err, ERR_NOMEM, "no memory for roll-ups");
    int code = refold_each(&refold, gap->level, gap->from, gap->to, err);
    uint64_t end = code == PAGE_IS_FULL ? page.end : gap->to;
    if (code >= 0)
        code = pyramid_write(store, page.pyramid, gap->level, err);
    store->repair.done += end - gap->from;
    gap->from = end;
    pyramid_destroy(page.pyramid);
    return code;
}

int repair_slice(struct store *store, struct err *err)
{
    struct repair *repair = &store->repair;
    int code = 0;
    for (int i = 0; i < SLICE_PAGES && !code && !repair_is_done(repair); i++) {
        struct repair_gap *gap = &repair->gap[repair->next];
        code = make_page(store, gap, err);
        repair->next += gap->from >= gap->to;
    }
    return code;
}
