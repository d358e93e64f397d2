/* plane.h: bytes of like kind, stored in the shortest of a few ways.
 *
 *   u8 0, all bytes         as they are
 *   u8 1, u8                all the same
 *   u8 2, u16 bytes, bytes  one frame of zstd without its magic number; the size is little endian
 * zstd's contexts, 170 KiB, belong to the thread: nothing is allocated from a thread's second call on. */
#ifndef STORE_PLANE_H
#define STORE_PLANE_H

#include "store/column.h"

/* Appends 1..COLUMN_MAX bytes. A failed allocation shows in out->failed; zstd's refusal is none. */
void plane_put(struct buf *out, const uint8_t *plane, uint32_t count);
/* 0, ERR_DAMAGED, ERR_NOMEM. */
int plane_take(struct column_bytes *bytes, uint8_t *plane, uint32_t count);

#endif
