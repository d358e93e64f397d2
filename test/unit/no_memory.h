/* no_memory.h: the n-th allocation fails, in this program and all libraries in it. (A sanitizer brings an allocator of
 * its own: then nothing fails.) */
#ifndef TEST_NO_MEMORY_H
#define TEST_NO_MEMORY_H

#include <stdbool.h>

#define NO_MEMORY_ROUNDS_MAX 5000

/* From here on the n-th allocation (from 0) and all after it fail. */
void no_memory_after(long n);
/* Only the n-th one does. */
void no_memory_once(long n);
/* No more; did it come to that? */
bool no_memory_came(void);

#endif
