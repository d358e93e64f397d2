/* Exactly once, whatever happens in between: every point that was published is stored once and in order. */
#include "test_store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/state.h"

#define ROUNDS 60
#define SERIES 3

static void declare(struct run_folder *run)
{
    for (uint32_t i = 0; i < SERIES; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%u", i);
        struct record record = series_record(i, name, "");
        run_declare(run, &record);
    }
}

/* The n-th point is of series n % SERIES, step n / SERIES, and has that step as its value: none twice, none missing. */
static void assert_exactly_once(struct run_folder *run, int64_t published)
{
    struct run_points points = run_points(run);
    size_t at = 0;
    uint64_t counted = 0;
    assert_int_equal(points.count, published);
    for (size_t series = 0; series < SERIES; series++)
        for (size_t n = series; n < points.count; n += SERIES, at++) {
            assert_int_equal(points.point[at].step, n / SERIES);
            assert_true(points.point[at].value == (double)(n / SERIES));
            assert_int_equal(points.point[at].series[1] - '0', series);
        }
    free(points.point);
    for (uint32_t i = 0; i < SERIES; i++)
        counted += store_series_count(run->store, i);
    assert_int_equal(counted, published);
}

/* Commits and reopenings at random moments, within one process. */
static void random_cuts(void **state)
{
    struct run_folder *run = *state;
    unsigned seed = 7;
    int64_t published = 0;
    run_train(run);
    declare(run);
    run_open(run);
    for (int round = 0; round < 200; round++) {
        for (int steps = rand_r(&seed) % 1500; steps > 0; steps--, published++)
            run_step(run, published, SERIES, (double)published);
        if (rand_r(&seed) % 8 == 0) { /* another life of the trainer */
            run_train_end(run, rand_r(&seed) % 2);
            run_commit(run, NULL, 0);
            run_train(run);
        }
        if (rand_r(&seed) % 2)
            run_commit(run, NULL, 0);
        if (rand_r(&seed) % 3 == 0) {
            run_close(run, rand_r(&seed) % 2);
            run_open(run);
        }
    }
    run_commit(run, NULL, 0);
    assert_exactly_once(run, published * SERIES);
}

/* What the child had done when it was killed. */
struct shared {
    _Atomic int64_t published; /* points */
    _Atomic int64_t told;      /* tickets whose outcome was committed */
};

/* Points from `from` on until the end of a step. A kill may leave a step in two parts: a new segment publishes the old
 * one. */
static int64_t train(struct run_folder *run, int64_t from)
{
    journal_step(&run->writer, from / SERIES);
    do
        journal_scalar(&run->writer, (uint32_t)(from % SERIES), (double)(from / SERIES));
    while (++from % SERIES);
    journal_publish(&run->writer);
    return from;
}

/* Trains, commits, asks and judges until it is killed. */
static void live(struct run_folder *run, struct shared *shared, unsigned seed)
{
    int64_t point = shared->published;
    uint64_t ticket = (uint64_t)shared->told;
    run_train(run);
    run_open(run);
    for (;;) {
        for (int steps = rand_r(&seed) % 1500; steps > 0; steps--)
            shared->published = point = train(run, point);
        struct store_row row[] = {accepted(ticket + 1, CODE_PAUSE, "{}"), judged(ticket + 1, OUTCOME_EXPIRED)};
        struct store_commit commit;
        if (run_try_commit(run, row, 2, &commit))
            _exit(1);
        shared->told = (int64_t)++ticket;
    }
}

static int64_t stored_points(struct run_folder *run)
{
    int64_t stored = 0;
    for (uint32_t i = 0; i < SERIES; i++)
        stored += (int64_t)store_series_count(run->store, i);
    return stored;
}

/* A child until it has published so much, and then for a moment. */
static void live_and_die(struct run_folder *run, struct shared *shared, unsigned *seed)
{
    int64_t wanted = shared->published + rand_r(seed) % 4000;
    unsigned child_seed = (unsigned)rand_r(seed);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live(run, shared, child_seed);
    for (int spin = rand_r(seed) % 5000; shared->published < wanted || spin > 0; spin--)
        if (waitpid(child, NULL, WNOHANG) == child)
            fail_msg("the child failed by itself");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    run->ordinal++; /* the child counted it in its own memory */
}

/* Nothing that was published or told is missing; what the child could not count any more may be there too. */
static void take_stock(struct run_folder *run, struct shared *shared)
{
    struct store_begin begin;
    int64_t stored = stored_points(run);
    assert_true(stored >= shared->published && stored <= shared->published + SERIES);
    shared->published = stored;
    assert_int_equal(store_begin(run->store, &begin, NULL), 0);
    int64_t told = (int64_t)begin.next_ticket - 1;
    assert_true(told == shared->told || told == shared->told + 1);
    shared->told = told;
}

