#include "net/chunk.h"

#include <stdlib.h>

struct chunk *chunk_create(void)
{
    struct chunk *chunk = calloc(1, sizeof *chunk);
    if (chunk) {
        chunk->references = 1;
        buf_init(&chunk->bytes);
    }
    return chunk;
}

struct chunk *chunk_hold(struct chunk *chunk)
{
    chunk->references++;
    return chunk;
}

void chunk_drop(struct chunk *chunk)
{
    if (!chunk || --chunk->references > 0)
        return;
    buf_finish(&chunk->bytes);
    free(chunk);
}
