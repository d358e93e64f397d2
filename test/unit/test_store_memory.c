/* The n-th allocation fails, for each n: nothing is lost, nothing doubled, no sound run.db is taken for a damaged one.
 */
#include "test_store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "no_memory.h"
#include "old_run.h"

static void declare(struct run_folder *run)
{
    struct record loss = series_record(0, "loss", "nats"), lr = setting_record(3, "lr", 0.5, 0);
    struct record prompt = {.kind = RECORD_SETTING}, act = {.kind = RECORD_ACTION}, config = {.kind = RECORD_CONFIG};
    prompt.setting.id = 4;
    prompt.setting.name = text_from("prompt");
    prompt.setting.type = VALUE_STRING;
    prompt.setting.value = (struct value){.type = VALUE_STRING, .text = text_from("once upon a time")};
    act.action.name = text_from("evaluate");
    config.config.name = text_from("seed");
    config.config.json = text_from("1");
    run_train(run);
    run_declare(run, &loss);
    run_declare(run, &lr);
    run_declare(run, &prompt);
    run_declare(run, &act);
    run_declare(run, &config);
}

/* A little of everything that a commit can hold. */
static void happen(struct run_folder *run, int64_t step, uint64_t ticket)
{
    struct record effect = {.kind = RECORD_EFFECT}, words = {.kind = RECORD_EFFECT}, outcome = {.kind = RECORD_OUTCOME},
                  message = {.kind = RECORD_MESSAGE};
    effect.effect.setting = 3;
    effect.effect.value = value_double(1.0 / (double)(step + 1));
    effect.effect.revision = ticket;
    effect.effect.ticket = ticket;
    words.effect.setting = 4;
    words.effect.value = (struct value){.type = VALUE_STRING, .text = text_from(ticket % 2 ? "odd" : "or even")};
    outcome.outcome.ticket = ticket;
    outcome.outcome.outcome = OUTCOME_APPLIED;
    outcome.outcome.pause_step = INT64_MIN;
    outcome.outcome.result = text_from("{\"accuracy\":0.5}");
    outcome.outcome.items = 2;
    outcome.outcome.item[0] = (struct record_item){.setting = 3, .effective = effect.effect.value};
    outcome.outcome.item[1] = (struct record_item){.setting = 4, .requested = words.effect.value};
    message.message.text = text_from("a new best");
    run_step(run, step, 1, (double)step);
    run_put(run, &effect);
    run_put(run, &words);
    run_put(run, &outcome);
    run_put(run, &message);
}

static void in_a_commit(void **state)
{
    struct run_folder *run = *state;
    int64_t step = 0;
    long n = 0;
    declare(run);
    run_open(run);
    for (bool fired = true; fired; n++) {
        struct store_row rows[] = {accepted((uint64_t)n + 1, CODE_ACT, "{}"), said_row((uint64_t)n + 1)};
        struct store_commit commit;
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        happen(run, step++, rows[0].ticket);
        no_memory_after(n);
        int code = run_try_commit(run, rows, 2, &commit);
        fired = no_memory_came();
        assert_true(code == 0 || code == ERR_NOMEM);
        if (code)
            run_commit(run, rows, 2);
    }
    struct run_points points = run_points(run);
    assert_int_equal(points.count, step);
    for (size_t i = 0; i < points.count; i++)
        assert_int_equal(points.point[i].step, i);
    free(points.point);
    struct store_verdict verdict = run_verify(run);
    assert_int_equal(verdict.bad_sequence, 0);
    assert_int_equal(verdict.records, 2 * n);
    assert_int_equal(verdict.open, 0);
    assert_int_equal(run_sql(run, "SELECT count(*) FROM messages"), 2 * n);
    assert_int_equal(
        run_sql(run,
                "SELECT count(*) FROM audit WHERE vals LIKE '{\"settings\":{\"lr\":{%\"prompt\":{%\"o%\"result\":{%'"),
        n);
}

static void count_message(void *context, uint64_t said, uint32_t level, struct text text, const char *by, int64_t step,
                          int64_t time_ns)
{
    (void)said;
    (void)level;
    (void)text;
    (void)by;
    (void)step;
    (void)time_ns;
    ++*(int *)context;
}

static void count_record(void *context, const struct record *record)
{
    (void)record;
    ++*(int *)context;
}