static void killed_at_any_moment(void **state)
{
    struct run_folder *run = *state;
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned seed = 11;
    assert_ptr_not_equal(shared, MAP_FAILED);
    *shared = (struct shared){0};
    struct record first = run_record("test", 1);
    run_declare(run, &first);
    declare(run);
    for (int round = 0; round < ROUNDS; round++) {
        live_and_die(run, shared, &seed);
        run_open(run);
        run_commit(run, NULL, 0);
        take_stock(run, shared);
        run_close(run, round % 3 == 0);
    }
    run_open(run);
    assert_exactly_once(run, shared->published);
    struct store_verdict verdict = run_verify(run);
    assert_int_equal(verdict.bad_sequence, 0);
    assert_int_equal(verdict.records, 2 * shared->told);
    assert_int_equal(verdict.open, 0);
    munmap(shared, sizeof *shared);
}

/* ---- commits that fail ---- */

/* A trainer that goes on while nothing can be stored; when it can again, nothing is missing. */
static void locked_by_another_process(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(1, CODE_PAUSE, "{}");
    struct store_commit commit;
    char path[96];
    sqlite3 *other;
    run_train(run);
    declare(run);
    run_open(run);
    sqlite3_busy_timeout(run->store->db, 0);
    run_step(run, 0, SERIES, 0);
    run_commit(run, NULL, 0);
    snprintf(path, sizeof path, "%s/run.db", run->path);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int64_t step = 1; step < 20; step++) {
        run_step(run, step, SERIES, (double)step);
        assert_int_equal(run_try_commit(run, &row, 1, &commit), ERR_BUSY);
        assert_false(commit.full);
    }
    sqlite3_close(other);
    assert_int_equal(run_commit(run, &row, 1).points, 19 * SERIES);
    assert_exactly_once(run, 20 * SERIES);
    assert_int_equal(run_verify(run).records, 1);
}

/* The database may not grow: SQLite answers as it does on a full disk. */
static void a_full_disk(void **state)
{
    struct run_folder *run = *state;
    struct record more = series_record(SERIES, "declared while it was full", "");
    struct store_row row = accepted(1, CODE_PAUSE, "{}");
    struct store_commit commit;
    run_train(run);
    declare(run);
    run_open(run);
    run_step(run, 0, SERIES, 0);
    run_commit(run, NULL, 0);
    sqlite3_exec(run->store->db, "PRAGMA max_page_count=1", NULL, NULL, NULL);
    int64_t step = 1;
    for (; step < 100000; step++)
        run_step(run, step, SERIES, (double)step);
    run_declare(run, &more);
    struct journal_position stored = {.ordinal = 0};
    for (int tries = 0; tries < 5; tries++) {
        assert_int_equal(run_try_commit(run, &row, 1, &commit), ERR_FULL);
        assert_true(commit.full);
        assert_int_equal(commit.segments_removed, 0);
        assert_true(tries == 0 || journal_position_compare(&stored, &commit.stored) == 0);
        stored = commit.stored;
    }
    assert_int_equal(run_sql(run, "SELECT count(*) FROM audit"), 0);
    sqlite3_exec(run->store->db, "PRAGMA max_page_count=1000000", NULL, NULL, NULL);
    run_commit(run, &row, 1);
    assert_exactly_once(run, step * SERIES);
    assert_int_equal(run_verify(run).records, 1);
    assert_int_equal(run_sql(run, "SELECT count(*) FROM series"), SERIES + 1);
}

/* One commit while no file may be larger than this; then all that it could not do. */
static int commit_within(struct run_folder *run, rlim_t size, const struct store_row *row)
{
    struct rlimit unlimited, limit;
    struct store_commit commit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    limit = unlimited;
    limit.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &limit);
    int code = run_try_commit(run, row, 1, &commit);
    setrlimit(RLIMIT_FSIZE, &unlimited);
    commit = (struct store_commit){.rows = row, .rows_count = 1, .finish = true}; /* the WAL begins anew */
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    return code;
}

/* The n-th page of the WAL cannot be written, for each n. */
static void no_room_for_the_log(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(0, CODE_PAUSE, "{}");
    int64_t step = 0;
    int failed = 0;
    signal(SIGXFSZ, SIG_IGN);
    run_train(run);
    declare(run);
    run_open(run);
    run_commit(run, NULL, 0);
    for (rlim_t size = 0; size < 120 * 1024; size += 1500, row.ticket++) {
        for (int i = 0; i < 1000; i++, step++)
            run_step(run, step, SERIES, (double)step);
        int code = commit_within(run, size, &row);
        assert_true(code == 0 || code == ERR_FULL);
        failed += code != 0;
    }
    signal(SIGXFSZ, SIG_DFL);
    assert_true(failed > 10 && failed < 80);
    assert_exactly_once(run, step * SERIES);
    assert_int_equal(run_verify(run).bad_sequence, 0);
    assert_int_equal(run_verify(run).open, row.ticket);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
    const struct CMUnitTest tests[] = {
        TEST(random_cuts), TEST(killed_at_any_moment), TEST(locked_by_another_process),
        TEST(a_full_disk), TEST(no_room_for_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
