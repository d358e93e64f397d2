#include "client/wait.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"

#define LONGEST_SECONDS 1e9
#define LONGEST_POLL_NS INT64_C(60000000000)

int64_t wait_until(double seconds)
{
    int64_t now = clock_monotonic_ns();
    if (!(seconds > 0))
        return now;
    return seconds > LONGEST_SECONDS ? WAIT_FOR_EVER : now + (int64_t)(seconds * 1e9);
}

bool wait_is_over(int64_t deadline_ns)
{
    return deadline_ns != WAIT_FOR_EVER && clock_monotonic_ns() >= deadline_ns;
}

/* Rounded up: woken early, the caller would spin through the last millisecond. */
static int poll_ms(int64_t deadline_ns)
{
    int64_t left = deadline_ns == WAIT_FOR_EVER ? LONGEST_POLL_NS : deadline_ns - clock_monotonic_ns();
    if (left <= 0)
        return 0;
    return (int)(((left > LONGEST_POLL_NS ? LONGEST_POLL_NS : left) + 999999) / 1000000);
}

int wait_for(int fd, short events, int64_t deadline_ns)
{
    for (;;) {
        struct pollfd watched = {.fd = fd, .events = events};
        int ready = poll(&watched, 1, poll_ms(deadline_ns));
        if (ready > 0)
            return 1;
        if (ready < 0 && errno != EINTR)
            return -1;
        if (wait_is_over(deadline_ns))
            return 0;
    }
}
