/* glance.h: another run's run.db, read without leaving a trace: nothing is written, no file is made, nobody is waited
 * for. Its server may be writing it meanwhile, it may lie in a folder that cannot be written, and it may be anything
 * that somebody has put there. */
#ifndef STORE_GLANCE_H
#define STORE_GLANCE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

struct glance {
    sqlite3 *db;
    int run_fd; /* borrowed */
    bool bare;  /* read as a plain file, without a lock */
    struct stat seen;
    int64_t until_ns; /* monotonic: what takes longer is interrupted */
    bool interrupted;
};

/* Begins a transaction: all that is read is of one moment. `served`: its server is there now. ERR_MISSING: there is
 * none yet; ERR_FORMAT, ERR_VERSION, ERR_DAMAGED, ERR_SYSTEM; ERR_BUSY: nobody but its server can read it now. */
int glance_open(struct glance *glance, const char *run, int run_fd, bool served, struct err *err);
/* ERR_BUSY: it was written while it was read without a lock: what was read is void. */
int glance_close(struct glance *glance, struct err *err); /* twice is safe */

#endif
