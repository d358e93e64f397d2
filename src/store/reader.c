#include "store/reader.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"
#include "store/schema.h"
#include "store/state.h"

static bool exists(const char *run, const char *name)
{
    char path[PATH_MAX + NAME_MAX];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", run, name);
    return stat(path, &status) == 0 && status.st_size > 0;
}

static int open_own(struct store_reader *reader, const char *run, const char *query, struct err *err)
{
    int64_t application = 0;
    int code = db_open(&reader->db, run, DB_NAME, SQLITE_OPEN_READONLY, query, err);
    if (!code)
        code = schema_check(reader->db, err);
    if (!code)
        code = db_integer(reader->db, "PRAGMA application_id", &application, err);
    if (!code && !application)
        code = err_set(err, ERR_MISSING, "run.db holds nothing yet");
    if (code) {
        sqlite3_close(reader->db);
        reader->db = NULL;
    }
    return code;
}

/* Where the folder cannot be written, SQLite cannot make the -shm that a database in WAL mode needs. Without a -wal
 * nobody writes, and the file may be read as it is. */
static int open_unwritable(struct store_reader *reader, const char *run, struct err *err)
{
    if (!exists(run, DB_NAME "-wal"))
        return open_own(reader, run, "immutable=1", err);
    return err_set(err, ERR_SYSTEM,
                   "run.db was not closed in good order and its folder cannot be written: copy the folder (with "
                   "run.db-wal) to a place that can, and read it there");
}

int store_reader_open(struct store_reader **reader, const char *run, struct store *exclusive_writer, struct err *err)
{
    struct store_reader *made = calloc(1, sizeof *made);
    *reader = NULL;
    if (!made)
        return err_set(err, ERR_NOMEM, "no memory to read run.db");
    int code = 0;
    made->writer = exclusive_writer;
    if (exclusive_writer)
        made->db = exclusive_writer->db;
    else if (!exists(run, DB_NAME))
        code = err_set(err, ERR_MISSING, "there is no run.db in %s", run);
    else if ((code = open_own(made, run, NULL, err)) == ERR_SYSTEM)
        code = open_unwritable(made, run, err);
    if (code)
        free(made);
    else
        *reader = made;
    return code;
}

void store_reader_close(struct store_reader *reader)
{
    if (reader && !reader->writer)
        sqlite3_close(reader->db);
    free(reader);
}

int reader_begin(struct store_reader *reader, struct err *err)
{
    if (reader->writer)
        pthread_mutex_lock(&reader->writer->lock);
    int code = db_exec(reader->db, "BEGIN", err);
    if (code && reader->writer)
        pthread_mutex_unlock(&reader->writer->lock);
    return code;
}

void reader_end(struct store_reader *reader)
{
    sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
    if (reader->writer)
        pthread_mutex_unlock(&reader->writer->lock);
}
