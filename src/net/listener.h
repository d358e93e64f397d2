/* listener.h: a listening socket. When the process has no descriptor left, one held in reserve is given up so that the
 * peer can be told, not left hanging; if not even that helps, the listener rests for a while instead of spinning. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "net/poller.h"

struct listener;

/* `fd` is non-blocking and close-on-exec, the owner's from now on. `crowded`: no descriptor is left: say so and close
 * it. */
typedef void listener_fn(struct listener *listener, int fd, const char *peer, bool crowded);

struct listener {
    uv_poll_t poll;
    uv_timer_t rest;
    struct poller peers; /* for the connections that were accepted here: they may outlive the listening */
    int fd;              /* -1: not open */
    int reserve_fd;
    listener_fn *accepted;
    void *owner;
    bool open;
};

/* "HOST:PORT" with HOST a loopback address (127.0.0.0/8, ::1 as [::1], localhost) or, with `anywhere`, any address; no
 * name is looked up. Anything else is refused with a sentence. With `wish` a busy port gives way to the next free one
 * above it. `address` (64 bytes) is what it listens on. ERR_INVALID, ERR_BUSY (port taken), ERR_SYSTEM. fd >= 0. */
int listener_bind(const char *host_port, bool anywhere, bool wish, char address[64], struct err *err);

/* Is it an address that listener_bind would try? 1 where it is not a loopback address, 0 where it is, or ERR_INVALID.
 */
int listener_check(const char *host_port, bool anywhere, struct err *err);

/* Takes over a listening fd. */
int listener_init(struct listener *listener, uv_loop_t *loop, int fd, listener_fn *accepted, void *owner,
                  struct err *err);
void listener_close(struct listener *listener); /* twice is safe; memory must live until the loop has run once more */

#endif
