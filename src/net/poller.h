/* poller.h: waits on many connections through one watcher of the loop: libuv's own takes 160 bytes a connection, more
 * than all else that one which says nothing needs. Level-triggered; what is ready and not looked at is told again. */
#ifndef NET_POLLER_H
#define NET_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct conn;

struct poller {
    int fd; /* of epoll; -1: none */
    uv_poll_t ready;
    uv_prepare_t reap;
    struct conn *closed; /* their memory is given back before the loop waits again */
    size_t conns;
    bool ending;
};

/* 0, or -1: no descriptor or no memory. */
int poller_init(struct poller *poller, uv_loop_t *loop);
/* It closes once its last connection has; its memory must live until the loop has ended. Only after poller_init. */
void poller_end(struct poller *poller);

/* What poll waits for goes from `watched` to `wanted` (EPOLLIN, EPOLLOUT; 0: nothing, not even an error). False: the
 * kernel has no room for it. */
bool poller_watch(struct poller *poller, struct conn *conn, uint32_t watched, uint32_t wanted);

/* For conn.c: it begins, it has been closed. */
void poller_enter(struct poller *poller);
void poller_leave(struct poller *poller, struct conn *conn);

#endif
