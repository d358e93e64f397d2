/* chunk.h: points of one series as columns, and a sealed chunk of them as one blob.
 *
 *   u8 'C', u8 version (1), u16 points, u32 CRC-32C of all else; then three columns (column.h): the
 *   steps, the times in us since the epoch, and the bits of the values
 * Little endian. Any steps, times and values come back bit by bit. */
#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

#include "base/buf.h"
#include "base/err.h"

#define CHUNK_POINTS 4096u /* most in one */

/* Points of one series in the order in which they were logged. */
struct points {
    int64_t *step, *time_us;
    double *value;
    uint32_t count, capacity; /* at most CHUNK_POINTS */
};

void points_finish(struct points *points);                 /* frees; twice is safe; all zero is an empty one */
bool points_reserve(struct points *points, uint32_t more); /* false: no memory */
static inline void points_add(struct points *points, int64_t step, int64_t time_us, double value)
{
    points->step[points->count] = step;
    points->time_us[points->count] = time_us;
    points->value[points->count++] = value;
}

/* Appends the blob of all points (1..CHUNK_POINTS); `place` as blob_place gives it. A failed allocation shows in
 * out->failed. */
void chunk_encode(struct buf *out, uint32_t place, const struct points *points);

/* Replaces what `points` holds. Any bytes may be given. 0, ERR_DAMAGED, ERR_NOMEM; where it fails points->count is 0.
 */
int chunk_decode(struct points *points, uint32_t place, const void *data, size_t size);

#endif
