/* schema.h: the tables of run.db, and which versions of them this program can use. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <sqlite3.h>

#include "base/err.h"

/* Looks at the file without changing anything, not even a lock: ERR_VERSION (made by a newer trimtab), ERR_FORMAT
 * (another program's database), else 0 (ours, empty, not there, or not readable: what is opened next will tell). */
int schema_peek(const char *run, struct err *err);

/* The same of an open connection. */
int schema_check(sqlite3 *db, struct err *err);

/* Makes the tables where there are none, or brings older ones up to STORE_SCHEMA, in one transaction. */
int schema_migrate(sqlite3 *db, struct err *err);

#endif
