#include "net/conn.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPLIES_GIVE_BACK = 65536 };

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *conn = (struct conn *)poll->data;
    if (status < 0)
        conn->broken = true;
    if (events & (UV_READABLE | UV_DISCONNECT))
        conn->readable = true;
    conn->events->ready(conn);
}

/* poll stays in force until it is told otherwise: one call only where the wish has changed. */
static void watch(struct conn *conn)
{
    int wanted = 0;
    if (!conn->paused && !conn->ended && !conn->broken)
        wanted |= UV_READABLE;
    if (conn_has_output(conn) && !conn->broken)
        wanted |= UV_WRITABLE;
    if (conn->closing || wanted == conn->watched)
        return;
    conn->watched = wanted;
    if (wanted)
        uv_poll_start(&conn->poll, wanted, on_poll);
    else
        uv_poll_stop(&conn->poll);
}

int conn_init(struct conn *conn, uv_loop_t *loop, int fd, const struct conn_events *events)
{
    *conn = (struct conn){.fd = fd, .events = events};
    buf_init(&conn->replies);
    if (uv_poll_init(loop, &conn->poll, fd) < 0) {
        close(fd);
        return -1;
    }
    conn->poll.data = conn;
    watch(conn);
    return 0;
}

ssize_t conn_read(struct conn *conn, void *data, size_t size)
{
    if (!conn->readable || conn->ended || conn->broken || conn->closing)
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
        conn->sent_bytes += (uint64_t)n;
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
    uint64_t before = conn->sent_bytes;
    if (send_chunk(conn))
        send_replies(conn);
    if (conn_replies_waiting(conn) == 0)
        conn->stalled_since_ns = 0;
    else if (conn->sent_bytes != before || conn->stalled_since_ns == 0)
        conn->stalled_since_ns = now_ns;
    watch(conn);
}

void conn_pause_input(struct conn *conn, bool pause)
{
    conn->paused = pause;
    watch(conn);
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *conn = (struct conn *)handle->data;
    close(conn->fd);
    chunk_drop(conn->chunk);
    buf_finish(&conn->replies);
    conn->events->closed(conn);
}

void conn_close(struct conn *conn)
{
    if (conn->closing)
        return;
    conn->closing = true;
    uv_close((uv_handle_t *)&conn->poll, on_closed);
}
