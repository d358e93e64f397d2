/* What the trainer and the clients have said is kept once, and given back. */
#include "test_store.h"

#include <stdio.h>

struct told {
    uint64_t said;
    uint32_t level;
    char text[32], by[32];
    int64_t step, time_ns;
};

struct all_told {
    struct told told[LIMIT_MESSAGES_SHOWN];
    size_t count;
};

static void add_told(void *context, uint64_t said, uint32_t level, struct text text, const char *by, int64_t step,
                     int64_t time_ns)
{
    struct all_told *all = context;
    assert_true(all->count < LIMIT_MESSAGES_SHOWN);
    struct told *told = &all->told[all->count++];
    *told = (struct told){.said = said, .level = level, .step = step, .time_ns = time_ns};
    snprintf(told->text, sizeof told->text, "%.*s", (int)text.size, text.data);
    snprintf(told->by, sizeof told->by, "%s", by);
}

static struct all_told messages(struct run_folder *run)
{
    struct all_told all = {0};
    assert_int_equal(store_messages(run->store, add_told, &all, NULL), 0);
    return all;
}

static void assert_told(const struct told *told, struct told expected)
{
    assert_int_equal(told->said, expected.said);
    assert_int_equal(told->level, expected.level);
    assert_string_equal(told->text, expected.text);
    assert_string_equal(told->by, expected.by);
    assert_int_equal(told->step, expected.step);
    assert_int_equal(told->time_ns, expected.time_ns);
}

static void messages_come_back(void **state)
{
    struct run_folder *run = *state;
    struct record message = {.kind = RECORD_MESSAGE, .step = 3, .time_ns = 4, .message = {3, text_from("no data")}};
    struct store_row rows[] = {said_row(1), said_row(2)};
    struct store_begin begin;
    rows[1].step_known = false;
    run_train(run);
    run_open(run);
    assert_int_equal(messages(run).count, 0);
    run_commit(run, rows, 1);
    run_put(run, &message);
    run_commit(run, NULL, 0);
    run_commit(run, rows, 2); /* the first one again, as after a commit of which nobody knows */
    struct all_told all = messages(run);
    assert_int_equal(all.count, 3);
    assert_told(&all.told[0], (struct told){1, 2, "it looks odd", "anna", 412, 1700000002000000000});
    assert_told(&all.told[1], (struct told){0, 3, "no data", "trainer", 3, 4});
    assert_told(&all.told[2], (struct told){2, 2, "it looks odd", "anna", MAILBOX_NO_STEP, 1700000002000000000});
    assert_int_equal(store_begin(run->store, &begin, NULL), 0);
    assert_int_equal(begin.next_said, 3);
}

static void the_newest_messages_come_back(void **state)
{
    struct run_folder *run = *state;
    run_train(run);
    run_open(run);
    for (uint64_t i = 1; i <= LIMIT_MESSAGES_SHOWN + 5; i++) {
        struct store_row row = said_row(i);
        run_commit(run, &row, 1);
    }
    run_close(run, false);
    run_open(run);
    struct all_told all = messages(run);
    assert_int_equal(all.count, LIMIT_MESSAGES_SHOWN);
    for (size_t i = 0; i < all.count; i++)
        assert_int_equal(all.told[i].said, i + 6);
}

/* A run.db of the first schema, which knew no clients' messages. */
static void an_older_run(void **state)
{
    struct run_folder *run = *state;
    struct record message = {.kind = RECORD_MESSAGE, .message = {1, text_from("of old")}};
    struct store_row row = said_row(1);
    run_train(run);
    run_open(run);
    run_put(run, &message);
    run_commit(run, NULL, 0);
    run_close(run, false);
    run_sql(run, "DROP TABLE chunks; DROP TABLE rollups; DROP TABLE tail;"
                 "CREATE TABLE tail(id INTEGER PRIMARY KEY, points INTEGER NOT NULL, rows BLOB NOT NULL);"
                 "DROP INDEX messages_said; ALTER TABLE messages DROP COLUMN said; PRAGMA user_version=1");
    run_open(run);
    assert_string_equal(run->notice, "");
    run_commit(run, &row, 1);
    run_commit(run, &row, 1);
    struct all_told all = messages(run);
    assert_int_equal(all.count, 2);
    assert_string_equal(all.told[0].text, "of old");
    assert_int_equal(all.told[0].said, 0);
    assert_int_equal(all.told[1].said, 1);
    assert_int_equal(run_sql(run, "PRAGMA user_version"), STORE_SCHEMA);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
    const struct CMUnitTest tests[] = {
        TEST(messages_come_back),
        TEST(the_newest_messages_come_back),
        TEST(an_older_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
