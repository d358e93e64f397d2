/* empty.h: a function that does nothing, in a file of its own: what a call costs on this machine. */
#ifndef BENCH_EMPTY_H
#define BENCH_EMPTY_H

#include <stdint.h>

int empty_call(void *nothing, int64_t *step);

#endif
