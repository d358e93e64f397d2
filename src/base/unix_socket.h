/* unix_socket.h: the Unix socket `sock` of a run, reached through an open folder descriptor, so that a path longer than
 * a socket address can hold does no harm (bind and connect go through /proc/self/fd/N/sock). */
#ifndef BASE_UNIX_SOCKET_H
#define BASE_UNIX_SOCKET_H

#include "base/err.h"

/* A listening, non-blocking, close-on-exec socket with mode 0600; replaces a stale file. fd >= 0, or negative ERR_*. */
int unix_socket_listen(int folder_fd, const char *name, int backlog, struct err *err);
/* Connected and close-on-exec; the connect itself does not block (a full backlog is ERR_BUSY); the fd is left
 * non-blocking. ERR_MISSING when nobody listens. */
int unix_socket_connect(int folder_fd, const char *name, struct err *err);

#endif
