/* A run.db that is damaged, newer, somebody else's, or cannot be read. */
#include "test_store.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define NOBODY 65534

/* A run with some of everything; the journal still holds all of it. */
static void fill(struct run_folder *run)
{
    struct record loss = series_record(0, "loss", ""), lr = setting_record(0, "lr", 0.5, 0);
    struct store_row row[] = {accepted(41, CODE_PAUSE, "{}"), judged(41, OUTCOME_EXPIRED),
                              accepted(42, CODE_PAUSE, "{}")};
    run_train(run);
    run_declare(run, &loss);
    run_declare(run, &lr);
    for (int64_t step = 0; step < 2000; step++)
        run_step(run, step, 1, sqrt((double)step));
    run_open(run);
    run_commit(run, row, 3);
    run_close(run, false);
}

static struct buf contents(struct run_folder *run, const char *name)
{
    struct buf bytes;
    struct stat status;
    buf_init(&bytes);
    int fd = openat(run->run_fd, name, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &status) == 0 && buf_reserve(&bytes, (size_t)status.st_size + 1));
    assert_int_equal(read(fd, bytes.data, (size_t)status.st_size), status.st_size);
    bytes.size = (size_t)status.st_size;
    close(fd);
    return bytes;
}

static void write_contents(struct run_folder *run, const char *name, const void *data, size_t size)
{
    int fd = openat(run->run_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, data, size), 0);
    close(fd);
}

static void overwrite(struct run_folder *run, off_t at, const void *data, size_t size)
{
    int fd = openat(run->run_fd, "run.db", O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, at), size);
    close(fd);
}

static uint64_t next_ticket(struct run_folder *run)
{
    struct store_begin begin;
    assert_int_equal(store_begin(run->store, &begin, NULL), 0);
    return begin.next_ticket;
}

/* A new run.db was begun, the old one kept, and what the journal holds is there again. */
static void assert_begun_anew(struct run_folder *run, int aside)
{
    run_open(run);
    assert_non_null(strstr(run->notice, "run.db was damaged ("));
    assert_non_null(strstr(run->notice, "run.db.damaged-2"));
    assert_int_equal(run_count(run, ".", "run.db.damaged-2"), aside);
    run_commit(run, NULL, 0);
    struct run_points points = run_points(run);
    assert_int_equal(points.count, 2000);
    free(points.point);
    assert_int_equal(run_verify(run).records, 0);
}

