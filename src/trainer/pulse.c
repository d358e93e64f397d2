#include "trainer/pulse.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unix_socket.h"

#define RETRY_NS INT64_C(1000000000)

static const unsigned char hello = 0x02; /* first byte of a connection: a trainer speaks */
static const unsigned char beat = 0x01;

void pulse_init(struct pulse *pulse, int folder_fd)
{
    *pulse = (struct pulse){.fd = -1, .folder_fd = folder_fd, .next_try_ns = INT64_MIN};
}

void pulse_finish(struct pulse *pulse)
{
    if (pulse->fd >= 0)
        (void)close(pulse->fd);
    pulse->fd = -1;
}

static void send_byte(struct pulse *pulse, unsigned char byte)
{
    if (pulse->fd < 0 || send(pulse->fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
        return;
    if (errno != EAGAIN && errno != EINTR)
        pulse_finish(pulse);
}

static void drain(struct pulse *pulse)
{
    char bytes[256];
    ssize_t got = sizeof bytes;

    while (pulse->fd >= 0 && got == (ssize_t)sizeof bytes) {
        got = recv(pulse->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            pulse_finish(pulse);
    }
}

void pulse_look(struct pulse *pulse, int64_t now_ns)
{
    drain(pulse);
    if (pulse->fd >= 0 || now_ns < pulse->next_try_ns)
        return;
    pulse->next_try_ns = now_ns + RETRY_NS;
    pulse->fd = unix_socket_connect(pulse->folder_fd, "sock", NULL);
    send_byte(pulse, hello);
}

void pulse_beat(struct pulse *pulse, int64_t now_ns)
{
    pulse_look(pulse, now_ns);
    send_byte(pulse, beat);
}

void pulse_wait(int fd, int timeout_ms)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    (void)poll(&poller, 1, timeout_ms);
}
