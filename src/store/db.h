/* db.h: SQLite as this room uses it: its errors as ours, values that come back as they went in. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/value.h"

#define DB_NAME "run.db"
#define DB_BUSY_MS 1000

/* Opens RUN/run.db; `query` is appended as the query of a URI ("immutable=1") where it is not NULL. Sets busy_timeout.
 */
int db_open(sqlite3 **db, const char *run, const char *name, int flags, const char *query, struct err *err);

/* The error that the connection holds now, as a negative code: ERR_BUSY, ERR_FULL, ERR_DAMAGED, ERR_NOMEM, ERR_SYSTEM.
 */
int db_error(sqlite3 *db, struct err *err, const char *what);

int db_exec(sqlite3 *db, const char *sql, struct err *err);
int db_prepare(sqlite3 *db, sqlite3_stmt **statement, const char *sql, struct err *err);
/* 1: a row; 0: no more, the statement is reset; negative: failed, reset. */
int db_step(sqlite3_stmt *statement, struct err *err);
/* A statement without rows, from its bindings to its reset. */
int db_run(sqlite3_stmt *statement, struct err *err);
/* The first column of the first row; 0 where there is no row. */
int db_integer(sqlite3 *db, const char *sql, int64_t *value, struct err *err);

/* Bindings are not copied: what they point at must live until the statement has run. */
void db_bind_text(sqlite3_stmt *statement, int column, struct text text);
void db_bind_bytes(sqlite3_stmt *statement, int column, const void *data, size_t size);
void db_bind_unsigned(sqlite3_stmt *statement, int column, uint64_t value);
/* SQLite has no NaN: one is stored as its 8 bytes. The column must be declared without a type. */
void db_bind_double(sqlite3_stmt *statement, int column, double value);
void db_bind_value(sqlite3_stmt *statement, int column, const struct value *value);

/* Bytes live until the statement's next step. */
struct text db_text(sqlite3_stmt *statement, int column);
struct text db_bytes(sqlite3_stmt *statement, int column);
uint64_t db_unsigned(sqlite3_stmt *statement, int column);
double db_double(sqlite3_stmt *statement, int column);

#endif
