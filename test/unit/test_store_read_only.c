/* What a run has stored stays byte by byte as it is while it is only looked at: by the writer, which goes into WAL mode
 * no sooner than it has something to write, and by a store that may not write at all. */
#include "test_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "no_memory.h"

#define STEPS 100

/* A run that has ended, in good order: run.db is one file. */
static int ended_setup(void **state)
{
    struct store_commit commit = {.gone_ordinal = 1, .finish = true};
    struct record loss = series_record(0, "loss", "nats"), lr = setting_record(3, "lr", 0.5, 0);
    struct store_row said = said_row(1);
    int status = run_setup(state);
    struct run_folder *run = *state;
    run_train(run);
    run_declare(run, &loss);
    run_declare(run, &lr);
    for (int64_t step = 0; step < STEPS; step++)
        run_step(run, step, 1, (double)step);
    run_train_end(run, true);
    run_open(run);
    run_commit(run, &said, 1);
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    run_close(run, true);
    return status;
}

static struct buf bytes_of(struct run_folder *run, const char *name)
{
    struct buf bytes;
    ssize_t got = 1;
    int fd = openat(run->run_fd, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    buf_init(&bytes);
    while (got > 0 && buf_reserve(&bytes, 65536)) {
        got = read(fd, bytes.data + bytes.size, bytes.capacity - bytes.size);
        bytes.size += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    return bytes;
}

static void assert_unchanged(struct run_folder *run, struct buf *before)
{
    struct buf now = bytes_of(run, "run.db");
    assert_int_equal(now.size, before->size);
    assert_memory_equal(now.data, before->data, now.size);
    assert_int_equal(run_count(run, ".", "run.db"), 1);
    buf_finish(&now);
}

struct seen {
    unsigned records[256], messages;
    int64_t step;
};

static void see_record(void *context, const struct record *record)
{
    struct seen *seen = context;
    seen->records[record->kind]++;
    if (record->kind == RECORD_SCALAR_AT)
        seen->step = record->step;
}

static void see_message(void *context, uint64_t said, uint32_t level, struct text text, const char *by, int64_t step,
                        int64_t time_ns)
{
    (void)said, (void)level, (void)text, (void)by, (void)step, (void)time_ns;
    ((struct seen *)context)->messages++;
}

static void see_all(struct store *store)
{
    struct seen seen = {0};
    struct store_begin begin;
    assert_int_equal(store_begin(store, &begin, NULL), 0);
    assert_false(begin.frozen);
    assert_int_equal(store_replay(store, see_record, &seen, NULL), 0);
    assert_int_equal(store_messages(store, see_message, &seen, NULL), 0);
    assert_int_equal(seen.records[RECORD_SERIES], 1);
    assert_int_equal(seen.records[RECORD_SETTING], 1);
    assert_int_equal(seen.step, STEPS - 1);
    assert_int_equal(seen.messages, 1);
    assert_int_equal(store_series_count(store, 0), STEPS);
    assert_false(store_has_work(store));
}

/* ---- the writer ---- */

static void commit_nothing(struct run_folder *run)
{
    struct store_begin begin;
    assert_int_equal(store_begin(run->store, &begin, NULL), 0);
    struct store_commit commit = {.follower = &begin.position, .gone_ordinal = 1, .finish = true};
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
}

static void a_writer_with_nothing_to_write(void **state)
{
    struct run_folder *run = *state;
    struct buf before = bytes_of(run, "run.db");
    for (int i = 0; i < 2; i++) {
        run_open(run);
        see_all(run->store);
        assert_unchanged(run, &before);
        assert_int_equal(run_verify(run).records, 0);
        commit_nothing(run);
        assert_unchanged(run, &before);
        run_close(run, i);
        assert_unchanged(run, &before);
    }
    buf_finish(&before);
}

static void a_writer_that_gets_something_to_write(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(1, CODE_PAUSE, "{\"code\":16}");
    run_open(run);
    commit_nothing(run);
    assert_false(run_has(run, "run.db-wal"));
    run_commit(run, &row, 1);
    assert_true(run_has(run, "run.db-wal"));
    assert_int_equal(run_verify(run).records, 1);
    run_close(run, true);
    assert_int_equal(run_count(run, ".", "run.db"), 1);
    run_open(run);
    assert_int_equal(run_verify(run).records, 1);
}

/* Whoever reads at this very moment holds the change of mode up, and nothing is lost or doubled by that. */
static void a_writer_while_somebody_reads(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(1, CODE_PAUSE, "{\"code\":16}");
    struct store_commit commit;
    char path[128];
    sqlite3 *db;
    run_open(run);
    snprintf(path, sizeof path, "%s/run.db", run->path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM series", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(run_try_commit(run, &row, 1, &commit), ERR_BUSY);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(run_try_commit(run, &row, 1, &commit), 0);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM series", NULL, NULL, NULL), SQLITE_OK);
    row = judged(1, OUTCOME_LOST);
    assert_int_equal(run_try_commit(run, &row, 1, &commit), 0); /* from then on nobody waits for a reader */
    sqlite3_close(db);
    assert_int_equal(run_verify(run).records, 2);
    assert_int_equal(run_sql(run, "SELECT count(*) FROM audit"), 2);
}

/* ---- a store that may not write ---- */

static void open_and_see(struct run_folder *run)
{
    struct store *store;
    struct store_reader *reader;
    struct store_verdict verdict;
    assert_int_equal(store_open_read_only(&store, run->path, NULL), 0);
    see_all(store);
    assert_int_equal(store_reader_open_in_place(&reader, run->path, NULL), 0);
    assert_int_equal(store_verify(reader, &verdict, NULL), 0);
    store_reader_close(reader);
    store_close(store, true);
}

static void it_leaves_no_trace(void **state)
{
    struct run_folder *run = *state;
    struct buf before = bytes_of(run, "run.db");
    open_and_see(run);
    assert_unchanged(run, &before);
    buf_finish(&before);
}

/* A copy of a run.db whose server still had it: in WAL mode. */
static void nor_in_wal_mode(void **state)
{
    struct run_folder *run = *state;
    assert_int_equal(run_sql(run, "PRAGMA journal_mode=WAL"), 0);
    assert_int_equal(run_count(run, ".", "run.db"), 1);
    struct buf before = bytes_of(run, "run.db");
    assert_int_equal(before.data[18], 2);
    open_and_see(run);
    assert_unchanged(run, &before);
    buf_finish(&before);
}

/* As after a server that was killed: with the index of the -wal beside it all can be read, without it nothing. */
static void what_stands_in_the_wal(void **state)
{
    struct run_folder *run = *state;
    struct store *store;
    struct err err;
    sqlite3 *db;
    char path[128];
    snprintf(path, sizeof path, "%s/run.db", run->path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=WAL; UPDATE series SET unit='bits'", NULL, NULL, NULL),
                     SQLITE_OK);
    struct buf wal = bytes_of(run, "run.db-wal"), shm = bytes_of(run, "run.db-shm");
    open_and_see(run);
    assert_int_equal(store_open_read_only(&store, run->path, NULL), 0);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &(int){1});
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(db);
    store_close(store, false);
    assert_true(run_has(run, "run.db-wal") && run_has(run, "run.db-shm"));
    open_and_see(run);
    assert_int_equal(unlinkat(run->run_fd, "run.db-shm", 0), 0);
    assert_int_equal(store_open_read_only(&store, run->path, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, "run.db was not closed in good order"));
    struct buf now = bytes_of(run, "run.db-wal");
    assert_int_equal(now.size, wal.size);
    assert_memory_equal(now.data, wal.data, now.size);
    assert_int_equal(run_count(run, ".", "run.db"), 2);
    buf_finish(&wal);
    buf_finish(&shm);
    buf_finish(&now);
}

