/* stopwatch.h: how long something took, on the clock and on the processor. */
#ifndef BENCH_STOPWATCH_H
#define BENCH_STOPWATCH_H

#include <stdint.h>
#include <time.h>

struct stopwatch {
    int64_t wall_ns, cpu_ns; /* cpu: of the whole process, in user and in kernel mode */
};

static inline int64_t stopwatch_read(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline struct stopwatch stopwatch_start(void)
{
    struct stopwatch now;
    now.wall_ns = stopwatch_read(CLOCK_MONOTONIC);
    now.cpu_ns = stopwatch_read(CLOCK_PROCESS_CPUTIME_ID);
    return now;
}

/* What has passed since the start. */
static inline struct stopwatch stopwatch_stop(struct stopwatch start)
{
    struct stopwatch passed;
    passed.cpu_ns = stopwatch_read(CLOCK_PROCESS_CPUTIME_ID) - start.cpu_ns;
    passed.wall_ns = stopwatch_read(CLOCK_MONOTONIC) - start.wall_ns;
    return passed;
}

#endif
