/* Roll-ups that are missing are made anew, beside all that goes on, and come to be what they were. */
#include "logged.h"

#include <stdio.h>

#include "store/state.h"

/* A run whose series have pages of several levels: long segments, short ones, few points. */
static void fill(struct logged *logged)
{
    logged_declare(logged, 2, 1000);
    logged_declare(logged, 1, 300);
    logged_declare(logged, 1, 5);
    run_open(logged->run);
    logged_steps(logged, 40000, 0);
    logged_steps(logged, 25000, 250);
    run_commit(logged->run, NULL, 0);
    struct check check = logged_check(logged, 0);
    assert_true(check.series[0].pages[1] > 0 && check.series[0].pages[ROLLUP_LEVELS - 1] > 0);
    check_finish(&check);
}

/* Nothing may be missing any more, also for who looks again. */
static void assert_whole(struct logged *logged, unsigned allow)
{
    run_close(logged->run, false);
    run_open(logged->run);
    assert_int_equal(logged->run->store->repair.count, 0);
    struct store_commit commit = run_commit(logged->run, NULL, 0);
    assert_int_equal(commit.rebuild_total, 0);
    struct check check = logged_check(logged, allow);
    assert_int_equal(check.missing_pages, 0);
    check_finish(&check);
}

/* Commits one by one until all is there; what they say of it makes sense. How many it took. */
static unsigned repair(struct logged *logged, uint64_t *total)
{
    struct store_commit commit;
    uint64_t before = 0;
    unsigned commits = 0;
    *total = 0;
    do {
        assert_int_equal(run_try_commit(logged->run, NULL, 0, &commit), 0);
        commits++;
        if (commit.rebuild_total) {
            assert_true(commit.more);
            assert_true(commit.rebuilt >= before && commit.rebuilt < commit.rebuild_total);
            assert_true(!*total || *total == commit.rebuild_total);
            *total = commit.rebuild_total;
            before = commit.rebuilt;
        }
    } while (commit.more);
    return commits;
}

/* ---- */

static void all_of_them(void **state)
{
    struct logged *logged = *state;
    uint64_t total;
    fill(logged);
    struct check before = logged_check(logged, 0);
    run_close(logged->run, false);
    run_sql(logged->run, "DELETE FROM rollups");
    run_open(logged->run);
    assert_true(repair(logged, &total) > 1);
    struct check check = logged_check(logged, CHECK_SEAMS);
    assert_true(total >= before.series[0].sealed);
    for (uint32_t i = 0; i < check.series_count; i++)
        for (uint32_t level = 0; level < ROLLUP_LEVELS; level++)
            assert_true(check.series[i].paged[level] >= before.series[i].paged[level] ||
                        before.series[i].sealed - check.series[i].paged[level] <
                            ROLLUP_PAGE_BUCKETS * rollup_points(level));
    assert_int_equal(check.missing_pages, 0);
    check_finish(&before);
    check_finish(&check);
    assert_whole(logged, CHECK_SEAMS);
}

/* Each page by itself comes back as it was, byte by byte. */
static void any_one_of_them(void **state)
{
    struct logged *logged = *state;
    uint64_t total;
    char sql[400];
    fill(logged);
    run_close(logged->run, false);
    run_sql(logged->run, "CREATE TABLE kept AS SELECT * FROM rollups");
    int64_t count = run_sql(logged->run, "SELECT max(id) FROM kept");
    for (int round = 0; round < 20; round++) {
        int64_t id = 1 + logged_random(logged, (unsigned)count);
        snprintf(sql, sizeof sql, "DELETE FROM rollups WHERE id=%lld", (long long)id);
        run_sql(logged->run, sql);
        run_open(logged->run);
        repair(logged, &total);
        run_close(logged->run, false);
        snprintf(sql, sizeof sql,
                 "SELECT (SELECT max(sequence+points) FROM rollups r WHERE r.series=k.series AND r.level=k.level) <="
                 " k.sequence OR (SELECT data=k.data FROM rollups r WHERE r.series=k.series AND r.level=k.level"
                 " AND r.sequence=k.sequence AND r.points=k.points) FROM kept k WHERE id=%lld",
                 (long long)id);
        if (!run_sql(logged->run, sql))
            fail_msg("page %lld", (long long)id);
        run_sql(logged->run, "DELETE FROM rollups; INSERT INTO rollups SELECT * FROM kept");
    }
    run_open(logged->run);
    assert_whole(logged, 0);
}

