#include "store/db.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* As a URI, so that no character of a folder's name is taken for SQLite's own. */
static void db_uri(struct buf *uri, const char *run, const char *name, const char *query)
{
    buf_text(uri, "file:");
    if (run[0] != '/')
        buf_text(uri, "./");
    char path[PATH_MAX + NAME_MAX];
    snprintf(path, sizeof path, "%s/%s", run, name);
    for (const char *c = path; *c; c++) {
        if (*c == '%' || *c == '?' || *c == '#')
            buf_printf(uri, "%%%02X", (unsigned)*c);
        else
            buf_char(uri, *c);
    }
    if (query)
        buf_printf(uri, "?%s", query);
}

int db_open(sqlite3 **db, const char *run, const char *name, int flags, const char *query, struct err *err)
{
    struct buf uri;
    buf_init(&uri);
    db_uri(&uri, run, name, query);
    int code = uri.failed ? err_set(err, ERR_NOMEM, "no memory to open %s", name) : 0;
    *db = NULL;
    if (!code && sqlite3_open_v2(buf_string(&uri), db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL)) {
        code = db_error(*db, err, "cannot open run.db");
        sqlite3_close(*db);
        *db = NULL;
    }
    if (!code) {
        sqlite3_extended_result_codes(*db, 1);
        sqlite3_busy_timeout(*db, DB_BUSY_MS);
    }
    buf_finish(&uri);
    return code;
}

/* What the system said when this file was written last; the connection's own errno is overwritten by the rollback. */
static int last_errno(sqlite3 *db, int which_file)
{
    sqlite3_file *file = NULL;
    int value = 0;
    if (sqlite3_file_control(db, "main", which_file, (void *)&file) == SQLITE_OK && file && file->pMethods)
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &value);
    return value;
}

static bool no_room(int system_error)
{
    return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

/* SQLite knows ENOSPC; a quota and a limit on the size of files are an I/O error to it. */
static bool is_full(sqlite3 *db)
{
    if (no_room(sqlite3_system_errno(db)) || sqlite3_extended_errcode(db) == SQLITE_IOERR_SHMSIZE)
        return true;
    bool writing = sqlite3_extended_errcode(db) == SQLITE_IOERR_WRITE;
    return writing && (no_room(last_errno(db, SQLITE_FCNTL_FILE_POINTER)) ||
                       no_room(last_errno(db, SQLITE_FCNTL_JOURNAL_POINTER)));
}

int db_error(sqlite3 *db, struct err *err, const char *what)
{
    if (!db)
        return err_set(err, ERR_NOMEM, "%s: out of memory", what);
    int code = ERR_SYSTEM;
    switch (sqlite3_extended_errcode(db) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        code = ERR_BUSY;
        break;
    case SQLITE_FULL:
        code = ERR_FULL;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* all SQL is fixed: where it does not fit, the tables are not as they were made */
        code = ERR_DAMAGED;
        break;
    case SQLITE_NOMEM:
        code = ERR_NOMEM;
        break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        code = is_full(db) ? ERR_FULL : ERR_SYSTEM;
        break;
    default:
        break;
    }
    return err_set(err, code, code == ERR_FULL ? "%s: no room on the disk (%s)" : "%s: %s", what, sqlite3_errmsg(db));
}

int db_exec(sqlite3 *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) ? db_error(db, err, "run.db") : 0;
}

int db_prepare(sqlite3 *db, sqlite3_stmt **statement, const char *sql, struct err *err)
{
    *statement = NULL;
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) ? db_error(db, err, "run.db")
                                                                                       : 0;
}

int db_step(sqlite3_stmt *statement, struct err *err)
{
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        return 1;
    int code = result == SQLITE_DONE ? 0 : db_error(sqlite3_db_handle(statement), err, "run.db");
    sqlite3_reset(statement);
    return code;
}

int db_run(sqlite3_stmt *statement, struct err *err)
{
    int code = db_step(statement, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return code < 0 ? code : 0;
}

int db_integer(sqlite3 *db, const char *sql, int64_t *value, struct err *err)
{
    sqlite3_stmt *statement;
    *value = 0;
    int code = db_prepare(db, &statement, sql, err);
    if (!code)
        code = db_step(statement, err);
    if (code > 0) {
        *value = sqlite3_column_int64(statement, 0);
        code = 0;
    }
    sqlite3_finalize(statement);
    return code;
}

void db_bind_text(sqlite3_stmt *statement, int column, struct text text)
{
    sqlite3_bind_text64(statement, column, text.data ? text.data : "", text.size, SQLITE_STATIC, SQLITE_UTF8);
}

void db_bind_bytes(sqlite3_stmt *statement, int column, const void *data, size_t size)
{
    sqlite3_bind_blob64(statement, column, data ? data : "", size, SQLITE_STATIC);
}

void db_bind_unsigned(sqlite3_stmt *statement, int column, uint64_t value)
{
    sqlite3_bind_int64(statement, column, (sqlite3_int64)value);
}

void db_bind_double(sqlite3_stmt *statement, int column, double value)
{
    if (isnan(value))
        sqlite3_bind_blob(statement, column, &value, sizeof value, SQLITE_TRANSIENT);
    else
        sqlite3_bind_double(statement, column, value);
}

void db_bind_value(sqlite3_stmt *statement, int column, const struct value *value)
{
    switch (value->type) {
    case VALUE_DOUBLE:
        db_bind_double(statement, column, value->number);
        break;
    case VALUE_STRING:
        db_bind_text(statement, column, value->text);
        break;
    case VALUE_NONE:
        sqlite3_bind_null(statement, column);
        break;
    case VALUE_INT:
    case VALUE_BOOL:
    case VALUE_CHOICE:
        sqlite3_bind_int64(statement, column, value->integer);
        break;
    }
}

struct text db_text(sqlite3_stmt *statement, int column)
{
    const char *data = (const char *)sqlite3_column_text(statement, column);
    return data ? text_of(data, (size_t)sqlite3_column_bytes(statement, column)) : text_of("", 0);
}

struct text db_bytes(sqlite3_stmt *statement, int column)
{
    const char *data = sqlite3_column_blob(statement, column);
    return data ? text_of(data, (size_t)sqlite3_column_bytes(statement, column)) : text_of("", 0);
}

uint64_t db_unsigned(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

double db_double(sqlite3_stmt *statement, int column)
{
    double value;
    if (sqlite3_column_type(statement, column) != SQLITE_BLOB)
        return sqlite3_column_double(statement, column);
    struct text bytes = db_bytes(statement, column);
    if (bytes.size != sizeof value)
        return NAN;
    memcpy(&value, bytes.data, sizeof value);
    return value;
}
