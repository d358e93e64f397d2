/* Points on their way into chunks, roll-ups and the tail: whatever comes, each is stored once, in its place, and every
 * roll-up is the fold of its points. */
#include "logged.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/state.h"

/* Commits of any size, until nothing is left. */
static void commit_in_pieces(struct logged *logged)
{
    struct store_commit commit;
    do {
        logged->run->store->budget_bytes = 1 + logged_random(logged, 1 << (4 + logged_random(logged, 18)));
        assert_int_equal(run_try_commit(logged->run, NULL, 0, &commit), 0);
    } while (commit.more && logged_random(logged, 200));
}

/* The end of a server: in good order, half, or not at all. */
static void end_and_begin(struct logged *logged)
{
    run_close(logged->run, logged_random(logged, 2));
    if (logged_random(logged, 3) == 0)
        logged_commit_and_die(logged, logged_random(logged, 4));
    run_open(logged->run);
    assert_string_equal(logged->run->notice, "");
}

static void assert_tail_is_bounded(const struct check *check)
{
    assert_true(check->blocks <= CURVES_BLOCKS_MOST);
    assert_true(check->open <= CURVES_OPEN_MOST);
    assert_true(check->tail_points <= 2 * CURVES_OPEN_MOST + CHUNK_POINTS + STORE_BUDGET_MOST / 16);
}

static struct check assert_all(struct logged *logged)
{
    run_commit(logged->run, NULL, 0);
    struct check check = logged_check(logged, 0);
    assert_tail_is_bounded(&check);
    assert_int_equal(check.points, logged->points);
    return check;
}

static void live(struct logged *logged, unsigned seed, unsigned rounds, unsigned back)
{
    logged->seed = seed;
    run_open(logged->run);
    for (unsigned round = 0; round < rounds; round++) {
        logged_steps(logged, logged_random(logged, 1500), back);
        if (logged_random(logged, 12) == 0) { /* another life of the trainer */
            run_train_end(logged->run, logged_random(logged, 2));
            run_commit(logged->run, NULL, 0);
            run_train(logged->run);
        }
        if (logged_random(logged, 4))
            commit_in_pieces(logged);
        if (logged_random(logged, 4) == 0)
            end_and_begin(logged);
        if (logged_random(logged, 10) == 0) {
            struct check check = assert_all(logged);
            check_finish(&check);
        }
    }
}

static void few_segments(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 5, 0);
    logged_declare(logged, 2, 1000);
    logged_declare(logged, 1, 2); /* lags far behind */
    live(logged, 1, 100, 1);
    struct check check = assert_all(logged);
    assert_true(check.pages > 10 && check.chunks > 50 && check.blocks > 0);
    check_finish(&check);
}

/* Each ends buckets of all levels, so that their pages fill at different times. */
static void many_segments(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 4, 0);
    logged_declare(logged, 1, 1000);
    live(logged, 2, 110, 200);
    struct check check = assert_all(logged);
    for (uint32_t level = 0; level < ROLLUP_LEVELS; level++)
        assert_true(check.series[4].pages[level] > 0);
    check_finish(&check);
}

/* A new one with each few points. */
static void nothing_but_segments(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 2, 1000);
    live(logged, 3, 30, 4000);
    struct check check = assert_all(logged);
    assert_true(check.series[0].pages[ROLLUP_LEVELS - 1] > 10);
    check_finish(&check);
}

/* Several hundred thousand points of one: pages of the second level, and points at equal steps and times. */
static void one_that_is_long(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 1, 1000);
    run_open(logged->run);
    for (int i = 0; i < 600000; i++) {
        logged_point(logged, 0, i / 7, 1700000000000000 + i / 3, sin(i * 1e-3));
        if (i % 50000 == 49999)
            commit_in_pieces(logged);
        if (i == 270000 || i == 300000)
            end_and_begin(logged);
    }
    struct check check = assert_all(logged);
    assert_int_equal(check.chunks, 600000 / CHUNK_POINTS);
    for (uint32_t level = 0; level < ROLLUP_LEVELS; level++)
        assert_int_equal(check.series[0].pages[level],
                         check.series[0].sealed / (ROLLUP_PAGE_BUCKETS * rollup_points(level)));
    assert_true(check.series[0].pages[2] > 0);
    check_finish(&check);
}

/* More than may be open: they are sealed early, what lags is not. */
static void a_thousand_series(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 998, 1000);
    logged_declare(logged, 2, 20);
    run_open(logged->run);
    for (int round = 0; round < 12; round++) {
        logged_steps(logged, 30, round == 10 ? 1000 : 0);
        if (round % 4 == 3)
            end_and_begin(logged);
        commit_in_pieces(logged);
        if (round == 9) {
            struct check check = assert_all(logged);
            check_finish(&check);
        }
    }
    struct check check = assert_all(logged);
    assert_true(check.chunks > 998 && check.chunks < 8 * 998);
    assert_true(check.open > 0);
    check_finish(&check);
}

