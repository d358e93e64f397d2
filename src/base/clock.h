/* clock.h: the two clocks. Rooms that decide take the time as a parameter; only edges read these. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_real_ns(void);      /* since the epoch */
int64_t clock_monotonic_ns(void); /* since boot; for durations */
int64_t clock_cpu_ns(void);       /* CPU time of this thread */

#endif
