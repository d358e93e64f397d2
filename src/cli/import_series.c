#include "cli/import_series.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "base/glob.h"
#include "trimtab/trimtab.h"

#define NAME_SIZE (TRIMTAB_NAME_MAX + 1)

static bool is_wanted(const struct import_series *series, const char *name)
{
    bool wanted = !series->globs || series->globs->count == 0;
    for (size_t i = 0; series->globs && i < series->globs->count && !wanted; i++)
        wanted = glob_matches(series->globs->item[i], name);
    return wanted;
}

static void make_name(char name[NAME_SIZE], struct text tag)
{
    char clean[IMPORT_TAG_MAX];
    size_t size = tag.size;
    memcpy(clean, tag.data, size);
    utf8_make_harmless(clean, size);
    if (size > TRIMTAB_NAME_MAX)
        size = utf8_valid_prefix(clean, TRIMTAB_NAME_MAX);
    snprintf(name, NAME_SIZE, "%.*s", (int)size, size ? clean : "");
    if (size == 0)
        snprintf(name, NAME_SIZE, "untagged");
}

/* Two tags that look the same once they are cut or cleaned stay two series. */
static void make_unique(const struct import_series *series, char name[NAME_SIZE])
{
    char mark[16];
    size_t size = strlen(name);
    for (uint32_t i = series->names.count; names_find(&series->names, text_from(name)) != NAMES_NONE; i++) {
        int mark_size = snprintf(mark, sizeof mark, "~%u", i);
        size_t room = TRIMTAB_NAME_MAX - (size_t)mark_size;
        size_t kept = utf8_valid_prefix(name, size < room ? size : room);
        memcpy(name + kept, mark, (size_t)mark_size + 1);
        size = kept;
    }
}

static uint32_t add(struct import_series *series, struct text tag, const char *name)
{
    uint32_t id = names_add(&series->tags, tag);
    if (id != NAMES_NONE && names_add(&series->names, text_from(name)) == NAMES_NONE)
        return NAMES_NONE; /* that is the end of this import */
    series->changed += !text_is(tag, name);
    return id;
}

uint32_t import_series_of(struct import_series *series, struct text tag, bool *fresh, bool *no_memory)
{
    char name[NAME_SIZE];
    uint32_t id = tag.size <= IMPORT_TAG_MAX ? names_find(&series->tags, tag) : NAMES_NONE;
    *fresh = *no_memory = false;
    if (id != NAMES_NONE)
        return id;
    if (tag.size > IMPORT_TAG_MAX) {
        series->too_long++;
        return NAMES_NONE;
    }
    make_name(name, tag);
    if (!is_wanted(series, name))
        return NAMES_NONE;
    if (series->names.count == TRIMTAB_SERIES_MAX) {
        series->too_many++;
        return NAMES_NONE;
    }
    make_unique(series, name);
    id = add(series, tag, name);
    *fresh = true;
    *no_memory = id == NAMES_NONE;
    return id;
}

void import_series_finish(struct import_series *series)
{
    names_finish(&series->tags);
    names_finish(&series->names);
}
