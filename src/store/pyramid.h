/* pyramid.h: the roll-ups of one series as they grow: of each level the bucket that is still open, and the buckets that
 * do not fill a page yet. What is full is written as a row of `rollups`. Only points that are in chunks are in it.
 *
 * A bucket is closed when it holds as much as its level has, where the step goes back (a new segment), and where the
 * sequence numbers have a hole (points that were damaged). Within a transaction. */
#ifndef STORE_PYRAMID_H
#define STORE_PYRAMID_H

#include "store/rollup.h"

struct store;
struct err;

struct pyramid_level {
    struct bucket open;
    uint64_t open_sequence; /* of its first point */
    uint32_t folded;        /* buckets of the level below in it */
    struct bucket *page;
    uint32_t count, capacity; /* buckets in it */
    uint64_t sequence, end;   /* of the page's first point; behind its last */
    uint64_t paged;           /* what comes before it is in pages of this level already */
};

struct pyramid {
    uint32_t series;
    struct pyramid_level level[ROLLUP_LEVELS];
};

/* An empty one. NULL: no memory. */
struct pyramid *pyramid_create(uint32_t series);
void pyramid_destroy(struct pyramid *pyramid); /* NULL is fine */

/* A chunk's points; `sequence` is that of the first. */
int pyramid_add(struct store *store, struct pyramid *pyramid, uint64_t sequence, const struct points *points,
                struct err *err);
/* A bucket of the level below `level` (1 and up), which begins at `sequence`. */
int pyramid_fold(struct store *store, struct pyramid *pyramid, uint32_t level, uint64_t sequence,
                 const struct bucket *bucket, struct err *err);
/* Adds a bucket to the page of its own level, and nothing else. */
int pyramid_put(struct store *store, struct pyramid *pyramid, uint32_t level, uint64_t sequence,
                const struct bucket *bucket, struct err *err);
/* Writes the page of a level as it is, full or not. */
int pyramid_write(struct store *store, struct pyramid *pyramid, uint32_t level, struct err *err);

/* How many points a bucket of a level has at most. */
static inline uint64_t rollup_points(uint32_t level)
{
    return (uint64_t)ROLLUP_POINTS << (2 * level);
}

#endif
