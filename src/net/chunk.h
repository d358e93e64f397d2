/* chunk.h: bytes that many connections send: encoded once, shared by count. One thread. */
#ifndef NET_CHUNK_H
#define NET_CHUNK_H

#include "base/buf.h"

struct chunk {
    unsigned references;
    struct buf bytes;
};

struct chunk *chunk_create(void); /* one reference; NULL for want of memory */
struct chunk *chunk_hold(struct chunk *chunk);
void chunk_drop(struct chunk *chunk); /* NULL is fine */

#endif
