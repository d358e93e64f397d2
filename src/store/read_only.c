#include "store/read_only.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"
#include "store/reader.h"
#include "store/state.h"

#define READ_VERSION_AT 19 /* in the file's header: 2 in WAL mode; sqlite.org/fileformat.html */

/* ---- reading in place ---- */

static bool is_wal_mode(const char *run)
{
    char path[PATH_MAX + NAME_MAX], version = 0;
    snprintf(path, sizeof path, "%s/" DB_NAME, run);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool known = fd >= 0 && pread(fd, &version, 1, READ_VERSION_AT) == 1;
    if (fd >= 0)
        close(fd);
    return known && version == 2;
}

static bool is_there(const char *run, const char *name)
{
    char path[PATH_MAX + NAME_MAX];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", run, name);
    return stat(path, &status) == 0 && status.st_size > 0;
}

static int open_db(sqlite3 **db, const char *run, struct err *err)
{
    if (!is_there(run, DB_NAME))
        return err_set(err, ERR_MISSING,
                       "there is no run.db in it yet, and none can be made where nothing may be written");
    bool wal = is_there(run, DB_NAME "-wal");
    const char *query = wal ? "readonly_shm=1" : is_wal_mode(run) ? "immutable=1" : NULL;
    int code = db_open(db, run, DB_NAME, SQLITE_OPEN_READONLY, query, err);
    if (!code)
        code = reader_inspect(*db, err);
    if (code != ERR_SYSTEM || !wal)
        return code;
    return err_set(err, ERR_SYSTEM,
                   "run.db was not closed in good order, and nothing may be written in its folder: copy the folder "
                   "(with run.db-wal) to a place that can, and serve it there");
}

int store_reader_open_in_place(struct store_reader **reader, const char *run, struct err *err)
{
    *reader = NULL;
    struct store_reader *made = calloc(1, sizeof *made);
    if (!made)
        return err_set(err, ERR_NOMEM, "no memory to read run.db");
    int code = open_db(&made->db, run, err);
    if (code)
        store_reader_close(made);
    else
        *reader = made;
    return code;
}

/* ---- the store ---- */

/* An older one would have to be brought up to date. */
static int check_schema(sqlite3 *db, struct err *err)
{
    int64_t version;
    int code = db_integer(db, "PRAGMA user_version", &version, err);
    if (code || version == STORE_SCHEMA)
        return code;
    return err_set(err, ERR_VERSION,
                   "run.db was made by an older trimtab (schema %lld), and cannot be brought up to date where nothing "
                   "may be written: copy it to a folder of its own, and serve that",
                   (long long)version);
}

int store_open_read_only(struct store **store, const char *run, struct err *err)
{
    const struct store_options options = {.run = run, .run_fd = -1, .journal_fd = -1};
    struct store *made = NULL;
    *store = NULL;
    int code = store_make(&made, &options, err);
    if (!code)
        code = store_reader_open_in_place(&made->read_only, run, err);
    if (!code) {
        made->db = made->read_only->db;
        code = check_schema(made->db, err);
    }
    if (!code)
        code = catalog_load(&made->catalog, made->db, err);
    if (!code)
        *store = made;
    else if (made)
        read_only_close(made);
    return code;
}

void read_only_close(struct store *store)
{
    store->db = NULL; /* it is the reader's */
    store_reader_close(store->read_only);
    store_destroy(store);
}
