/* wal.h: run.db goes into WAL mode when something is to be written, not when it is opened: looking at a run that has
 * ended changes no byte of it. For the writer. */
#ifndef STORE_WAL_H
#define STORE_WAL_H

#include "base/err.h"

struct store;
struct store_commit;

/* Before a transaction. ERR_BUSY: somebody reads it at this moment. */
int wal_begin(struct store *store, const struct store_commit *commit, struct err *err);

#endif
