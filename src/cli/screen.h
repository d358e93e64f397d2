/* screen.h: a terminal that is drawn on as a whole, and given back as it was. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include "base/buf.h"

struct screen {
    int fd;      /* the terminal, of its own: a write never waits */
    int keys;    /* standard input where it is a terminal, else -1 */
    int signals; /* of those that end or change the screen, which are blocked meanwhile */
    bool entered, was_saved;
    struct termios saved;
    struct buf owed; /* what the terminal had no room for yet */
    struct buf last; /* the frame that stands there */
};

enum screen_event {
    SCREEN_NOTHING,
    SCREEN_AGAIN, /* its size changed, or somebody else has used it: draw anew */
    SCREEN_END    /* q, end of input, or a signal that asks to end */
};

/* Takes the terminal of standard output. False, with errno: it cannot be had. */
bool screen_enter(struct screen *screen);
/* Gives it back; twice is safe. */
void screen_leave(struct screen *screen);
/* Shows the frame, unless it stands there already. While the terminal takes nothing, frames are passed over. */
void screen_show(struct screen *screen, const struct buf *frame);
/* Waits up to `ms` for keys, signals, room for what is owed, and for `fd` (-1: none) to be readable. */
enum screen_event screen_wait(struct screen *screen, int fd, int ms);

#endif
