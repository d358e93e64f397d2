/* The n-th call of SQLite or of zstd fails, for each n, in each way: what was to be stored is stored by a later commit,
 * each point once, and every roll-up is right. */
#include "old_run.h"

#include <zstd.h>
#include <zstd_errors.h>

/* ---- calls that fail ---- */

static struct {
    long left; /* calls until it fails; negative: none does */
    int code;
    bool lasts;    /* all after it too */
    bool came;     /* it has come to that */
    bool in_zstd;  /* those of zstd, else those of SQLite */
    int code_told; /* what the connection would hold: 0: what it holds */
} fault = {.left = -1};

static bool fails_now(bool in_zstd)
{
    if (fault.in_zstd != in_zstd || fault.left < 0)
        return false;
    if (fault.left > 0) {
        fault.left--;
        return false;
    }
    fault.came = true;
    if (!fault.lasts)
        fault.left = -1;
    return true;
}

int __real_sqlite3_step(sqlite3_stmt *statement);
int __real_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags, sqlite3_stmt **statement,
                              const char **rest);
int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *context,
                        char **text);
int __real_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *frames, int *done);
int __real_sqlite3_extended_errcode(sqlite3 *db);
size_t __real_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from, size_t size);
size_t __real_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from, size_t size);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags, sqlite3_stmt **statement,
                              const char **rest);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *context,
                        char **text);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *frames, int *done);
int __wrap_sqlite3_extended_errcode(sqlite3 *db);
size_t __wrap_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from, size_t size);
size_t __wrap_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from, size_t size);

/* After some errors SQLite has rolled back by itself. */
static int fail_call(sqlite3 *db)
{
    int kind = fault.code & 0xff;
    if (kind == SQLITE_FULL || kind == SQLITE_IOERR || kind == SQLITE_NOMEM)
        __real_sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    fault.code_told = fault.code;
    return fault.code;
}

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    fault.code_told = 0;
    return fails_now(false) ? fail_call(sqlite3_db_handle(statement)) : __real_sqlite3_step(statement);
}

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags, sqlite3_stmt **statement,
                              const char **rest)
{
    fault.code_told = 0;
    *statement = NULL;
    return fails_now(false) ? fail_call(db) : __real_sqlite3_prepare_v3(db, sql, size, flags, statement, rest);
}

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *context,
                        char **text)
{
    fault.code_told = 0;
    return fails_now(false) ? fail_call(db) : __real_sqlite3_exec(db, sql, each, context, text);
}

int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *frames, int *done)
{
    fault.code_told = 0;
    return fails_now(false) ? fail_call(db) : __real_sqlite3_wal_checkpoint_v2(db, name, mode, frames, done);
}

int __wrap_sqlite3_extended_errcode(sqlite3 *db)
{
    return fault.code_told ? fault.code_told : __real_sqlite3_extended_errcode(db);
}

size_t __wrap_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from, size_t size)
{
    return fails_now(true) ? (size_t)-ZSTD_error_GENERIC : __real_ZSTD_compress2(context, to, room, from, size);
}

size_t __wrap_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from, size_t size)
{
    return fails_now(true) ? (size_t)-fault.code : __real_ZSTD_decompressDCtx(context, to, room, from, size);
}

static void fail_at(long n, int code, bool lasts)
{
    fault.left = n;
    fault.code = code;
    fault.lasts = lasts;
    fault.came = false;
}

static bool fail_no_more(void)
{
    fault.left = -1;
    fault.code_told = 0;
    return fault.came;
}

static const int codes[] = {SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_NOMEM, SQLITE_ERROR};
static const int zstd_codes[] = {ZSTD_error_memory_allocation, ZSTD_error_corruption_detected};
#define CODES (long)(sizeof codes / sizeof *codes)

/* Commits, of which one fails, until all is stored. What cannot be done at all would show here. */
static void commit_with_a_fault(struct run_folder *run)
{
    struct store_commit commit;
    int tries = 0, code;
    do {
        code = run_try_commit(run, NULL, 0, &commit);
        assert_true(!code || fault.came);
        if (code)
            fail_no_more();
        assert_true(++tries < 200);
    } while (code || commit.more);
}

static void assert_points(struct logged *logged, unsigned allow, uint64_t points)
{
    struct check check = logged_check(logged, allow);
    assert_int_equal(check.points, points);
    check_finish(&check);
}

