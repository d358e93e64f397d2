#include "exchange/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define BLOCK_BYTES 65536u
#define UNIT alignof(max_align_t)

struct arena_block {
    struct arena_block *before;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t most)
{
    *arena = (struct arena){.most = most};
}

void arena_finish(struct arena *arena)
{
    for (struct arena_block *block = arena->newest, *before; block; block = before) {
        before = block->before;
        free(block);
    }
    arena->newest = NULL;
}

void arena_clear(struct arena *arena)
{
    struct arena_block *kept = arena->newest;
    if (kept && kept->before) {
        arena_finish(arena);
        kept = NULL;
    }
    if (kept)
        kept->used = 0;
    arena->used = 0;
    arena->failed = false;
}

static struct arena_block *grow(struct arena *arena, size_t size)
{
    size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    struct arena_block *block = malloc(sizeof *block + bytes);
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    *block = (struct arena_block){.before = arena->newest, .size = bytes};
    arena->newest = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->newest;
    if (size > arena->most - arena->used)
        return NULL;
    size = (size + UNIT - 1) / UNIT * UNIT;
    if (!block || size > block->size - block->used)
        block = grow(arena, size);
    if (!block)
        return NULL;
    void *given = block->bytes + block->used;
    block->used += size;
    arena->used += size < arena->most - arena->used ? size : arena->most - arena->used;
    return given;
}
