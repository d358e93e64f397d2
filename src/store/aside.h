/* aside.h: a damaged run.db is kept under another name. */
#ifndef STORE_ASIDE_H
#define STORE_ASIDE_H

#include <limits.h>
#include <stdint.h>

#include "base/err.h"

struct aside {
    char name[NAME_MAX + 1]; /* run.db.damaged-YYYYMMDD-HHMMSS, perhaps with a suffix -2, -3, ... */
    uint64_t next_ticket;    /* greater than any ticket that the old file may have known */
    int learned;             /* 1: from the file itself; 0: from the clock, because it could not be believed */
};

/* A WAL without the database that it belongs to is damage too: it must not be taken for that of a new one. */
int aside_is_needed(int run_fd);
/* Moves run.db, -wal, -shm and -journal, whichever there are; nothing is overwritten. */
int aside_move(struct aside *aside, const char *run, int run_fd, int64_t now_ns, struct err *err);

#endif
