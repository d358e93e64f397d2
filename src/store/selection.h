/* selection.h: the series that are meant. */
#ifndef STORE_SELECTION_H
#define STORE_SELECTION_H

#include "base/err.h"
#include "base/value.h"

struct store_reader;

struct selected {
    uint32_t id;
    char *name, *unit; /* owned */
    uint64_t points;   /* ever logged */
};

struct selection {
    struct selected *series; /* in the order of their declaration, each once */
    size_t count, capacity;
};

/* Into an empty selection. No globs: all. ERR_MISSING: one that no series matches; ERR_FULL: more than `most`. Where it
 * fails it is still to be finished. */
int selection_make(struct selection *selection, struct store_reader *reader, const char *const *globs,
                   size_t globs_count, size_t most, struct err *err);
void selection_finish(struct selection *selection); /* twice is safe; all zero is an empty one */

#endif
