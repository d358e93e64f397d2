/* refold.h: buckets made again from what is stored: from pages where there are any, else from the level below, at last
 * from the chunks. What cannot be read is passed over: the buckets then have a hole. For the writer; within a
 * transaction. */
#ifndef STORE_REFOLD_H
#define STORE_REFOLD_H

#include "store/pyramid.h"

struct refold {
    struct store *store;
    uint32_t series;
    /* `sequence` is that of the bucket's first point. Non-zero ends it and is returned. */
    int (*each)(void *context, uint64_t sequence, const struct bucket *bucket, struct err *err);
    void *context;
};

/* The buckets of `level` from the one that begins at `from`, in order, all before `to`. */
int refold_each(const struct refold *refold, uint32_t level, uint64_t from, uint64_t to, struct err *err);

/* Brings an empty pyramid to where it stood when all before `end` was sealed: what its last pages do not cover. */
int refold_pyramid(struct store *store, struct pyramid *pyramid, uint64_t end, struct err *err);

#endif
