/* sql_views.h: what run.db holds, as people ask for it: names instead of numbers, seconds instead of nanoseconds. */
#ifndef STORE_SQL_VIEWS_H
#define STORE_SQL_VIEWS_H

#include <sqlite3.h>

#include "base/err.h"
#include "channel/record.h"

/* Temporary views, until the transaction is rolled back; some have the name of the table that they show. `scratch` must
 * live as long as they are asked. */
int sql_views_create(sqlite3 *db, struct record *scratch, struct err *err);
void sql_views_finish(sqlite3 *db); /* the functions that they use; twice is safe */

#endif
