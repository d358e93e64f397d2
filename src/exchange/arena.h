/* arena.h: memory for the content of one record. All of it is given back at once, and there is a bound: a record of a
 * few bytes can ask for many times as much. */
#ifndef EXCHANGE_ARENA_H
#define EXCHANGE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *newest; /* and before it the older ones */
    size_t used;                /* of all blocks, since it was cleared */
    size_t most;
    bool failed; /* the system had no more, since it was cleared; else what was refused was over the bound */
};

void arena_init(struct arena *arena, size_t most);
void arena_finish(struct arena *arena);
/* Keeps one block. What was given is gone. */
void arena_clear(struct arena *arena);
/* NULL: none is left. */
void *arena_take(struct arena *arena, size_t size);

#endif
