#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 256, REST_MS = 100, BACKLOG = 1024, WISHES = 200, SEND_BYTES = 131072 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

/* Splits "HOST:PORT" or "[HOST]:PORT". */
static int split(const char *host_port, char host[64], int *port, struct err *err)
{
    const char *colon = strrchr(host_port, ':');
    char *end = NULL;
    long number = colon ? strtol(colon + 1, &end, 10) : -1;
    size_t size = colon ? (size_t)(colon - host_port) : 0;
    if (!colon || end == colon + 1 || *end || number < 0 || number > 65535 || size == 0 || size >= 64)
        return err_set(err, ERR_INVALID, "\"%.80s\" is not HOST:PORT (for example 127.0.0.1:7342)", host_port);
    bool brackets = host_port[0] == '[' && host_port[size - 1] == ']';
    memcpy(host, host_port + brackets, size - 2 * (size_t)brackets);
    host[size - 2 * (size_t)brackets] = '\0';
    *port = (int)number;
    return 0;
}

/* 1: no loopback address. */
static int resolve(const char *host_port, bool anywhere, union address *address, socklen_t *size, struct err *err)
{
    char host[64];
    int port = 0;
    if (split(host_port, host, &port, err) < 0)
        return err->code;
    memset(address, 0, sizeof *address);
    const char *name = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, name, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
        *size = sizeof address->v4;
        if (ntohl(address->v4.sin_addr.s_addr) >> 24 == 127)
            return 0;
        if (anywhere)
            return 1;
    } else if (inet_pton(AF_INET6, name, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        *size = sizeof address->v6;
        if (IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr))
            return 0;
        if (anywhere)
            return 1;
    }
    return err_set(err, ERR_INVALID,
                   anywhere ? "cannot listen on \"%s\": it is no address (names are not looked up; for example "
                              "127.0.0.1:7342)"
                            : "cannot listen on \"%s\": with --auth none only loopback addresses are served (use "
                              "127.0.0.1:PORT and reach it through ssh -L)",
                   host);
}

static int bind_once(const union address *address, socklen_t size)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &address->any, size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static void set_port(union address *address, int port)
{
    if (address->any.sa_family == AF_INET)
        address->v4.sin_port = htons((uint16_t)port);
    else
        address->v6.sin6_port = htons((uint16_t)port);
}

static int get_port(const union address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

static void address_text(const union address *address, char text[64])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
        snprintf(text, 64, "%s:%d", host, get_port(address));
    } else {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
        snprintf(text, 64, "[%s]:%d", host, get_port(address));
    }
}

int listener_check(const char *host_port, bool anywhere, struct err *err)
{
    union address address;
    socklen_t size;
    return resolve(host_port, anywhere, &address, &size, err);
}

int listener_bind(const char *host_port, bool anywhere, bool wish, char text[64], struct err *err)
{
    struct err own = {0};
    union address address = {0};
    socklen_t size = 0;
    if (!err)
        err = &own;
    if (resolve(host_port, anywhere, &address, &size, err) < 0)
        return err->code;
    int first = get_port(&address);
    int fd = bind_once(&address, size);
    for (int i = 1; fd < 0 && errno == EADDRINUSE && wish && first && i < WISHES && first + i <= 65535; i++) {
        set_port(&address, first + i);
        fd = bind_once(&address, size);
    }
    if (fd < 0 && errno == EADDRINUSE)
        return err_set(err, ERR_BUSY,
                       "cannot listen on %s: another program does; choose another port with --listen "
                       "(port 0 picks a free one)",
                       host_port);
    if (fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot listen on %s", host_port);
    size = sizeof address;
    getsockname(fd, &address.any, &size);
    address_text(&address, text);
    return fd;
}

static int take_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int accept_one(struct listener *listener, char peer[64])
{
    union address address = {0};
    socklen_t size = sizeof address;
    int fd = accept4(listener->fd, &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -1;
    if (address.any.sa_family == AF_UNIX) {
        snprintf(peer, 64, "unix");
        return fd;
    }
    int on = 1, send_bytes = SEND_BYTES;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* else the kernel lets it grow to megabytes for each peer that does not read */
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    address_text(&address, peer);
    return fd;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *timer)
{
    struct listener *listener = (struct listener *)timer->data;
    uv_poll_start(&listener->poll, UV_READABLE, on_poll);
}

static void rest(struct listener *listener)
{
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->rest, on_rested, REST_MS, 0);
}

/* No descriptor left: spend the reserve on telling one peer, then rest. */
static void accept_crowded(struct listener *listener)
{
    char peer[64];
    if (listener->reserve_fd >= 0) {
        close(listener->reserve_fd);
        listener->reserve_fd = -1;
        int fd = accept_one(listener, peer);
        if (fd >= 0)
            listener->accepted(listener, fd, peer, true);
    }
    listener->reserve_fd = take_reserve();
    rest(listener);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct listener *listener = (struct listener *)poll->data;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        char peer[64];
        int fd = accept_one(listener, peer);
        if (fd >= 0) {
            listener->accepted(listener, fd, peer, false);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            accept_crowded(listener);
            return;
        }
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

int listener_init(struct listener *listener, uv_loop_t *loop, int fd, listener_fn *accepted, void *owner,
                  struct err *err)
{
    *listener = (struct listener){.fd = fd, .reserve_fd = take_reserve(), .accepted = accepted, .owner = owner};
    if (poller_init(&listener->peers, loop) < 0 || uv_poll_init(loop, &listener->poll, fd) < 0) {
        if (listener->peers.fd >= 0)
            poller_end(&listener->peers);
        close(fd);
        listener->fd = -1;
        return err_set(err, ERR_SYSTEM, "cannot wait on the listening socket");
    }
    uv_timer_init(loop, &listener->rest);
    listener->poll.data = listener;
    listener->rest.data = listener;
    listener->open = true;
    uv_poll_start(&listener->poll, UV_READABLE, on_poll);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *listener = (struct listener *)handle->data;
    close(listener->fd);
    if (listener->reserve_fd >= 0)
        close(listener->reserve_fd);
    listener->fd = listener->reserve_fd = -1;
}

void listener_close(struct listener *listener)
{
    if (!listener->open)
        return;
    listener->open = false;
    uv_close((uv_handle_t *)&listener->rest, NULL);
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    poller_end(&listener->peers);
}
