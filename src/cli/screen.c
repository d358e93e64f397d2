#include "cli/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"
#define LEAVE_MS 1000 /* a terminal that takes nothing for so long is left as it is */

static sigset_t signals_of_ours(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&set, numbers[i]);
    return set;
}

/* ---- writing ---- */

static void write_owed(struct screen *screen)
{
    while (screen->owed.size > 0) {
        ssize_t written = write(screen->fd, screen->owed.data, screen->owed.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN)
            return;
        /* a terminal that has gone takes all */
        buf_drop(&screen->owed, written > 0 ? (size_t)written : screen->owed.size);
    }
}

static void put(struct screen *screen, const char *text)
{
    buf_text(&screen->owed, text);
    write_owed(screen);
}

void screen_show(struct screen *screen, const struct buf *frame)
{
    struct buf *last = &screen->last;
    bool same = last->size == frame->size && frame->size > 0 && memcmp(last->data, frame->data, frame->size) == 0;
    if (frame->failed || same || screen->owed.size > 0)
        return;
    buf_clear(last);
    buf_add(last, frame->data, frame->size);
    buf_add(&screen->owed, frame->data, frame->size);
    write_owed(screen);
}

/* ---- taking it and giving it back ---- */

static void take(struct screen *screen)
{
    struct termios keys = screen->saved;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    if (screen->was_saved)
        tcsetattr(screen->fd, TCSANOW, &keys);
    buf_clear(&screen->last);
    put(screen, ENTER);
}

static void give_back(struct screen *screen)
{
    struct pollfd room = {.fd = screen->fd, .events = POLLOUT};
    buf_clear(&screen->owed); /* half a control sequence is ended by the next one */
    put(screen, LEAVE);
    while (screen->owed.size > 0 && poll(&room, 1, LEAVE_MS) > 0)
        write_owed(screen);
    if (screen->was_saved)
        tcsetattr(screen->fd, TCSANOW, &screen->saved);
}

bool screen_enter(struct screen *screen)
{
    sigset_t set = signals_of_ours();
    *screen = (struct screen){.keys = isatty(STDIN_FILENO) ? STDIN_FILENO : -1};
    screen->fd = open("/proc/self/fd/1", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (screen->fd < 0)
        screen->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    screen->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (screen->fd < 0 || screen->signals < 0)
        return false;
    sigprocmask(SIG_BLOCK, &set, NULL);
    screen->was_saved = tcgetattr(screen->fd, &screen->saved) == 0;
    screen->entered = true;
    take(screen);
    return true;
}

void screen_leave(struct screen *screen)
{
    if (!screen->entered)
        return;
    give_back(screen);
    close(screen->fd);
    close(screen->signals);
    buf_finish(&screen->owed);
    buf_finish(&screen->last);
    screen->entered = false;
}

/* Ctrl-Z: stops as any program does, and goes on when the shell says so. */
static void stop_for_a_while(struct screen *screen)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    give_back(screen);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    take(screen);
}

/* ---- waiting ---- */

static enum screen_event take_signals(struct screen *screen)
{
    struct signalfd_siginfo signal;
    enum screen_event event = SCREEN_NOTHING;
    while (event != SCREEN_END && read(screen->signals, &signal, sizeof signal) == sizeof signal) {
        event = SCREEN_AGAIN;
        if (signal.ssi_signo == SIGTSTP)
            stop_for_a_while(screen);
        else if (signal.ssi_signo == SIGCONT)
            take(screen);
        else if (signal.ssi_signo != SIGWINCH)
            event = SCREEN_END;
    }
    return event;
}

static enum screen_event take_keys(struct screen *screen)
{
    char keys[64];
    ssize_t got = read(screen->keys, keys, sizeof keys);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return SCREEN_NOTHING;
    bool quits = got <= 0 || memchr(keys, 'q', (size_t)got) || memchr(keys, 'Q', (size_t)got);
    return quits ? SCREEN_END : SCREEN_NOTHING;
}

enum screen_event screen_wait(struct screen *screen, int fd, int ms)
{
    struct pollfd fds[] = {{.fd = screen->signals, .events = POLLIN},
                           {.fd = screen->keys, .events = POLLIN},
                           {.fd = fd, .events = POLLIN},
                           {.fd = screen->owed.size > 0 ? screen->fd : -1, .events = POLLOUT}};
    poll(fds, sizeof fds / sizeof *fds, ms);
    enum screen_event event = fds[0].revents ? take_signals(screen) : SCREEN_NOTHING;
    if (fds[1].revents && event != SCREEN_END && take_keys(screen) == SCREEN_END)
        event = SCREEN_END;
    if (fds[3].revents)
        write_owed(screen);
    if (event == SCREEN_AGAIN)
        buf_clear(&screen->last);
    return event;
}
