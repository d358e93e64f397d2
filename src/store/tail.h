/* tail.h: points as bytes: one blob a commit, in the order in which they were logged.
 *
 *   u8 'P', u8 version (1), u16 0, u32 points, u32 CRC-32C of all that follows, u32 0; then of each point
 *   varint  series << 1 | moved
 *   varint  step - the step before it, zigzag        } only where moved is 1; the first point counts from step 0, time
 * 0 varint  time_ns - the time before it, zigzag     } 8 bytes bits of the value Little endian; a varint is 7 bits a
 * byte, lowest first, the high bit says that another follows, at most 10 bytes. Differences wrap at 64 bits, so that
 * any two steps have one. */
#ifndef STORE_TAIL_H
#define STORE_TAIL_H

#include "base/buf.h"
#include "base/err.h"

#define TAIL_HEADER 16u
#define TAIL_BYTES_MAX (4u * 1024 * 1024) /* a blob is ended once it holds as much */

struct tail_point {
    uint32_t series; /* the store's id */
    int64_t step, time_ns;
    double value;
};

struct tail {
    struct buf bytes;
    uint32_t points;
    int64_t step, time_ns; /* of the last point */
};

void tail_init(struct tail *tail);
void tail_finish(struct tail *tail);
void tail_clear(struct tail *tail);
/* A failed allocation shows in tail->bytes.failed. */
void tail_add(struct tail *tail, const struct tail_point *point);
/* Completes the header: tail->bytes is then the blob. */
void tail_seal(struct tail *tail);

struct tail_cursor {
    const uint8_t *at, *end; /* borrowed */
    uint32_t left;
    int64_t step, time_ns;
};

/* 0, or ERR_DAMAGED: not a blob of this format. Any bytes may be given. */
int tail_open(struct tail_cursor *cursor, const void *data, size_t size);
/* 1, or 0 after the last point, or ERR_DAMAGED. */
int tail_next(struct tail_cursor *cursor, struct tail_point *point);

#endif
