/* range.h: which points of a segment lie between two places of an axis: always a stretch without a gap. */
#ifndef STORE_RANGE_H
#define STORE_RANGE_H

#include "store/shelf.h"

/* A segment gives all its points from the first that is not before `from` up to the last before the first behind that
 * one that is after `to`. Steps never go back within a segment; times may, where a clock was set. */
struct axis {
    bool by_time;
    int64_t from, to; /* both within: steps, or us since the epoch */
};

struct range {
    uint64_t from, to; /* sequences: [from, to), with holes where points were damaged */
    uint64_t lost;     /* further points, of damaged chunks at either end: some of them may lie in the range */
};

/* Decodes a chunk at either end, at most. 0, or as shelf_take but not ERR_DAMAGED. */
int range_find(struct shelf *shelf, const struct places *places, const struct place_segment *segment,
               const struct axis *axis, struct range *range, struct err *err);

#endif
