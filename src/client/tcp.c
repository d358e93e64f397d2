#include "client/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/wait.h"

union tcp_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse_port(const char *text, in_port_t *port)
{
    size_t digits = strspn(text, "0123456789");
    long number = digits > 0 && digits <= 5 && !text[digits] ? strtol(text, NULL, 10) : 0;
    *port = htons((uint16_t)number);
    return number > 0 && number <= 65535;
}

static bool parse_host(const char *host, union tcp_address *address, in_port_t port)
{
    *address = (union tcp_address){0};
    if (host[0] == '[') {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = port;
        return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1;
    }
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = port;
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &address->v4.sin_addr) == 1;
}

static bool parse_address(const char *text, union tcp_address *address)
{
    char host[INET6_ADDRSTRLEN + 2];
    in_port_t port;
    const char *colon = strrchr(text, ':');
    if (!colon || !parse_port(colon + 1, &port))
        return false;
    size_t length = (size_t)(colon - text);
    if (text[0] == '[') {
        if (length < 2 || text[length - 1] != ']')
            return false;
        length--;
    }
    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    return parse_host(host, address, port);
}

static bool is_loopback(const union tcp_address *address)
{
    if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* 0 once connected, else the errno. */
static int finish_connect(int fd, int64_t deadline_ns)
{
    int error = 0;
    socklen_t size = sizeof error;
    int ready = wait_for(fd, POLLOUT, deadline_ns);
    if (ready <= 0)
        return ready == 0 ? ETIMEDOUT : errno;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

static int start_connect(int fd, const union tcp_address *address, int64_t deadline_ns)
{
    socklen_t size = address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
    if (connect(fd, &address->any, size) == 0)
        return 0;
    return errno == EINPROGRESS || errno == EINTR ? finish_connect(fd, deadline_ns) : errno;
}

static int connect_failed(const char *text, struct err *err)
{
    if (errno == ETIMEDOUT)
        return err_set(err, ERR_BUSY, "%.200s does not answer", text);
    if (errno == ECONNREFUSED)
        return err_set(err, ERR_MISSING, "nobody listens at %.200s", text);
    return err_errno(err, ERR_SYSTEM, "cannot connect to %.200s", text);
}

int tcp_connect(const char *text, bool loopback_only, int64_t deadline_ns, struct err *err)
{
    union tcp_address address;
    int on = 1;
    if (!parse_address(text, &address))
        return err_set(err, ERR_INVALID, "%.200s is not an address like 127.0.0.1:7342, [::1]:7342 or localhost:7342",
                       text);
    if (loopback_only && !is_loopback(&address))
        return err_set(err, ERR_INVALID, "%.200s is not an address of this host's loopback", text);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot make a socket");
    int error = start_connect(fd, &address, deadline_ns);
    if (error) {
        close(fd);
        errno = error;
        return connect_failed(text, err);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}
