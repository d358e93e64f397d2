/* names.h: names and the ids that they have, 0, 1, 2, ... in the order in which they were added. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include <stdint.h>

#include "base/value.h"

#define NAMES_NONE UINT32_MAX

struct names {
    struct text *name; /* owned copies, zero-terminated too */
    uint32_t count, capacity;
    uint32_t *slot; /* id + 1; 0: empty. Open addressing over a power of two, never more than half full */
    uint32_t slots;
};

void names_finish(struct names *names); /* twice is safe; all zero is an empty one */
/* NAMES_NONE where there is none. */
uint32_t names_find(const struct names *names, struct text name);
/* The id of a name that is not there yet; NAMES_NONE: no memory. */
uint32_t names_add(struct names *names, struct text name);

#endif
