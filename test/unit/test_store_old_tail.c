/* A run.db as the trimtab before this one made it (schema 2): its points become chunks. */
#include "old_run.h"

#include <string.h>

#define BLOBS 14
#define STEPS 30000 /* in a blob: of about a MiB */

static void assert_converted(struct logged *logged, const struct old_run *old)
{
    struct check check = logged_check(logged, old->damaged ? CHECK_LOST : 0);
    assert_int_equal(check.damaged_blocks, old->damaged);
    assert_int_equal(check.points, logged->points);
    uint64_t ever = 0;
    for (uint32_t i = 0; i < OLD_SERIES; i++)
        ever += check.series[i].logged;
    assert_int_equal(ever, logged->points + old->lost);
    check_finish(&check);
    assert_int_equal(run_sql(logged->run, "SELECT count(*) FROM sqlite_schema WHERE name='tail_2'"), 0);
    assert_int_equal(run_sql(logged->run, "PRAGMA user_version"), STORE_SCHEMA);
}

/* ---- */

/* In slices, of which any may be the last of its server; what the journal holds comes after all of it. */
static void a_large_one(void **state)
{
    struct logged *logged = *state;
    struct old_run old = old_run_make(logged, BLOBS, STEPS);
    logged_steps(logged, 3000, 10); /* in the journal before it is opened */
    unsigned lives = 0;
    logged_commit_and_die(logged, 0);
    assert_int_equal(run_sql(logged->run, "PRAGMA user_version"), STORE_SCHEMA);
    for (; run_sql(logged->run, "SELECT count(*) FROM sqlite_schema WHERE name='tail_2'"); lives++) {
        logged_commit_and_die(logged, lives != 1);
        struct check check = logged_check(logged, CHECK_LOST | CHECK_SO_FAR);
        check_finish(&check);
    }
    assert_true(lives > 2);
    logged_steps(logged, 3000, 10);
    run_open(logged->run);
    assert_string_equal(logged->run->notice, "");
    run_commit(logged->run, NULL, 0);
    assert_converted(logged, &old);
    int64_t kept = run_sql(logged->run, "SELECT count(*) FROM tail WHERE id<0 AND length(data)>16");
    assert_int_equal(kept, 3); /* the fourth is the empty one */
}

/* A server that ends before it has come to any of it does it all. */
static void at_the_end_of_a_server(void **state)
{
    struct logged *logged = *state;
    struct old_run old = old_run_make(logged, 2, 5000);
    struct store_commit commit = {.finish = true};
    logged_steps(logged, 100, 0);
    run_open(logged->run);
    assert_int_equal(store_commit(logged->run->store, &commit, NULL), 0);
    assert_false(commit.more);
    assert_converted(logged, &old);
}

/* Without points there is nothing to be converted, and of what is not there no trace. */
static void an_empty_one(void **state)
{
    struct logged *logged = *state;
    struct old_run old = old_run_make(logged, 0, 0);
    run_open(logged->run);
    assert_int_equal(run_sql(logged->run, "SELECT count(*) FROM sqlite_schema WHERE name='tail_2'"), 0);
    logged_steps(logged, 1000, 0);
    run_commit(logged->run, NULL, 0);
    assert_converted(logged, &old);
}

/* Who only reads is told what to do; what does not change with the schema can be read all the same. */
static void only_read(void **state)
{
    struct logged *logged = *state;
    struct store_points_ask ask = {.each = NULL};
    struct store_verdict verdict;
    struct err err = {0};
    old_run_make(logged, 2, 100);
    struct store_reader *reader = run_reader(logged->run);
    assert_int_equal(store_points(reader, &ask, &err), ERR_VERSION);
    assert_non_null(strstr(err.text, "made by an older trimtab"));
    assert_non_null(strstr(err.text, "trimtab serve"));
    assert_int_equal(store_verify(reader, &verdict, &err), 0);
    assert_int_equal(run_sql(logged->run, "PRAGMA user_version"), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, logged_setup, logged_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_large_one),
        TEST(at_the_end_of_a_server),
        TEST(an_empty_one),
        TEST(only_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
