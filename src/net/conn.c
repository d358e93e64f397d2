#include "net/conn.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPLIES_GIVE_BACK = 65536 };

/* One call only where the wish has changed. Who is not waited for at all is not told of errors either: writing finds
 * them. */
static void watch(struct conn *conn)
{
    uint8_t wanted = 0;
    if (!conn->paused && !conn->ended && !conn->broken)
        wanted |= EPOLLIN;
    if (conn_has_output(conn) && !conn->broken)
        wanted |= EPOLLOUT;
    if (conn->closing)
        return;
    if (poller_watch(conn->poller, conn, conn->watched, wanted))
        conn->watched = wanted;
    else
        conn->broken = true;
}

void conn_told(struct conn *conn, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        conn->readable = true;
    conn->events->ready(conn);
}

int conn_init(struct conn *conn, struct poller *poller, int fd, const struct conn_events *events)
{
    *conn = (struct conn){.poller = poller, .fd = fd, .events = events};
    buf_init(&conn->replies);
    watch(conn);
    if (conn->broken) {
        close(fd);
        return -1;
    }
    poller_enter(poller);
    return 0;
}

ssize_t conn_read(struct conn *conn, void *data, size_t size)
{
    if (!conn->readable || conn->paused || conn->ended || conn->broken || conn->closing)
        return 0;
    ssize_t got;
    do
        got = recv(conn->fd, data, size, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    /* a short read has emptied the socket: poll, being level-triggered, tells when there is more */
    conn->readable = got == (ssize_t)size;
    if (got > 0)
        return got;
    if (got == 0)
        conn->ended = true;
    else if (errno != EAGAIN && errno != EWOULDBLOCK)
        conn->broken = true;
    watch(conn);
    return 0;
}

bool conn_reply(struct conn *conn, const void *data, size_t size)
{
    if (conn->broken || conn->closing)
        return false;
    buf_add(&conn->replies, data, size);
    if (conn->replies.failed)
        conn->broken = true;
    return !conn->broken;
}

size_t conn_replies_waiting(const struct conn *conn)
{
    return conn->replies.size - conn->replies_sent;
}

bool conn_has_output(const struct conn *conn)
{
    return conn->chunk || conn_replies_waiting(conn) > 0;
}

bool conn_wants_chunk(const struct conn *conn)
{
    return !conn->closing && !conn->broken && !conn_has_output(conn);
}

void conn_offer(struct conn *conn, struct chunk *chunk)
{
    conn->chunk = chunk;
    conn->chunk_sent = 0;
}

/* False when the socket takes no more. */
static bool send_some(struct conn *conn, const struct buf *from, size_t *sent)
{
    while (*sent < from->size) {
        ssize_t n = send(conn->fd, from->data + *sent, from->size - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                conn->broken = true;
            return false;
        }
        *sent += (size_t)n;
        conn->sent += (uint64_t)n;
    }
    return true;
}

static bool send_chunk(struct conn *conn)
{
    if (!conn->chunk)
        return true;
    if (!send_some(conn, &conn->chunk->bytes, &conn->chunk_sent))
        return false;
    chunk_drop(conn->chunk);
    conn->chunk = NULL;
    return true;
}

static bool send_replies(struct conn *conn)
{
    if (conn->replies.size == 0)
        return true;
    bool all = send_some(conn, &conn->replies, &conn->replies_sent);
    if (all) {
        /* an idle connection holds no buffer */
        buf_finish(&conn->replies);
        buf_init(&conn->replies);
        conn->replies_sent = 0;
    } else if (conn->replies_sent >= REPLIES_GIVE_BACK) {
        /* one who reads steadily but slower than we write never empties it */
        buf_drop(&conn->replies, conn->replies_sent);
        conn->replies_sent = 0;
    }
    return all;
}

void conn_flush(struct conn *conn, uint64_t now_ns)
{
    if (conn->closing || conn->broken)
        return;
    uint64_t before = conn->sent;
    if (send_chunk(conn))
        send_replies(conn);
    if (conn_replies_waiting(conn) == 0)
        conn->stalled_since_ns = 0;
    else if (conn->sent != before || conn->stalled_since_ns == 0)
        conn->stalled_since_ns = now_ns;
    watch(conn);
}

void conn_pause_input(struct conn *conn, bool pause)
{
    conn->paused = pause;
    watch(conn);
}

void conn_close(struct conn *conn)
{
    if (conn->closing)
        return;
    conn->closing = true;
    poller_watch(conn->poller, conn, conn->watched, 0);
    close(conn->fd);
    conn->fd = -1;
    chunk_drop(conn->chunk);
    conn->chunk = NULL;
    buf_finish(&conn->replies);
    poller_leave(conn->poller, conn);
}
