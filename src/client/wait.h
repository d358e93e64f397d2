/* wait.h: waiting for a descriptor, until a moment of the monotonic clock. */
#ifndef CLIENT_WAIT_H
#define CLIENT_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#define WAIT_FOR_EVER INT64_MAX

/* The moment `seconds` from now; NaN and what is negative are now. */
int64_t wait_until(double seconds);
bool wait_is_over(int64_t deadline_ns);
/* Waits for poll(2) `events`; goes on after signals. 1: ready (or in error); 0: the moment has come; -1: errno. */
int wait_for(int fd, short events, int64_t deadline_ns);

#endif
