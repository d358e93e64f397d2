/* One allocation for many arrays: the layout is walked twice, once to count and once to hand out. */
#ifndef GPT_MEMORY_H
#define GPT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct memory {
    float *base; /* NULL while counting; free() frees it all */
    size_t used; /* floats */
};

/* The next `count` floats; NULL while counting. */
float *memory_take(struct memory *memory, size_t count);
/* What is taken next begins on a cache line. */
void memory_align(struct memory *memory);
/* Allocates what was counted, all 0, and starts again from the beginning. False: not enough memory. */
bool memory_allocate(struct memory *memory);

#endif
