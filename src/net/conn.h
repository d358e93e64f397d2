/* conn.h: one non-blocking connection: bytes in when there are some, bytes out when there is space. Knows no command.
 *
 * Out go, in this order: the rest of a partly sent chunk, then replies, then the next chunk. The owner embeds the conn
 * by value and frees it only in `closed` (before the loop waits again). Many thousands are idle: nothing is held for
 * them but this. */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "net/chunk.h"
#include "net/poller.h"

struct conn;

struct conn_events {
    void (*ready)(struct conn *conn);  /* bytes, end of input, or room to write: call conn_flush, conn_read */
    void (*closed)(struct conn *conn); /* the memory is the owner's again */
};

struct conn {
    struct poller *poller;
    const struct conn_events *events;
    struct conn *next_closed;
    int fd;
    uint8_t watched; /* what the poller waits for */
    bool readable;   /* the poller said so and recv has not yet said otherwise */
    bool ended;      /* the peer sent end of input */
    bool broken;     /* a send or receive failed: nothing more can go out */
    bool paused;     /* input is not watched */
    bool closing;
    struct buf replies;
    size_t replies_sent;
    struct chunk *chunk;
    size_t chunk_sent;
    uint64_t sent;             /* bytes that the socket took */
    uint64_t stalled_since_ns; /* monotonic: replies wait and none could be sent since; 0: no */
};

/* Takes over fd (made non-blocking and close-on-exec by whoever made it). 0, or -1: fd is closed. */
int conn_init(struct conn *conn, struct poller *poller, int fd, const struct conn_events *events);
/* From the poller: what epoll said. */
void conn_told(struct conn *conn, uint32_t events);
/* At most `size` bytes: > 0; 0 when there are none now, none are wanted (paused), or no more will come (ended, broken).
 */
ssize_t conn_read(struct conn *conn, void *data, size_t size);
/* Appends to the replies; false for want of memory (the connection is then broken). */
bool conn_reply(struct conn *conn, const void *data, size_t size);
size_t conn_replies_waiting(const struct conn *conn);
/* True when a chunk may be offered: none is there and no reply waits. */
bool conn_wants_chunk(const struct conn *conn);
void conn_offer(struct conn *conn, struct chunk *chunk); /* takes one reference */
/* Sends what the socket takes now; then watches for what is still wanted. */
void conn_flush(struct conn *conn, uint64_t now_ns);
/* Input is watched again, or not (nothing is read from who does not read). */
void conn_pause_input(struct conn *conn, bool pause);
bool conn_has_output(const struct conn *conn);
/* Closes; `closed` is called before the loop waits again. Twice is safe. */
void conn_close(struct conn *conn);

#endif
