/* repair.h: roll-ups that are missing, made anew in slices, one a commit: the curves can be read meanwhile, from the
 * levels below. For the writer; within a transaction. */
#ifndef STORE_REPAIR_H
#define STORE_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

struct store;
struct err;

struct repair_gap {
    uint32_t series, level;
    uint64_t from, to; /* sequence numbers */
};

struct repair {
    struct repair_gap *gap; /* the lower levels first */
    uint32_t count, capacity, next;
    uint64_t done, total; /* points, of all levels */
};

void repair_finish(struct repair *repair); /* twice is safe; all zero is an empty one */
/* What is missing as of the last commit. */
int repair_load(struct store *store, struct err *err);
/* Is something missing of this series? */
bool repair_has(const struct repair *repair, uint32_t series);
/* A slice, if there is anything to do. */
int repair_slice(struct store *store, struct err *err);

static inline bool repair_is_done(const struct repair *repair)
{
    return repair->next == repair->count;
}

#endif
