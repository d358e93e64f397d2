/* aside.h: a damaged run.db is kept under another name. */
#ifndef STORE_ASIDE_H
#define STORE_ASIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct aside {
    char name[NAME_MAX +
              1];         /* run.db.damaged-YYYYMMDD-HHMMSS, perhaps with a suffix -2, -3, ...; "": nothing was there */
    uint64_t next_ticket; /* greater than any ticket that the old file may have known */
    int learned;          /* 1: from the file itself; 0: from the clock, because it could not be believed */
};

/* Is run.db missing or empty, and that is damage? So it is beside a WAL, which must not be taken for that of a new one;
 * and beside a journal, whose outcomes must not become those of new tickets: where run.db is empty, or was there before
 * (`served`). */
int aside_is_needed(int run_fd, int journal_fd, bool served);
/* Moves run.db, -wal, -shm and -journal, whichever there are; nothing is overwritten. */
int aside_move(struct aside *aside, const char *run, int run_fd, int64_t now_ns, struct err *err);

#endif
