/* tcp.h: connecting to HOST:PORT without looking up a name. */
#ifndef CLIENT_TCP_H
#define CLIENT_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A connected, non-blocking, close-on-exec descriptor, or negative: ERR_INVALID (not HOST:PORT; not loopback where only
 * that will do), ERR_MISSING (nobody listens), ERR_BUSY (the time is over), ERR_SYSTEM. */
int tcp_connect(const char *address, bool loopback_only, int64_t deadline_ns, struct err *err);

#endif