static void random_bytes_over_the_header(void **state)
{
    struct run_folder *run = *state;
    fill(run);
    overwrite(run, 0, "this is not a database, not any more, it is nothing that anybody could read at all, is it?", 90);
    struct buf before = contents(run, "run.db");
    time_t now = time(NULL);
    assert_begun_anew(run, 1);
    assert_non_null(strstr(run->notice, "taken from the clock"));
    assert_true(next_ticket(run) >= (uint64_t)now * 1000);
    char name[64];
    const char *at = strstr(run->notice, "run.db.damaged-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ";"), at);
    struct buf after = contents(run, name);
    assert_int_equal(after.size, before.size);
    assert_memory_equal(after.data, before.data, before.size);
    buf_finish(&before);
    buf_finish(&after);
    run_close(run, false);
    run_open(run); /* the next start knows nothing of it */
    assert_string_equal(run->notice, "");
    assert_true(next_ticket(run) >= (uint64_t)now * 1000);
}

/* A page of the points is gone, the audit is not: the tickets are learned from it. */
static void a_page_in_the_middle(void **state)
{
    struct run_folder *run = *state;
    char zeros[4096] = {0};
    fill(run);
    int64_t page = run_sql(run, "SELECT rootpage FROM sqlite_schema WHERE name='tail'");
    overwrite(run, (page - 1) * 4096, zeros, sizeof zeros);
    assert_begun_anew(run, 1);
    assert_non_null(strstr(run->notice, "learned from the old one"));
    assert_int_equal(next_ticket(run), 43);
}

static void truncated(void **state)
{
    struct run_folder *run = *state;
    fill(run);
    struct buf sound = contents(run, "run.db");
    write_contents(run, "run.db", sound.data, 8192);
    buf_finish(&sound);
    assert_begun_anew(run, 1);
}

static void twice_in_the_same_second(void **state)
{
    struct run_folder *run = *state;
    fill(run);
    for (int aside = 1; aside <= 3; aside++) {
        overwrite(run, 0, "damage", 6);
        assert_begun_anew(run, aside);
        run_close(run, false);
    }
}

static void an_empty_file_is_new(void **state)
{
    struct run_folder *run = *state;
    write_contents(run, "run.db", "", 0);
    run_open(run);
    assert_string_equal(run->notice, "");
    run_commit(run, NULL, 0);
    assert_int_equal(run_sql(run, "PRAGMA application_id"), STORE_APPLICATION);
    assert_int_equal(run_sql(run, "PRAGMA user_version"), STORE_SCHEMA);
}

/* run.db was lost, its -wal was not: the latter must not be played into a new one. */
static void a_wal_without_its_database(void **state)
{
    struct run_folder *run = *state;
    write_contents(run, "run.db-wal", "the last words of another", 25);
    run_open(run);
    assert_non_null(strstr(run->notice, "run.db was damaged ("));
    assert_int_equal(run_count(run, ".", "run.db.damaged-2"), 1);
    run_commit(run, NULL, 0);
}

/* ---- not to be touched ---- */

static void assert_refused(struct run_folder *run, int expected, const char *word)
{
    struct err err = {0};
    struct buf before = contents(run, "run.db");
    assert_int_equal(run_try_open(run, &err), expected);
    assert_non_null(strstr(err.text, word));
    assert_null(run->store);
    assert_int_equal(store_reader_open(&run->reader, run->path, false, &err), expected);
    assert_null(run->reader);
    struct buf after = contents(run, "run.db");
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    buf_finish(&before);
    buf_finish(&after);
    assert_int_equal(run_count(run, ".", "run.db.damaged"), 0);
}

static void a_newer_schema(void **state)
{
    struct run_folder *run = *state;
    fill(run);
    run_sql(run, "PRAGMA user_version=4; CREATE TABLE novelty(a)");
    assert_refused(run, ERR_VERSION, "made by a newer trimtab");
    run_sql(run, "PRAGMA user_version=3; DROP TABLE novelty");
    run_open(run);
}

/* Its version stands in the -wal only. */
static void a_newer_schema_in_the_log(void **state)
{
    struct run_folder *run = *state;
    sqlite3 *db;
    char path[96];
    fill(run);
    snprintf(path, sizeof path, "%s/run.db", run->path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=4", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct buf before = contents(run, "run.db-wal");
    assert_refused(run, ERR_VERSION, "made by a newer trimtab");
    struct buf after = contents(run, "run.db-wal");
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    buf_finish(&before);
    buf_finish(&after);
}

static void another_program_s_database(void **state)
{
    struct run_folder *run = *state;
    run_sql(run, "CREATE TABLE theirs(a)");
    assert_refused(run, ERR_FORMAT, "another program's database");
    run_sql(run, "PRAGMA application_id=7");
    assert_refused(run, ERR_FORMAT, "another program's database");
}

/* ---- readers ---- */

static void nothing_to_read(void **state)
{
    struct run_folder *run = *state;
    struct err err = {0};
    assert_int_equal(store_reader_open(&run->reader, run->path, false, &err), ERR_MISSING);
    write_contents(run, "run.db", "", 0);
    assert_int_equal(store_reader_open(&run->reader, run->path, false, &err), ERR_MISSING);
    write_contents(run, "run.db",
                   "something else, which is long enough to be looked at as a database, but is none, no.", 84);
    assert_int_equal(store_reader_open(&run->reader, run->path, false, &err), ERR_DAMAGED);
    store_reader_close(NULL);
    store_close(NULL, true);
}

/* Offline, by somebody who may only read. */
static int read_as_nobody(struct run_folder *run)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store_verdict verdict;
        struct store_reader *reader;
        if (geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
            _exit(100);
        int code = store_reader_open(&reader, run->path, false, NULL);
        if (!code)
            code = store_verify(reader, &verdict, NULL);
        if (!code)
            store_reader_close(reader);
        _exit(code ? -code : verdict.records == 3 && !verdict.bad_sequence ? 0 : 101);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_folder_that_cannot_be_written(void **state)
{
    struct run_folder *run = *state;
    fill(run);
    assert_int_equal(chmod(run->path, 0555), 0);
    assert_int_equal(fchmodat(run->run_fd, "run.db", 0444, 0), 0);
    assert_int_equal(read_as_nobody(run), 0); /* in WAL mode, but without a -wal */
    write_contents(run, "run.db-wal", "left by a crash", 15);
    assert_int_equal(fchmodat(run->run_fd, "run.db-wal", 0444, 0), 0);
    assert_int_equal(read_as_nobody(run), -ERR_SYSTEM);
    assert_int_equal(chmod(run->path, 0700), 0);
    assert_int_equal(unlinkat(run->run_fd, "run.db-wal", 0), 0);
    assert_int_equal(fchmodat(run->run_fd, "run.db", 0600, 0), 0);
}

/* ---- anything ---- */

static void ignore_record(void *context, const struct record *record)
{
    (void)context;
    (void)record;
}

static void ignore_ticket(void *context, struct ticket *ticket)
{
    (void)context;
    ticket_destroy(ticket);
}

static int ignore_point(void *context, const struct store_point *point)
{
    (void)context;
    return point->series[0] == 0;
}

/* Everything that reads, whatever it says. */
static void read_all(struct run_folder *run)
{
    struct err err;
    struct store_verdict verdict;
    struct store_begin begin;
    struct store_commit commit;
    struct buf page;
    buf_init(&page);
    store_begin(run->store, &begin, &err);
    store_replay(run->store, ignore_record, NULL, &err);
    store_pending(run->store, ignore_ticket, NULL, &err);
    run_try_commit(run, NULL, 0, &commit);
    if (store_reader_open(&run->reader, run->path, false, &err) == 0) {
        store_verify(run->reader, &verdict, &err);
        store_audit_page(run->reader, 0, 0, 0, &page, &err);
        store_points(run->reader, &(struct store_points_ask){.each = ignore_point}, &err);
    }
    buf_finish(&page);
}

/* A few bytes anywhere in the file are changed: it is opened, replaced or refused, and nothing falls over. */
static void bytes_changed_anywhere(void **state)
{
    struct run_folder *run = *state;
    struct err err;
    unsigned seed = 5;
    fill(run);
    struct buf sound = contents(run, "run.db");
    for (int round = 0; round < 150; round++) {
        write_contents(run, "run.db", sound.data, sound.size);
        for (int i = 0; i < 20; i++) {
            uint8_t byte = (uint8_t)rand_r(&seed);
            overwrite(run, rand_r(&seed) % (off_t)sound.size, &byte, 1);
        }
        int code = run_try_open(run, &err);
        if (code && code != ERR_FORMAT && code != ERR_VERSION)
            fail_msg("%d: %s", code, err.text);
        if (code == 0)
            read_all(run);
        run_close(run, false);
    }
    buf_finish(&sound);
}

/* The same where SQLite itself sees nothing wrong: every blob and text in turn. */
static void rows_that_make_no_sense(void **state)
{
    static const char *const changes[] = {
        "UPDATE settings SET declaration=x'00'",
        "UPDATE settings SET declaration=zeroblob(10000)",
        "UPDATE actions SET id=7",
        "UPDATE series SET id=id+1",
        "UPDATE trainers SET run='text'",
        "UPDATE position SET incarnation='short'",
        "DELETE FROM position",
        "UPDATE state SET state=99",
        "DELETE FROM head",
        "UPDATE head SET hash=NULL||''",
    };
    struct run_folder *run = *state;
    struct record state_record = {.kind = RECORD_STATE}, action = {.kind = RECORD_ACTION};
    action.action.name = text_from("evaluate");
    state_record.state.state = RUN_RUNNING;
    run_train(run);
    run_train_end(run, false);
    run_declare(run, &action);
    run_declare(run, &state_record);
    fill(run);
    struct buf sound = contents(run, "run.db");
    int aside = 0;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_contents(run, "run.db", sound.data, sound.size);
        sqlite3 *db;
        char path[96];
        snprintf(path, sizeof path, "%s/run.db", run->path);
        sqlite3_open(path, &db);
        sqlite3_exec(db, changes[i], NULL, NULL, NULL); /* the last is refused by the table itself */
        bool changed = sqlite3_total_changes(db) > 0;
        sqlite3_close(db);
        run_open(run);
        aside += changed;
        if (run_count(run, ".", "run.db.damaged-2") != aside)
            fail_msg("%s: %s", changes[i], run->notice);
        read_all(run);
        run_close(run, false);
    }
    buf_finish(&sound);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
    const struct CMUnitTest tests[] = {
        TEST(random_bytes_over_the_header),
        TEST(a_page_in_the_middle),
        TEST(truncated),
        TEST(twice_in_the_same_second),
        TEST(an_empty_file_is_new),
        TEST(a_wal_without_its_database),
        TEST(a_newer_schema),
        TEST(a_newer_schema_in_the_log),
        TEST(another_program_s_database),
        TEST(nothing_to_read),
        TEST(a_folder_that_cannot_be_written),
        TEST(bytes_changed_anywhere),
        TEST(rows_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