/* A block with each commit, for a long time: the tail does not grow. */
static void many_small_commits(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 3, 1000);
    run_open(logged->run);
    uint64_t most = 0;
    for (int64_t step = 0; step < 6000; step++) {
        logged_step(logged, step);
        run_commit(logged->run, NULL, 0);
        if (step % 97 == 0) {
            struct check check = logged_check(logged, 0);
            assert_tail_is_bounded(&check);
            most = check.blocks > most ? check.blocks : most;
            check_finish(&check);
        }
    }
    assert_true(most > 100);
    struct check check = assert_all(logged);
    assert_int_equal(check.chunks, 3);
    check_finish(&check);
}

/* What is in chunks already does not stay in the tail. */
static void the_tail_holds_little_that_is_sealed(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 40, 1000);
    run_open(logged->run);
    for (int64_t step = 0; step < 9000; step++) {
        logged_step(logged, step);
        if (step % 100 == 0)
            run_commit(logged->run, NULL, 0);
    }
    struct check check = assert_all(logged);
    assert_true(check.tail_points <= 2 * check.open + CHUNK_POINTS + 40 * 100);
    check_finish(&check);
}

static void the_least_and_greatest(void **state)
{
    struct logged *logged = *state;
    static const int64_t steps[] = {INT64_MIN, INT64_MIN, -1, 0, INT64_MAX, INT64_MAX, INT64_MIN, INT64_MAX, 0, 0};
    logged_declare(logged, 2, 1000);
    run_open(logged->run);
    for (int round = 0; round < 900; round++)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            int64_t time_us = i % 3 == 0 ? 0 : i % 3 == 1 ? INT64_MAX / 1000 : INT64_MIN / 1000;
            logged_point(logged, (uint32_t)(i % 2), steps[i], time_us, i % 4 ? NAN : DBL_MAX);
        }
    end_and_begin(logged);
    struct check check = assert_all(logged);
    check_finish(&check);
}

/* A block that cannot be read stays where it is for as long as nothing is to be written; then it is kept aside, and
 * what was around it goes on. */
static void a_damaged_block(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 3, 1000);
    run_open(logged->run);
    for (int64_t step = 0; step < 30; step++) {
        logged_step(logged, step);
        run_commit(logged->run, NULL, 0);
    }
    run_close(logged->run, false);
    run_sql(logged->run, "UPDATE tail SET data=substr(data,1,length(data)-1) WHERE id IN (1,7,8,30)");
    run_open(logged->run);
    run_commit(logged->run, NULL, 0);
    run_close(logged->run, false);
    assert_int_equal(run_sql(logged->run, "SELECT count(*) FROM tail WHERE id>0"), 30);
    run_open(logged->run);
    for (int64_t step = 30; step < 40; step++) {
        logged_step(logged, step);
        run_commit(logged->run, NULL, 0);
    }
    struct check check = logged_check(logged, CHECK_LOST | CHECK_HOLES);
    assert_int_equal(check.damaged_blocks, 4);
    assert_int_equal(check.points, 3 * (40 - 4));
    for (uint32_t i = 0; i < 3; i++) { /* the first ones are missed; those between follow each other */
        assert_int_equal(check.series[i].point[0].sequence, 1);
        assert_int_equal(check.series[i].point[0].step, 1);
        assert_int_equal(check.series[i].point[35].step, 39);
        assert_int_equal(check.series[i].logged, 40);
    }
    check_finish(&check);
}

/* Lives that end at once, and a run that is never opened twice by the same server. */
static void dies_again_and_again(void **state)
{
    struct logged *logged = *state;
    logged_declare(logged, 3, 0);
    for (int round = 0; round < 40; round++) {
        logged_steps(logged, logged_random(logged, 3000), 3);
        logged_commit_and_die(logged, logged_random(logged, 3));
    }
    run_open(logged->run);
    struct check check = assert_all(logged);
    check_finish(&check);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, logged_setup, logged_teardown)
    const struct CMUnitTest tests[] = {
        TEST(few_segments),
        TEST(many_segments),
        TEST(nothing_but_segments),
        TEST(one_that_is_long),
        TEST(a_thousand_series),
        TEST(many_small_commits),
        TEST(the_tail_holds_little_that_is_sealed),
        TEST(the_least_and_greatest),
        TEST(a_damaged_block),
        TEST(dies_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
