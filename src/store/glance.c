#include "store/glance.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "base/clock.h"
#include "store/db.h"
#include "store/reader.h"

#define GLANCE_NS INT64_C(300000000)
#define GLANCE_BUSY_MS 50
#define GLANCE_VALUE_MAX (1 << 20) /* bytes of one value in the database: more than a record can hold */
#define GLANCE_LOOK_EVERY 1000     /* SQLite's operations between two looks at the clock */

/* The size of a file in the folder, -1 where there is none. A pipe or a device would be waited for: ERR_FORMAT. */
static int look_at(int run_fd, const char *name, struct stat *status, struct err *err)
{
    status->st_size = -1;
    if (fstatat(run_fd, name, status, 0) != 0) {
        status->st_size = -1;
        return errno == ENOENT ? 0 : err_errno(err, ERR_SYSTEM, "cannot look at %s", name);
    }
    return S_ISREG(status->st_mode) ? 0 : err_set(err, ERR_FORMAT, "%s is not a file", name);
}

static int too_long(void *context)
{
    struct glance *glance = context;
    glance->interrupted = clock_monotonic_ns() > glance->until_ns;
    return glance->interrupted;
}

static int open_db(struct glance *glance, const char *run, int flags, const char *query, struct err *err)
{
    int code = db_open(&glance->db, run, DB_NAME, flags, query, err);
    if (code)
        return code;
    sqlite3_busy_timeout(glance->db, GLANCE_BUSY_MS);
    sqlite3_limit(glance->db, SQLITE_LIMIT_LENGTH, GLANCE_VALUE_MAX);
    sqlite3_db_config(glance->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(glance->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_progress_handler(glance->db, GLANCE_LOOK_EVERY, too_long, glance);
    return 0;
}

/* A -wal without a -shm: of a server on a file system that is not local, which holds run.db for itself; or that was
 * killed there. SQLite then keeps the index in memory, which only who may write the file can ask for. */
static int open_alone(struct glance *glance, const char *run, bool served, struct err *err)
{
    int code = open_db(glance, run, SQLITE_OPEN_READWRITE, NULL, err);
    if (!code)
        code = db_exec(glance->db, "PRAGMA query_only=1;PRAGMA locking_mode=EXCLUSIVE;BEGIN", err);
    if (!code)
        code = reader_inspect(glance->db, err);
    if (code == ERR_BUSY)
        return err_set(err, code, served ? "its server holds run.db: ask that server" : "run.db is locked");
    if (code == ERR_SYSTEM)
        return err_set(err, code,
                       "run.db was not closed in good order and cannot be written: copy the folder, with "
                       "run.db-wal, to a place that can");
    return code;
}

static int open_plain(struct glance *glance, const char *run, const char *query, struct err *err)
{
    int code = open_db(glance, run, SQLITE_OPEN_READONLY, query, err);
    if (!code)
        code = db_exec(glance->db, "BEGIN", err);
    return code ? code : reader_inspect(glance->db, err);
}

static int open_any(struct glance *glance, const char *run, bool served, struct err *err)
{
    struct stat wal, shm, rollback;
    int code = look_at(glance->run_fd, DB_NAME, &glance->seen, err);
    if (!code)
        code = look_at(glance->run_fd, DB_NAME "-wal", &wal, err);
    if (!code)
        code = look_at(glance->run_fd, DB_NAME "-shm", &shm, err);
    if (!code)
        code = look_at(glance->run_fd, DB_NAME "-journal", &rollback, err);
    if (code)
        return code;
    if (glance->seen.st_size <= 0 && wal.st_size <= 0)
        return err_set(err, ERR_MISSING, "no server has read it yet: trimtab serve --run %.300s", run);
    if (wal.st_size >= 0 && shm.st_size >= 0)
        return open_plain(glance, run, "readonly_shm=1", err);
    if (wal.st_size > 0)
        return open_alone(glance, run, served, err);
    if (rollback.st_size > 0)
        return open_plain(glance, run, NULL, err);
    /* Opened in the ordinary way a database in WAL mode would be given a -wal and a -shm. */
    glance->bare = true;
    return open_plain(glance, run, "immutable=1", err);
}

int glance_open(struct glance *glance, const char *run, int run_fd, bool served, struct err *err)
{
    *glance = (struct glance){.run_fd = run_fd, .until_ns = clock_monotonic_ns() + GLANCE_NS};
    int code = open_any(glance, run, served, err);
    if (code)
        glance_close(glance, NULL);
    return code;
}

static bool was_left_alone(const struct glance *glance)
{
    struct stat now, wal;
    return look_at(glance->run_fd, DB_NAME, &now, NULL) == 0 && now.st_ino == glance->seen.st_ino &&
           now.st_size == glance->seen.st_size && now.st_mtim.tv_sec == glance->seen.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == glance->seen.st_mtim.tv_nsec &&
           look_at(glance->run_fd, DB_NAME "-wal", &wal, NULL) == 0 && wal.st_size <= 0;
}

int glance_close(struct glance *glance, struct err *err)
{
    bool opened = glance->db != NULL;
    sqlite3_close(glance->db);
    glance->db = NULL;
    if (!opened || !glance->bare || was_left_alone(glance))
        return 0;
    return err_set(err, ERR_BUSY, "run.db is being written: try again");
}
