/* pulse.h: the connection to the server's `sock`. It carries no data: a byte from us says "look at the journal", a byte
 * from the server "look at the mailbox", and its end that one side is gone. Every failure is forgotten at once. */
#ifndef TRAINER_PULSE_H
#define TRAINER_PULSE_H

#include <stdint.h>

struct pulse {
    int fd;              /* -1: not connected */
    int folder_fd;       /* where `sock` lies, not owned */
    int64_t next_try_ns; /* monotonic */
};

void pulse_init(struct pulse *pulse, int folder_fd);
void pulse_finish(struct pulse *pulse); /* twice is safe */

/* Drops what came in; connects where there is no connection, at most once a second. Does not block. */
void pulse_look(struct pulse *pulse, int64_t now_ns);
/* Sends one byte. */
void pulse_beat(struct pulse *pulse, int64_t now_ns);
/* Waits until pulse_look has something to drop, for a signal, or for the end of the time. By the descriptor alone: what
 * belongs to the run is not touched. */
void pulse_wait(int fd, int timeout_ms);

#endif
