/* rollup.h: buckets of one series and one level, as one blob: a page of its pyramid.
 *
 *   u8 'R', u8 version (1), u16 buckets, u32 CRC-32C of all else; then ten columns (column.h):
 *   last_step - first_step; first_step - last_step of the bucket before (0 before the first);
 *   last_us - first_us; first_us - last_us of the bucket before (0 before the first);
 *   count; nonfinite; the bits of min, of max, of mean, of last
 * Little endian. Level 0 has 64 points a bucket, each further level 4 buckets of the one below; fewer where a segment
 * ends. */
#ifndef STORE_ROLLUP_H
#define STORE_ROLLUP_H

#include "store/bucket.h"

#define ROLLUP_LEVELS 7u         /* 64, 256, 1,024, ... 262,144 points a bucket */
#define ROLLUP_POINTS 64u        /* of a bucket of level 0 */
#define ROLLUP_FOLD 4u           /* buckets in one of the next level */
#define ROLLUP_PAGE_BUCKETS 208u /* most in one page: as many as fit a page of SQLite, as a rule */

/* Appends the blob of 1..ROLLUP_PAGE_BUCKETS buckets. A failed allocation shows in out->failed. */
void rollup_encode(struct buf *out, uint32_t place, const struct bucket *buckets, uint32_t count);

/* Any bytes may be given. *count buckets, or ERR_DAMAGED (the counts of a bucket make no sense, ...), ERR_NOMEM. */
int rollup_decode(struct bucket buckets[ROLLUP_PAGE_BUCKETS], uint32_t *count, uint32_t place, const void *data,
                  size_t size);

#endif
