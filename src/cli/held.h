/* held.h: who trains a run and who serves it, now. */
#ifndef CLI_HELD_H
#define CLI_HELD_H

#include <stdbool.h>
#include <sys/types.h>

struct held {
    pid_t trainer, server; /* 0: nobody; -1: a process that has no number here (on another host) */
};

/* The files are only looked at. What cannot be asked counts as nobody. */
struct held held_look(int run_fd);
/* Says that the run is held, by whom, and what would end that. False where nobody holds it. */
bool held_say(const struct held *held, const char *folder);
/* True where nobody holds it, or nobody but the server of a run that has ended and to which nobody else is connected.
 * Else false, having said who it is. */
bool held_is_idle(const struct held *held, const char *folder);
/* Asks the server to end, and waits until it has. False, having said by whom the run is held, where it does not. */
bool held_end_server(int run_fd, const char *folder);

#endif
