/* tail.h: the newest points, before they are sealed in chunks: a commit adds one block that holds, of each series that
 * had any, a run of points that follow each other. Now and then all that is still open is written as one block, which
 * takes the place of those before it.
 *
 *   u8 'P', u8 version (2), u16 0, u32 runs, u32 CRC-32C of all that follows, u32 0; then of each run
 *   varint  series, sequence of its first point, segment, points, bytes of what follows
 *   of each point: varint zigzag(step - the step before it), varint zigzag(time in us - the one before it), 8 bytes
 * bits of the value; the first counts from 0 Little endian; a varint is 7 bits a byte, lowest first, the high bit says
 * that another follows, at most 10 bytes. Differences wrap at 64 bits. */
#ifndef STORE_TAIL_H
#define STORE_TAIL_H

#include "base/buf.h"
#include "base/err.h"
#include "store/chunk.h"

#define TAIL_HEADER 16u

struct tail_run {
    uint32_t series, segment, points;
    uint64_t sequence;       /* of the first point, in its series */
    const uint8_t *at, *end; /* the points' bytes, borrowed */
};

struct tail {
    struct buf bytes;
    uint32_t runs;
};

void tail_init(struct tail *tail);
void tail_finish(struct tail *tail);
void tail_clear(struct tail *tail);
/* points[from, count) as a run; `sequence` is that of points[from]. A failed allocation shows in tail->bytes.failed. */
void tail_add(struct tail *tail, uint32_t series, uint32_t segment, uint64_t sequence, const struct points *points,
              uint32_t from);
/* Completes the header: tail->bytes is then the block. */
void tail_seal(struct tail *tail);

struct tail_cursor {
    const uint8_t *at, *end; /* borrowed */
    uint32_t left;
};

/* 0, or ERR_DAMAGED: not a block of this format. Any bytes may be given. */
int tail_open(struct tail_cursor *cursor, const void *data, size_t size);
/* 1, or 0 after the last run, or ERR_DAMAGED. A run is passed over without looking at its points. */
int tail_next(struct tail_cursor *cursor, struct tail_run *run);
/* Adds the run's points from its `skip`th on. 0, ERR_DAMAGED, ERR_NOMEM; ERR_FULL: more than CHUNK_POINTS. */
int tail_points(const struct tail_run *run, uint32_t skip, struct points *points);

#endif
