#include "base/unix_socket.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int socket_address(struct sockaddr_un *address, int folder_fd, const char *name, struct err *err)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", folder_fd, name);
    if (length < 0 || (size_t)length >= sizeof address->sun_path)
        return err_set(err, ERR_INVALID, "the socket's name %s is too long", name);
    return 0;
}

static int socket_open(struct err *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? err_errno(err, ERR_SYSTEM, "cannot make a socket") : fd;
}

/* Closes `fd`, keeps errno and hands the code on. */
static int socket_fail(int fd, int code)
{
    int number = errno;
    close(fd);
    errno = number;
    return code;
}

int unix_socket_connect(int folder_fd, const char *name, struct err *err)
{
    struct sockaddr_un address;
    int code = socket_address(&address, folder_fd, name, err);
    int fd = code < 0 ? code : socket_open(err);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (errno == EAGAIN)
        code = err_set(err, ERR_BUSY, "too many wait at the socket %s", name);
    else if (errno == ENOENT || errno == ECONNREFUSED)
        code = err_errno(err, ERR_MISSING, "nobody listens at %s", name);
    else
        code = err_errno(err, ERR_SYSTEM, "cannot connect to %s", name);
    return socket_fail(fd, code);
}

/* The name may be taken by a socket that nobody listens at any more: it is removed and the bind tried once again. */
static int socket_bind(int fd, const struct sockaddr_un *address, int folder_fd, const char *name, struct err *err)
{
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return err_errno(err, ERR_SYSTEM, "cannot make the socket %s", name);
    int other = unix_socket_connect(folder_fd, name, err);
    if (other >= 0)
        close(other);
    if (other >= 0 || other == ERR_BUSY)
        return err_set(err, ERR_BUSY, "another process listens at %s", name);
    if (other != ERR_MISSING)
        return other;
    unlinkat(folder_fd, name, 0);
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        return err_errno(err, ERR_SYSTEM, "cannot make the socket %s", name);
    return 0;
}

int unix_socket_listen(int folder_fd, const char *name, int backlog, struct err *err)
{
    struct sockaddr_un address;
    int code = socket_address(&address, folder_fd, name, err);
    int fd = code < 0 ? code : socket_open(err);
    if (fd < 0)
        return fd;
    /* Before the bind: Linux gives the file the mode of the socket, so it is never open to others. */
    if (fchmod(fd, 0600) < 0)
        return socket_fail(fd, err_errno(err, ERR_SYSTEM, "cannot make the socket %s private", name));
    code = socket_bind(fd, &address, folder_fd, name, err);
    if (code < 0)
        return socket_fail(fd, code);
    if (listen(fd, backlog) < 0)
        return socket_fail(fd, err_errno(err, ERR_SYSTEM, "cannot listen at %s", name));
    return fd;
}
