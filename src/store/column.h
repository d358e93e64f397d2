/* column.h: numbers of one kind as bytes, and back. What repeats, goes on evenly or is small costs next to nothing,
 * noise costs its own size.
 *
 *   u8   planes (0..8) | bytes of the base (0..8) << 4
 *   u8   shift (0..63) | order (0..2) << 6
 *        `order` numbers as they are, 8 bytes each; then the others, in order 1 as differences from the one before, in
 *        order 2 as differences of these differences:
 *        base: zigzag, in as few bytes as it takes
 *        planes (plane.h), the first of the lowest bytes: what is to be shifted left and added to the base
 * Little endian; sums and differences wrap at 64 bits. The base is the least, as a signed number. No numbers: no bytes.
 */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

#include "base/buf.h"

#define COLUMN_MAX 4096u /* numbers */

/* Appends. A failed allocation shows in out->failed; zstd's refusal is none: the plane is then stored as it is. */
void column_put(struct buf *out, const uint64_t *numbers, uint32_t count);

/* Bytes to be decoded; any may be given. */
struct column_bytes {
    const uint8_t *at, *end; /* borrowed; `at` moves on */
};

/* Takes the column of `count` numbers (at most COLUMN_MAX). 0, or ERR_DAMAGED, or ERR_NOMEM. */
int column_take(struct column_bytes *bytes, uint64_t *numbers, uint32_t count);

/* Signed numbers as unsigned ones that are small where the signed ones are; differences wrap at 64 bits. */
static inline uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

static inline uint64_t unzigzag(uint64_t v)
{
    return v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
}

#endif
