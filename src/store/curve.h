/* curve.h: the newest points of every series on their way into chunks and roll-ups: they are open until a chunk is
 * full, its segment ends, or too many are open at all. Open points lie in the tail's blocks, so that none is lost; a
 * chunk that is full within one transaction never does. For the writer only, within a transaction; where it fails all
 * of this is loaded again. */
#ifndef STORE_CURVE_H
#define STORE_CURVE_H

#include "store/pyramid.h"

#define CURVES_OPEN_MOST 131072u /* points: past that the longest are sealed */
#define CURVES_BLOCKS_MOST 256u  /* of the tail: past that all that is open is written as one */

struct curve {
    struct points open;
    uint64_t sequence;       /* of the first open point: all before it are sealed, or lost */
    uint32_t written;        /* open points that are in the tail */
    uint32_t segment;        /* of the open points */
    int64_t last_step;       /* of the newest point; INT64_MIN: there is none */
    bool awake;              /* what run.db says of it has been looked up */
    struct pyramid *pyramid; /* NULL: nothing was sealed since it was loaded */
};

struct curves {
    struct curve *curve; /* by the store's id */
    uint32_t count;
    uint64_t open;        /* points, of all */
    uint32_t blocks;      /* in the tail */
    uint64_t tail_points; /* in them, also such as have been sealed since */
    bool rewrite;         /* all that is open must be written anew */
    bool mend;            /* the same with the next points: what lies in the tail was damaged */
    int64_t *damaged;     /* its blocks that cannot be read */
    uint32_t damaged_count, damaged_capacity;
};

void curves_finish(struct curves *curves); /* twice is safe; all zero is an empty one */
/* What is open as of the last commit. Nothing is written. */
int curves_load(struct store *store, struct err *err);

/* A point of a series of the catalog. */
int curves_add(struct store *store, uint32_t id, int64_t step, int64_t time_us, double value, struct err *err);
/* The end of what a transaction takes: what is open and new goes into the tail. Blocks that cannot be read are kept,
 * out of the way. */
int curves_save(struct store *store, struct err *err);

#endif
