/* board.h: what is known of a run that is watched: from events, and from the replies to status and clients, which are
 * asked for again and again. */
#ifndef CLI_BOARD_H
#define CLI_BOARD_H

#include "cli/newest.h"
#include "cli/print.h"

#define BOARD_LINES 64 /* of messages and outcomes, the newest */

/* Zeros know nothing. */
struct board {
    struct newest newest;
    json_t *status, *people; /* the newest results; NULL: none yet */
    json_t *overridden;      /* by a setting's name: the ticket whose value did not last; NULL: none */
    char *line[BOARD_LINES]; /* from the oldest, a ring */
    size_t first, count;
    bool status_old, people_old; /* something has come since that changes them */
    bool changed;                /* since the last picture */
};

void board_finish(struct board *board);
/* A line of the wire, of whatever kind. The code of a reply, refused or not; 0 of an event. */
json_int_t board_take(struct board *board, const char *line);
/* "3 watch: anna, you" in `out`; nothing where nobody is known. */
void board_watchers(const struct board *board, struct buf *out);
/* Where the run is, for the shell that comes back: one line with its end. */
void board_last_line(const struct board *board, struct buf *out);

#endif
