#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 64
#define LINE_FLOATS (LINE_BYTES / sizeof(float))

float *memory_take(struct memory *memory, size_t count)
{
    float *at = memory->base ? memory->base + memory->used : NULL;
    memory->used += count;
    return at;
}

void memory_align(struct memory *memory)
{
    memory->used = (memory->used + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
}

bool memory_allocate(struct memory *memory)
{
    memory_align(memory);
    size_t bytes = memory->used * sizeof(float);
    memory->base = aligned_alloc(LINE_BYTES, bytes);
    memory->used = 0;
    if (memory->base)
        memset(memory->base, 0, bytes);
    return memory->base != NULL;
}
