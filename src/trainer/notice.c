#include "trainer/notice.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

#define LINE_MAX_BYTES 2048u /* below PIPE_BUF: a pipe that is writable takes it whole */

static void add_address(const trimtab_run *run, struct buf *line)
{
    char address[128];
    struct holder server = {0};
    bool served = lock_look(run->folder.run_fd, "lock", &server, NULL) == 0 && server.pid > 0;
    bool known = served && folder_address(run->folder.path, address, sizeof address, NULL) == 0;
    const char *port = known ? strrchr(address, ':') : NULL;

    buf_printf(line, "trimtab: recording %s; ", run->folder.path);
    if (!port) {
        buf_printf(line, "no server yet (trimtab serve --run %s)\n", run->folder.path);
        return;
    }
    buf_printf(line, "steer it at %s (from elsewhere: ssh -L %s:%s %s)\n", address, port + 1, address, run->host);
}

/* A write to a pipe that nobody reads raises SIGPIPE: it is held back, and taken away if it was ours. */
static void write_line(const char *text, size_t size)
{
    struct pollfd poller = {.fd = STDERR_FILENO, .events = POLLOUT};
    struct timespec at_once = {0};
    sigset_t pipe_only, before, pending;

    if (poll(&poller, 1, 0) != 1 || !(poller.revents & POLLOUT))
        return;
    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE);
    if (sigpending(&pending) < 0 || pthread_sigmask(SIG_BLOCK, &pipe_only, &before) != 0)
        return;
    if (write(STDERR_FILENO, text, size) < 0 && errno == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 && errno == EINTR)
            ;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void notice_print(const trimtab_run *run)
{
    struct buf line;

    buf_init(&line);
    if (run->inert)
        buf_printf(&line, "trimtab: not recording: %s\n", run->err.text);
    else
        add_address(run, &line);
    if (!line.failed && line.size > LINE_MAX_BYTES) {
        line.size = LINE_MAX_BYTES - 1;
        buf_char(&line, '\n');
    }
    if (!line.failed) {
        utf8_make_harmless(line.data, line.size - 1); /* a folder's name must not steer the terminal */
        write_line(line.data, line.size);
    }
    buf_finish(&line);
}
