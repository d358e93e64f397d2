/* import_series.h: the tags of an event file as series of a run: names of at most 128 bytes of UTF-8 without control
 * characters, at most as many as a trainer may declare. */
#ifndef CLI_IMPORT_SERIES_H
#define CLI_IMPORT_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/args.h"
#include "store/names.h"

#define IMPORT_TAG_MAX 1024 /* bytes: a longer tag is passed over */

struct import_series {
    const struct args_texts *globs; /* only of these; none: all */
    struct names tags, names;       /* a series' id is its place in both */
    uint64_t changed;               /* tags whose series has another name */
    uint64_t too_long, too_many;    /* values passed over */
};

/* The id of the tag's series; NAMES_NONE: its values are passed over, *no_memory tells why not. `fresh`: it was not
 * there before. */
uint32_t import_series_of(struct import_series *series, struct text tag, bool *fresh, bool *no_memory);
void import_series_finish(struct import_series *series);

#endif
