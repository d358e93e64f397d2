#include "store/reader.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"
#include "store/schema.h"
#include "store/state.h"

static bool exists(const char *run, const char *name, off_t least_bytes)
{
    char path[PATH_MAX + NAME_MAX];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", run, name);
    return stat(path, &status) == 0 && status.st_size >= least_bytes;
}

int reader_inspect(sqlite3 *db, struct err *err)
{
    int64_t application = 0;
    int code = schema_check(db, err);
    if (!code)
        code = db_integer(db, "PRAGMA application_id", &application, err);
    return !code && !application ? err_set(err, ERR_MISSING, "run.db holds nothing yet") : code;
}

static int inspect(struct store_reader *reader, struct err *err)
{
    int code = reader_inspect(reader->db, err);
    if (code) {
        sqlite3_close(reader->db);
        reader->db = NULL;
    }
    return code;
}

static int open_shared(struct store_reader *reader, const char *run, const char *query, struct err *err)
{
    int code = db_open(&reader->db, run, DB_NAME, SQLITE_OPEN_READONLY, query, err);
    return code ? code : inspect(reader, err);
}

/* Without a -shm: SQLite keeps the index of the WAL in memory, which only who may write the file can ask for. */
static int open_exclusive(struct store_reader *reader, const char *run, struct err *err)
{
    int code = db_open(&reader->db, run, DB_NAME, SQLITE_OPEN_READWRITE, NULL, err);
    if (code)
        return code;
    sqlite3_db_config(reader->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_exec(reader->db, "PRAGMA query_only=1;PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    return inspect(reader, err);
}

/* Where the folder cannot be written, SQLite cannot make the -shm that a database in WAL mode needs. Without a -wal
 * nobody writes, and the file may be read as it is. */
static int open_unwritable(struct store_reader *reader, const char *run, struct err *err)
{
    if (!exists(run, DB_NAME "-wal", 0))
        return open_shared(reader, run, "immutable=1", err);
    return err_set(err, ERR_SYSTEM,
                   "run.db was not closed in good order and its folder cannot be written: copy the folder (with "
                   "run.db-wal) to a place that can, and read it there");
}

static int open_any(struct store_reader *reader, const char *run, bool exclusive, struct err *err)
{
    if (!exists(run, DB_NAME, 1))
        return err_set(err, ERR_MISSING, "there is no run.db in %s", run);
    int code = exclusive ? open_exclusive(reader, run, err) : ERR_SYSTEM;
    if (code == ERR_SYSTEM)
        code = open_shared(reader, run, NULL, err);
    return code == ERR_SYSTEM ? open_unwritable(reader, run, err) : code;
}

int store_reader_open(struct store_reader **reader, const char *run, bool exclusive, struct err *err)
{
    struct store_reader *made = calloc(1, sizeof *made);
    *reader = NULL;
    if (!made)
        return err_set(err, ERR_NOMEM, "no memory to read run.db");
    int code = open_any(made, run, exclusive, err);
    if (code)
        free(made);
    else
        *reader = made;
    return code;
}

int store_reader_share(struct store_reader **reader, struct store *writer, struct err *err)
{
    *reader = calloc(1, sizeof **reader);
    if (!*reader)
        return err_set(err, ERR_NOMEM, "no memory to read run.db");
    **reader = (struct store_reader){.db = writer->db, .writer = writer};
    return 0;
}

void store_reader_close(struct store_reader *reader)
{
    if (!reader)
        return;
    if (reader->writer)
        pthread_mutex_lock(&reader->writer->lock);
    reader_statements_finish(reader);
    if (reader->writer)
        pthread_mutex_unlock(&reader->writer->lock);
    else
        sqlite3_close(reader->db);
    free(reader);
}

static void reader_roll_back(struct store_reader *reader)
{
    if (!sqlite3_get_autocommit(reader->db))
        db_exec(reader->db, "ROLLBACK", NULL);
}

int reader_begin(struct store_reader *reader, struct err *err)
{
    if (reader->writer)
        pthread_mutex_lock(&reader->writer->lock);
    reader_roll_back(reader); /* where the last end failed */
    int code = db_exec(reader->db, "BEGIN", err);
    if (code && reader->writer)
        pthread_mutex_unlock(&reader->writer->lock);
    return code;
}

void reader_end(struct store_reader *reader)
{
    reader_roll_back(reader);
    if (reader->writer)
        pthread_mutex_unlock(&reader->writer->lock);
}

/* ---- statements ---- */

sqlite3_stmt *reader_statement(struct store_reader *reader, enum reader_statement which, int *code, struct err *err)
{
    static const char *const sql[] = {
#define X(NAME, sql) sql,
        READER_STATEMENTS(X)
#undef X
    };
    sqlite3_stmt **statement = &reader->statement[which];
    *code = *statement ? 0 : db_prepare(reader->db, statement, sql[which], err);
    if (*code)
        return NULL;
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    return *statement;
}

void reader_statements_finish(struct store_reader *reader)
{
    for (int i = 0; i < READER_STATEMENT_COUNT; i++) {
        sqlite3_finalize(reader->statement[i]);
        reader->statement[i] = NULL;
    }
}

int reader_check_points(struct store_reader *reader, struct err *err)
{
    int code;
    sqlite3_stmt *look = reader_statement(reader, READER_VERSION, &code, err);
    if (code || (code = db_step(look, err)) < 0)
        return code;
    int64_t version = sqlite3_column_int64(look, 0);
    sqlite3_reset(look);
    if (version >= STORE_SCHEMA)
        return 0;
    return err_set(
        err, ERR_VERSION,
        "run.db was made by an older trimtab (schema %lld): `trimtab serve --run FOLDER` brings it up to date",
        (long long)version);
}