/* For each n: from the same beginning, with a failure, to the same end. Which of the ways it is goes by n and `way`. */
static void each_call(struct logged *logged, const struct buf *base, unsigned allow, uint64_t points, long way)
{
    struct run_folder *run = logged->run;
    bool came = true;
    long n = 0;
    for (; came; n += allow & CHECK_SEAMS ? 5 : 1) { /* page after page takes the same calls */
        assert_true(n < 5000);
        logged_begin_again(logged, base);
        run_open(run);
        fail_at(n, fault.in_zstd ? zstd_codes[n % 2] : codes[(n + way) % CODES], (n + way) / 2 % 2);
        commit_with_a_fault(run);
        came = fail_no_more() || fault.came;
        assert_points(logged, allow, points);
        if (n % 20 == 0) { /* also for who comes next */
            run_close(run, n % 40 == 0);
            run_open(run);
            run_commit(run, NULL, 0);
            assert_points(logged, allow, points);
        }
        run_close(run, false);
        assert_int_equal(run_count(run, ".", "run.db.damaged"), 0);
    }
    assert_true(n > 20);
}

/* ---- */

static void while_points_are_sealed(void **state)
{
    struct logged *logged = *state;
    struct buf base = logged_base(logged, "");
    each_call(logged, &base, 0, logged->points, 0);
    buf_finish(&base);
}

static void while_roll_ups_are_made_anew(void **state)
{
    struct logged *logged = *state;
    struct buf base = logged_base(logged, "DELETE FROM rollups");
    each_call(logged, &base, CHECK_SEAMS, logged->points, 2);
    buf_finish(&base);
}

static void while_a_block_is_set_aside(void **state)
{
    struct logged *logged = *state;
    struct buf base = logged_base(logged, "UPDATE tail SET data=substr(data,1,30) WHERE id=2");
    each_call(logged, &base, CHECK_HOLES, logged->points - 1, 1);
    buf_finish(&base);
}

static void while_an_old_run_is_converted(void **state)
{
    struct logged *logged = *state;
    old_run_make(logged, 4, 50);
    logged_segments(logged, 4);
    struct buf base = logged_contents(logged, "run.db");
    for (long way = 0; way < CODES; way++)
        each_call(logged, &base, CHECK_LOST, logged->points, way);
    assert_int_equal(run_sql(logged->run, "SELECT count(*) FROM sqlite_schema WHERE name='tail_2'"), 0);
    assert_int_equal(run_sql(logged->run, "SELECT count(*) FROM tail WHERE id<0"), 1);
    buf_finish(&base);
}

/* It says that there is an error, leaves everything as it is, and comes up when it is asked again. */
static void while_opening(void **state)
{
    static const int passing[] = {SQLITE_IOERR_READ, SQLITE_FULL, SQLITE_BUSY, SQLITE_NOMEM};
    struct logged *logged = *state;
    struct run_folder *run = logged->run;
    old_run_make(logged, 2, 100);
    struct buf base = logged_contents(logged, "run.db");
    bool came = true;
    for (long n = 0; came; n++) {
        struct err err = {0};
        assert_true(n < 2000);
        logged_begin_again(logged, &base);
        fail_at(n, passing[n % 4], n / 4 % 2);
        int code = run_try_open(run, &err);
        came = fail_no_more();
        assert_true(!code || (came && err.text[0]));
        assert_int_equal(run_count(run, ".", "run.db.damaged"), 0);
        if (code)
            run_open(run);
        run_commit(run, NULL, 0);
        assert_points(logged, 0, logged->points);
        run_close(run, false);
    }
    buf_finish(&base);
}

static void in_zstd(void **state)
{
    struct logged *logged = *state;
    struct buf base = logged_base(logged, "DELETE FROM rollups WHERE id%2");
    fault.in_zstd = true;
    each_call(logged, &base, CHECK_SEAMS, logged->points, 2);
    fault.in_zstd = false;
    buf_finish(&base);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, logged_setup, logged_teardown)
    const struct CMUnitTest tests[] = {
        TEST(while_points_are_sealed),
        TEST(while_roll_ups_are_made_anew),
        TEST(while_a_block_is_set_aside),
        TEST(while_an_old_run_is_converted),
        TEST(while_opening),
        TEST(in_zstd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
