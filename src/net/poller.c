#include "net/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "net/conn.h"

enum { EVENTS_AT_ONCE = 256 };

/* Nothing is closed in here: `ready` only notes that there is something to do. */
static void on_ready(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct poller *poller = handle->data;
    struct epoll_event told[EVENTS_AT_ONCE];
    int count = epoll_wait(poller->fd, told, EVENTS_AT_ONCE, 0);
    for (int i = 0; i < count; i++)
        conn_told(told[i].data.ptr, told[i].events);
}

static void on_closed(uv_handle_t *handle)
{
    struct poller *poller = handle->data;
    close(poller->fd);
    poller->fd = -1;
}

static void close_if_done(struct poller *poller)
{
    if (!poller->ending || poller->conns > 0 || uv_is_closing((uv_handle_t *)&poller->ready))
        return;
    uv_close((uv_handle_t *)&poller->reap, NULL);
    uv_close((uv_handle_t *)&poller->ready, on_closed);
}

static void on_reap(uv_prepare_t *handle)
{
    struct poller *poller = handle->data;
    while (poller->closed) {
        struct conn *conn = poller->closed;
        poller->closed = conn->next_closed;
        poller->conns--;
        conn->events->closed(conn);
    }
    close_if_done(poller);
}

int poller_init(struct poller *poller, uv_loop_t *loop)
{
    *poller = (struct poller){.fd = epoll_create1(EPOLL_CLOEXEC)};
    if (poller->fd < 0)
        return -1;
    if (uv_poll_init(loop, &poller->ready, poller->fd) < 0) {
        close(poller->fd);
        poller->fd = -1;
        return -1;
    }
    uv_prepare_init(loop, &poller->reap);
    poller->ready.data = poller;
    poller->reap.data = poller;
    uv_poll_start(&poller->ready, UV_READABLE, on_ready);
    uv_prepare_start(&poller->reap, on_reap);
    return 0;
}

void poller_end(struct poller *poller)
{
    poller->ending = true;
    close_if_done(poller);
}

bool poller_watch(struct poller *poller, struct conn *conn, uint32_t watched, uint32_t wanted)
{
    struct epoll_event event = {.events = wanted, .data.ptr = conn};
    int change = wanted == 0 ? EPOLL_CTL_DEL : watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    return watched == wanted || epoll_ctl(poller->fd, change, conn->fd, &event) == 0;
}

void poller_enter(struct poller *poller)
{
    poller->conns++;
}

void poller_leave(struct poller *poller, struct conn *conn)
{
    conn->next_closed = poller->closed;
    poller->closed = conn;
}
