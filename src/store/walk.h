/* walk.h: a stretch of a segment as few buckets, folded from the coarsest roll-ups that serve; where a page of them is
 * missing or damaged, and where a bucket lies only partly within the stretch, from the level below; at last from the
 * points themselves. What cannot be read at all is passed over. */
#ifndef STORE_WALK_H
#define STORE_WALK_H

#include "store/rollup.h"
#include "store/shelf.h"

#define WALK_POINTS (-1) /* a level: the points themselves */

/* The coarsest level of which there are at least `buckets` in so many points. */
int walk_level(uint64_t points, uint64_t buckets);

struct walk {
    struct shelf *shelf;    /* borrowed */
    struct walk_page *page; /* of each level */

    const struct places *places; /* as are these, which are set before walking */
    uint64_t from, to;           /* sequences: [from, to), of one segment */
    unsigned buckets;            /* at most; each stands for about as many points */
    int level;
    int (*each)(void *context, const struct bucket *bucket); /* non-zero ends it, and is returned */
    void *context;

    struct bucket open; /* what is being folded, */
    uint64_t open_end;  /* up to this sequence */
};

/* 0, or ERR_NOMEM. */
int walk_init(struct walk *walk, struct shelf *shelf, struct err *err);
void walk_finish(struct walk *walk); /* twice is safe; all zero is an empty one */
int walk_fold(struct walk *walk, struct err *err);

/* The points of [from, to) themselves, as they lie: points[first, end) of each place. */
int walk_points(struct shelf *shelf, const struct places *places, uint64_t from, uint64_t to,
                int (*each)(void *context, const struct place *place, const struct points *points, uint32_t first,
                            uint32_t end),
                void *context, struct err *err);

#endif
