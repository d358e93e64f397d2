#include "store/aside.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "channel/journal_folder.h"
#include "store/db.h"

#define TICKETS_A_SECOND 1000 /* the clock's tickets: more than anybody can have asked for */

/* The database first: what is left after a crash in between is a WAL without one, which is moved at the next start. */
static const char *const parts[] = {"", "-wal", "-shm", "-journal"};
#define PARTS (sizeof parts / sizeof *parts)

static void part_name(char out[NAME_MAX + 1], const char *name, const char *part)
{
    snprintf(out, NAME_MAX + 1, "%.*s%s", NAME_MAX - 16, name, part);
}

static int there_is_one(void *context, struct segment_id *id)
{
    (void)context;
    (void)id;
    return 1;
}

int aside_is_needed(int run_fd, int journal_fd, bool served)
{
    struct stat db, wal;
    bool missing = fstatat(run_fd, DB_NAME, &db, 0) != 0;
    if (!missing && db.st_size > 0)
        return 0;
    if (fstatat(run_fd, DB_NAME "-wal", &wal, 0) == 0 && wal.st_size > 0)
        return 1;
    return (!missing || served) && journal_fd >= 0 && journal_folder_each(journal_fd, there_is_one, NULL, NULL) == 1;
}

static bool is_free(int run_fd, const char *name)
{
    for (size_t i = 0; i < PARTS; i++) {
        char part[NAME_MAX + 1];
        part_name(part, name, parts[i]);
        if (faccessat(run_fd, part, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return false;
    }
    return true;
}

static void choose_name(char name[NAME_MAX + 1], int run_fd, int64_t now_ns)
{
    time_t now = (time_t)(now_ns / 1000000000);
    struct tm local;
    char stamp[32];
    localtime_r(&now, &local);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    snprintf(name, NAME_MAX + 1, "%s.damaged-%s", DB_NAME, stamp);
    for (unsigned n = 2; !is_free(run_fd, name); n++)
        snprintf(name, NAME_MAX + 1, "%s.damaged-%s-%u", DB_NAME, stamp, n);
}

/* The tickets are believed only where the audit can be read whole and ends where `head` says that it does. */
static bool learn(const char *run, const char *name, bool has_wal, uint64_t *next)
{
    sqlite3 *db;
    int64_t rows = 0, head = -1, most = 0, early = 0;
    struct err err;
    if (db_open(&db, run, name, SQLITE_OPEN_READONLY, has_wal ? NULL : "immutable=1", &err))
        return false;
    int code = db_integer(db, "SELECT count(*) FROM audit NOT INDEXED", &rows, &err);
    if (!code)
        code = db_integer(db, "SELECT sequence FROM head", &head, &err);
    if (!code)
        code = db_integer(db, "SELECT max(ticket) FROM audit NOT INDEXED", &most, &err);
    if (!code)
        code = db_integer(db, "SELECT max(ticket) FROM early", &early, &err);
    sqlite3_close(db);
    *next = (uint64_t)(most > early ? most : early) + 1;
    return !code && rows == head && most >= 0;
}

int aside_move(struct aside *aside, const char *run, int run_fd, int64_t now_ns, struct err *err)
{
    bool has_wal = faccessat(run_fd, DB_NAME "-wal", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    bool moved = false;
    choose_name(aside->name, run_fd, now_ns);
    for (size_t i = 0; i < PARTS; i++) {
        char from[NAME_MAX + 1], to[NAME_MAX + 1];
        part_name(from, DB_NAME, parts[i]);
        part_name(to, aside->name, parts[i]);
        if (faccessat(run_fd, from, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (renameat(run_fd, from, run_fd, to) != 0)
            return err_errno(err, ERR_SYSTEM, "cannot move the damaged run.db aside");
        moved = true;
    }
    if (!moved)
        aside->name[0] = '\0';
    aside->learned = moved && learn(run, aside->name, has_wal, &aside->next_ticket);
    if (!aside->learned)
        aside->next_ticket = (uint64_t)(now_ns / 1000000000) * TICKETS_A_SECOND;
    return 0;
}
