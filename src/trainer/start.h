/* start.h: the server of the run, started by its trainer where none runs, and again where it was lost. Nobody waits for
 * it: who serves is learned from the lock, as of any other server. */
#ifndef TRAINER_START_H
#define TRAINER_START_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <trimtab/trimtab.h>

#include "base/err.h"

struct start {
    bool wanted;
    bool tried;       /* at least once; then err tells how the last try went */
    pid_t launcher;   /* the process that ends when the server listens, or cannot; 0: none */
    int64_t next_ns;  /* monotonic: no try before */
    int64_t delay_ns; /* from the next try to the one after it */
    struct err err;   /* code 0: it was started */
};

/* `wanted` false, or $TRIMTAB_SERVER is "off": none is ever started. */
void start_init(struct start *start, bool wanted);
/* Starts one where none is connected and nobody holds the lock, not too often. Does not block. */
void start_look(trimtab_run *run, int64_t now_ns);
/* Takes the launcher's exit status where it has ended. */
void start_reap(struct start *start);

#endif
