#include "trainer/notice.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "trainer/run.h"

#define LINE_MAX_BYTES 2048u /* below PIPE_BUF: a pipe that is writable takes it whole */
#define PATIENCE_NS INT64_C(5000000000)

/* HOST:PORT of the server that holds the lock; false: there is none, or it has not told yet. An address that a killed
 * server left does not count. */
static bool find_address(const trimtab_run *run, char *address, size_t size, bool *served)
{
    struct holder server;

    *served = lock_look(run->folder.run_fd, "lock", &server, NULL) == 0 && server.pid != 0;
    return *served && folder_address(run->folder.path, address, size, NULL) == 0 && strrchr(address, ':');
}

static void add_address(const trimtab_run *run, const char *address, struct buf *line)
{
    buf_printf(line, "steer it at %s (from elsewhere: ssh -L %s:%s %s)\n", address, strrchr(address, ':') + 1, address,
               run->host);
}

static void add_absence(const trimtab_run *run, struct buf *line)
{
    const struct start *start = &run->start;

    if (start->tried && start->err.code != 0)
        buf_printf(line, "no server: %s; what is logged is kept all the same\n", start->err.text);
    else if (start->tried)
        buf_printf(line, "no server yet: %s/server.log may tell why; what is logged is kept all the same\n",
                   run->folder.path);
    else
        buf_printf(line, "no server yet (trimtab serve --run %s)\n", run->folder.path);
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

/* Prints and frees. */
static void print_line(struct buf *line)
{
    if (!line->failed && line->size > LINE_MAX_BYTES) {
        line->size = LINE_MAX_BYTES - 1;
        buf_char(line, '\n');
    }
    if (!line->failed) {
        utf8_make_harmless(line->data, line->size - 1); /* a folder's name must not steer the terminal */
        write_line(line->data, line->size);
    }
    buf_finish(line);
}

static void print_refusal(const trimtab_run *run)
{
    struct buf line;

    buf_init(&line);
    buf_printf(&line, "trimtab: not recording: %s\n", run->err.text);
    print_line(&line);
}

/* Prints the line if the address is known, or if it `must`. */
static void try_to_print(trimtab_run *run, bool must)
{
    char address[128];
    struct buf line;
    bool served;
    bool known = find_address(run, address, sizeof address, &served);
    bool coming = served || (run->start.tried && run->start.err.code == 0);

    run->notice.due = !known && !must && coming;
    if (run->notice.due)
        return;
    buf_init(&line);
    buf_printf(&line, "trimtab: recording %s; ", run->folder.path);
    if (known)
        add_address(run, address, &line);
    else
        add_absence(run, &line);
    print_line(&line);
}

void notice_begin(trimtab_run *run, int64_t now_ns)
{
    if (run->notice.quiet)
        return;
    if (run->inert) {
        print_refusal(run);
        return;
    }
    run->notice.until_ns = now_ns + PATIENCE_NS;
    try_to_print(run, false);
}

void notice_look(trimtab_run *run, int64_t now_ns)
{
    if (run->notice.due)
        try_to_print(run, now_ns >= run->notice.until_ns);
}

void notice_end(trimtab_run *run)
{
    if (run->notice.due)
        try_to_print(run, true);
}