/* What is taken away: a few anywhere, all from somewhere on, a level, a series, everything. */
static void take_away(struct logged *logged)
{
    char sql[240];
    unsigned series = logged_random(logged, logged->count), level = logged_random(logged, ROLLUP_LEVELS);
    unsigned share = 2 + logged_random(logged, 20), seed = logged_random(logged, 1000000);
    unsigned from = logged_random(logged, (unsigned)logged->series[series].count);
    switch (logged_random(logged, 6)) {
    case 0:
        snprintf(sql, sizeof sql, "DELETE FROM rollups WHERE (id*7919+%u)*31%%%u=0", seed, share);
        break;
    case 1:
        snprintf(sql, sizeof sql, "DELETE FROM rollups WHERE series=%u AND sequence>=%u", series, from);
        break;
    case 2:
        snprintf(sql, sizeof sql, "DELETE FROM rollups WHERE series=%u AND level=%u AND sequence>=%u", series, level,
                 from);
        break;
    case 3:
        snprintf(sql, sizeof sql, "DELETE FROM rollups WHERE level<=%u", level);
        break;
    case 4:
        snprintf(sql, sizeof sql, "DELETE FROM rollups WHERE level>=%u AND series<>%u", level, series);
        break;
    default:
        snprintf(sql, sizeof sql, "DELETE FROM rollups");
        break;
    }
    run_sql(logged->run, sql);
}

/* While pages are made anew there is news, and servers that come and go. */
static void beside_all_that_goes_on(void **state)
{
    struct logged *logged = *state;
    struct store_commit commit;
    uint64_t total;
    fill(logged);
    for (int round = 0; round < 20; round++) {
        run_close(logged->run, logged_random(logged, 2));
        take_away(logged);
        run_open(logged->run);
        for (unsigned commits = logged_random(logged, 8); commits > 0; commits--) {
            logged_steps(logged, logged_random(logged, 800), logged_random(logged, 2) * 300);
            logged->run->store->budget_bytes = 1000 + logged_random(logged, 100000);
            assert_int_equal(run_try_commit(logged->run, NULL, 0, &commit), 0);
        }
        if (logged_random(logged, 3) == 0) {
            run_close(logged->run, logged_random(logged, 2));
            logged_commit_and_die(logged, logged_random(logged, 3));
            run_open(logged->run);
        }
        if (round % 5 == 0)
            logged_assert_stored(logged, CHECK_SEAMS | CHECK_SO_FAR);
        repair(logged, &total);
        logged_assert_stored(logged, CHECK_SEAMS);
    }
    /* what began anew while there were gaps leaves one, which the next server closes */
    run_close(logged->run, false);
    run_open(logged->run);
    repair(logged, &total);
    assert_whole(logged, CHECK_SEAMS);
}

/* A page that cannot be read stays, and is gone around: what lies above it is made from what lies below. */
static void around_pages_that_are_damaged(void **state)
{
    struct logged *logged = *state;
    uint64_t total;
    fill(logged);
    run_close(logged->run, false);
    run_sql(logged->run, "UPDATE rollups SET data=zeroblob(40) WHERE level=1 AND id%3=0;"
                         "UPDATE rollups SET points=points+1 WHERE level=0 AND id%5=0;"
                         "UPDATE rollups SET data=x'' WHERE level=2 AND id%2=0;"
                         "DELETE FROM rollups WHERE level>2");
    run_open(logged->run);
    logged_steps(logged, 30000, 250);
    repair(logged, &total);
    run_close(logged->run, false);
    run_sql(logged->run, "DELETE FROM rollups WHERE level<3");
    run_open(logged->run);
    repair(logged, &total);
    assert_whole(logged, CHECK_SEAMS);
}

/* Points that are lost for good: the pages on both sides are made, and the place between them is not looked for again
 * and again within one life. */
static void around_chunks_that_are_damaged(void **state)
{
    struct logged *logged = *state;
    uint64_t total;
    fill(logged);
    run_close(logged->run, false);
    run_sql(logged->run, "UPDATE chunks SET data=substr(data,1,40) WHERE series=0 AND id%4=0; DELETE FROM rollups");
    run_open(logged->run);
    assert_true(repair(logged, &total) < 200);
    struct check check = logged_check(logged, CHECK_SEAMS | CHECK_HOLES);
    assert_true(check.series[0].count < logged->series[0].count);
    assert_int_equal(check.series[1].count, logged->series[1].count);
    assert_int_equal(check.missing_pages, 0);
    check_finish(&check);
    logged_steps(logged, 20000, 10);
    repair(logged, &total);
    logged_assert_stored(logged, CHECK_SEAMS | CHECK_HOLES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, logged_setup, logged_teardown)
    const struct CMUnitTest tests[] = {
        TEST(all_of_them),
        TEST(any_one_of_them),
        TEST(beside_all_that_goes_on),
        TEST(around_pages_that_are_damaged),
        TEST(around_chunks_that_are_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