static void what_cannot_be_served(void **state)
{
    struct run_folder *run = *state;
    struct store *store;
    struct err err;
    assert_int_equal(run_sql(run, "PRAGMA user_version=2"), 0);
    assert_int_equal(store_open_read_only(&store, run->path, &err), ERR_VERSION);
    assert_null(store);
    assert_non_null(strstr(err.text, "older trimtab (schema 2)"));
    assert_int_equal(run_sql(run, "PRAGMA user_version=99"), 0);
    assert_int_equal(store_open_read_only(&store, run->path, &err), ERR_VERSION);
    assert_non_null(strstr(err.text, "newer trimtab"));
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d", STORE_SCHEMA);
    assert_int_equal(run_sql(run, sql), 0);
    assert_int_equal(run_sql(run, "PRAGMA application_id=5"), 0);
    assert_int_equal(store_open_read_only(&store, run->path, &err), ERR_FORMAT);
    assert_int_equal(unlinkat(run->run_fd, "run.db", 0), 0);
    assert_int_equal(store_open_read_only(&store, run->path, &err), ERR_MISSING);
    assert_int_equal(run_count(run, ".", "run.db"), 0);
}

static void without_memory(void **state)
{
    struct run_folder *run = *state;
    struct buf before = bytes_of(run, "run.db");
    bool came = true;
    for (long n = 0; came; n++) {
        struct store *store;
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        no_memory_after(n);
        int code = store_open_read_only(&store, run->path, NULL);
        came = no_memory_came();
        assert_true(code == 0 || code == ERR_NOMEM || came);
        assert_int_equal(store == NULL, code != 0);
        if (store)
            store_close(store, false);
    }
    assert_unchanged(run, &before);
    buf_finish(&before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ended_setup, run_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_writer_with_nothing_to_write),
        TEST(a_writer_that_gets_something_to_write),
        TEST(a_writer_while_somebody_reads),
        TEST(it_leaves_no_trace),
        TEST(nor_in_wal_mode),
        TEST(what_stands_in_the_wal),
        TEST(what_cannot_be_served),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
