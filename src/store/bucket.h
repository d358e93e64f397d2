/* bucket.h: many points in one: what a chart of a long run is drawn from. */
#ifndef STORE_BUCKET_H
#define STORE_BUCKET_H

#include <stdint.h>

#include "store/chunk.h"

/* Points that follow each other in one segment of a series. count 0: none, and nothing else counts. */
struct bucket {
    int64_t first_step, last_step;
    int64_t first_us, last_us; /* of the first and of the last point, which need not be the least and the greatest */
    uint64_t count, nonfinite; /* nonfinite: of the count */
    double min, max, mean;     /* of the finite values; 0 where there is none. The mean never overflows */
    double last;               /* as it was logged, perhaps NaN */
};

/* Adds points[from, to). */
void bucket_add(struct bucket *bucket, const struct points *points, uint32_t from, uint32_t to);
/* Adds those that `later` stands for, which follow. */
void bucket_merge(struct bucket *bucket, const struct bucket *later);

#endif
