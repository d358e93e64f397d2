#include "cli/terminal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void terminal_measure(struct terminal *terminal, int fd)
{
    struct winsize size;
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0;
    terminal->width = known && size.ws_col > 0 ? size.ws_col : 80;
    terminal->height = known && size.ws_row > 0 ? size.ws_row : 24;
}

struct terminal terminal_of(int fd)
{
    struct terminal terminal = {.is_terminal = isatty(fd) == 1};
    const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");
    terminal_measure(&terminal, fd);
    terminal.erases = terminal.is_terminal && kind && strcmp(kind, "dumb") != 0;
    terminal.colour = terminal.erases && !(no_color && *no_color);
    return terminal;
}

const char *terminal_colour(const struct terminal *terminal, enum terminal_colour colour)
{
    static const char *const codes[] = {"\033[0m", "\033[31m", "\033[32m", "\033[33m", "\033[1m"};
    return terminal->colour ? codes[colour] : "";
}

bool terminal_show(int fd, const char *text, size_t size)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    return poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) && write(fd, text, size) == (ssize_t)size;
}
