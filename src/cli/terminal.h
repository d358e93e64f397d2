/* terminal.h: is somebody reading, and how wide is it? Colours are used sparingly, and never where NO_COLOR is set. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#define TERMINAL_ERASE_LINE "\r\033[K"

struct terminal {
    bool is_terminal, colour;
    bool erases; /* understands control sequences */
    int width;   /* columns; 80 where it is not known */
    int height;  /* rows; 24 where it is not known */
};

enum terminal_colour { TERMINAL_PLAIN, TERMINAL_RED, TERMINAL_GREEN, TERMINAL_YELLOW, TERMINAL_BOLD };

struct terminal terminal_of(int fd);
/* Its size as of now. */
void terminal_measure(struct terminal *terminal, int fd);
/* Writes a picture only where there is room for it now: a terminal that was stopped (Ctrl-S) holds nobody up. True: it
 * is there, whole. */
bool terminal_show(int fd, const char *text, size_t size);
/* What switches to it, or "" where there are no colours. */
const char *terminal_colour(const struct terminal *terminal, enum terminal_colour colour);

#endif