static void while_opening(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(1, CODE_ACT, "{}");
    declare(run);
    run_open(run);
    happen(run, 0, 1);
    run_commit(run, &row, 1);
    run_close(run, false);
    bool fired = true;
    for (long n = 0; fired; n++) {
        int records = 0, messages = 0;
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        no_memory_after(n);
        int code = run_try_open(run, NULL);
        if (code == 0)
            code = store_replay(run->store, count_record, &records, NULL);
        if (code == 0)
            code = store_messages(run->store, count_message, &messages, NULL);
        fired = no_memory_came();
        assert_true(code == ERR_NOMEM || (code == 0 && records == 7 && messages == 1));
        run_close(run, false);
    }
    assert_int_equal(run_count(run, ".", "run.db.damaged"), 0);
}

static void while_reading(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(1, CODE_ACT, "{}");
    struct buf page;
    buf_init(&page);
    declare(run);
    run_open(run);
    happen(run, 0, 1);
    run_commit(run, &row, 1);
    bool fired = true;
    for (long n = 0; fired; n++) {
        struct store_verdict verdict;
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        no_memory_after(n);
        int code = store_reader_open(&run->reader, run->path, false, NULL);
        if (code == 0)
            code = store_verify(run->reader, &verdict, NULL);
        if (code == 0)
            code = store_audit_page(run->reader, 0, 0, 0, &page, NULL);
        fired = no_memory_came();
        assert_true(code == ERR_NOMEM || (code == 0 && verdict.records == 2 && !verdict.bad_sequence));
        assert_int_equal(page.size > 0, code == 0);
        buf_finish(&page);
        store_reader_close(run->reader);
        run->reader = NULL;
    }
}

/* ---- what is rare in a commit ---- */

/* For each n, later on for some, from the same beginning to the same end: it fails alone, or all after it do. */
static void each_allocation(struct logged *logged, const struct buf *base, unsigned allow, uint64_t points)
{
    struct run_folder *run = logged->run;
    bool came = true;
    unsigned round = 0;
    for (long n = 0; came; n += 1 + n / 30, round++) {
        struct store_commit commit;
        int code, tries = 0;
        logged_begin_again(logged, base);
        run_open(run);
        if (round % 2)
            no_memory_after(n);
        else
            no_memory_once(n);
        do {
            code = run_try_commit(run, NULL, 0, &commit);
        } while (!code && commit.more && ++tries < 200);
        came = no_memory_came();
        assert_true(tries < 200);
        if (code && ((code != ERR_NOMEM && code != ERR_SYSTEM) || !came)) /* SQLite calls it so where it begins a WAL */
            fail_msg("%ld: %d", n, code);
        run_commit(run, NULL, 0);
        struct check check = logged_check(logged, allow);
        assert_int_equal(check.points, points);
        check_finish(&check);
        run_close(run, false);
        assert_int_equal(run_count(run, ".", "run.db.damaged"), 0);
    }
}

static void sealing(void **state)
{
    struct logged *logged = *state;
    struct buf base = logged_base(logged, "");
    each_allocation(logged, &base, 0, logged->points);
    buf_finish(&base);
}

static void making_roll_ups_anew(void **state)
{
    struct logged *logged = *state;
    struct buf base = logged_base(logged, "DELETE FROM rollups");
    each_allocation(logged, &base, CHECK_SEAMS, logged->points);
    buf_finish(&base);
}

static void setting_a_block_aside(void **state)
{
    struct logged *logged = *state;
    struct buf base = logged_base(logged, "UPDATE tail SET data=substr(data,1,30) WHERE id=2");
    each_allocation(logged, &base, CHECK_HOLES, logged->points - 1);
    buf_finish(&base);
}

static void converting_an_old_run(void **state)
{
    struct logged *logged = *state;
    old_run_make(logged, 5, 400);
    logged_segments(logged, 30);
    struct buf base = logged_contents(logged, "run.db");
    each_allocation(logged, &base, CHECK_LOST, logged->points);
    buf_finish(&base);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
#define LOGGED(name) cmocka_unit_test_setup_teardown(name, logged_setup, logged_teardown)
    const struct CMUnitTest tests[] = {
        TEST(in_a_commit),
        TEST(while_opening),
        TEST(while_reading),
        LOGGED(sealing),
        LOGGED(making_roll_ups_anew),
        LOGGED(setting_a_block_aside),
        LOGGED(converting_an_old_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
