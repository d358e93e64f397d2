/* What is declared and recorded. */
#include "test_trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- declarations ---- */

static void declares(void **state)
{
    struct server *server = *state;
    static const char *const choices[] = {"sgd", "adam", NULL};
    double lr = 0.5;
    int64_t batch = 32;
    bool frozen = true;
    int optimizer = 1;

    server_open(server, NULL);
    assert_int_equal(trimtab_setting_double(server->run, "lr", &lr, 0, 1, "rate"), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_int(server->run, "batch", &batch, 1, 512, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_bool(server->run, "frozen", &frozen, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_choice(server->run, "optimizer", &optimizer, choices, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL), TRIMTAB_DUPLICATE);
    assert_int_equal(trimtab_setting_double(server->run, "", &lr, 0, 1, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_double(server->run, "x", &lr, 1, 0, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_double(server->run, "x", &lr, 0, NAN, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_double(server->run, "x", NULL, 0, 1, NULL), TRIMTAB_INVALID);
    const struct record_setting *setting = &server_expect(server, RECORD_SETTING)->setting;
    assert_int_equal(setting->id, FIRST);
    assert_text(setting->name, "lr");
    assert_text(setting->doc, "rate");
    assert_true(setting->bounded);
    assert_float_equal(setting->max.number, 1, 0);
    assert_float_equal(setting->value.number, 0.5, 0);
    assert_int_equal(setting->revision, 0);
    assert_int_equal(server_expect(server, RECORD_SETTING)->setting.value.integer, 32);
    assert_int_equal(server_expect(server, RECORD_SETTING)->setting.type, VALUE_BOOL);
    setting = &server_expect(server, RECORD_SETTING)->setting;
    assert_int_equal(setting->choices, 2);
    assert_text(setting->choice[1], "adam");
    assert_int_equal(setting->value.integer, 1);
}

static void a_range_may_have_one_side(void **state)
{
    struct server *server = *state;
    double lr = 0.5;
    int64_t batch = 32;

    server_open(server, NULL);
    assert_int_equal(trimtab_setting_double(server->run, "lr", &lr, 0, INFINITY, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_int(server->run, "batch", &batch, INT64_MIN, 64, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_double(server->run, "free", &lr, -INFINITY, INFINITY, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_int(server->run, "all", &batch, INT64_MIN, INT64_MAX, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_double(server->run, "x", &lr, INFINITY, INFINITY, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_double(server->run, "x", &lr, -INFINITY, -INFINITY, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_double(server->run, "x", &lr, NAN, INFINITY, NULL), TRIMTAB_INVALID);
    const struct record_setting *setting = &server_expect(server, RECORD_SETTING)->setting;
    assert_true(setting->bounded && setting->min.number == 0 && setting->max.number == INFINITY);
    setting = &server_expect(server, RECORD_SETTING)->setting;
    assert_true(setting->bounded && setting->min.integer == INT64_MIN && setting->max.integer == 64);
    assert_false(server_expect(server, RECORD_SETTING)->setting.bounded);
    assert_false(server_expect(server, RECORD_SETTING)->setting.bounded);
}

static void declares_series_and_config(void **state)
{
    struct server *server = *state;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", "nats");
    assert_int_equal(loss.id, 1);
    assert_int_equal(trimtab_series_declare(server->run, "loss", NULL).id, 1);
    assert_int_equal(trimtab_series_declare(server->run, "acc", NULL).id, 2);
    assert_int_equal(trimtab_series_declare(server->run, "a\xff", NULL).id, 0);
    assert_int_equal(trimtab_config(server->run, "model", "{\"layers\":4}"), TRIMTAB_OK);
    assert_int_equal(trimtab_config(server->run, "model", "{\"layers\":8}"), TRIMTAB_OK);
    assert_int_equal(trimtab_config(server->run, "model", ""), TRIMTAB_INVALID);
    assert_int_equal(trimtab_config(server->run, "model", "\xff"), TRIMTAB_INVALID);
    assert_text(server_expect(server, RECORD_SERIES)->series.unit, "nats");
    assert_text(server_config(server, "model")->config.json, "{\"layers\":4}");
    assert_text(server_config(server, "model")->config.json, "{\"layers\":8}");
}

static void says_what_happened(void **state)
{
    struct server *server = *state;

    server_open(server, NULL);
    assert_int_equal(trimtab_checkpoint(server->run, "best", "/x/best.bin", 12), TRIMTAB_OK);
    assert_int_equal(trimtab_checkpoint(server->run, "", NULL, 12), TRIMTAB_INVALID);
    assert_int_equal(trimtab_message(server->run, TRIMTAB_ERROR, "too hot"), TRIMTAB_OK);
    assert_int_equal(trimtab_message(server->run, (trimtab_level)9, "x"), TRIMTAB_INVALID);
    assert_int_equal(trimtab_message(server->run, TRIMTAB_INFO, NULL), TRIMTAB_INVALID);
    const struct record *record = server_expect(server, RECORD_CHECKPOINT);
    assert_text(record->checkpoint.path, "/x/best.bin");
    assert_int_equal(record->checkpoint.bytes, 12);
    record = server_expect(server, RECORD_MESSAGE);
    assert_int_equal(record->message.level, 3);
    assert_text(record->message.text, "too hot");
}

static void declarations_have_an_end(void **state)
{
    struct server *server = *state;
    char name[64];
    uint32_t made = 0;
    int64_t step = 0;

    server_open(server, NULL);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "layer/%d/gradient", i);
        made += trimtab_series_declare(server->run, name, NULL).id > 0 ? 1 : 0;
    }
    assert_int_equal(made, TRIMTAB_SERIES_MAX);
    assert_non_null(strstr(trimtab_error(server->run), "4096"));
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(server_count(server, RECORD_SERIES), TRIMTAB_SERIES_MAX);
}

static void declarations_have_a_size(void **state)
{
    struct server *server = *state;
    char *json = malloc(TRIMTAB_CONFIG_MAX + 2), name[32];
    int made = 0, code = TRIMTAB_OK;

    server_open(server, NULL);
    memset(json, '1', TRIMTAB_CONFIG_MAX + 1);
    json[TRIMTAB_CONFIG_MAX + 1] = 0;
    assert_int_equal(trimtab_config(server->run, "big", json), TRIMTAB_INVALID);
    json[TRIMTAB_CONFIG_MAX] = 0;
    for (; made < 100 && code == TRIMTAB_OK; made++) {
        snprintf(name, sizeof name, "big%d", made);
        code = trimtab_config(server->run, name, json);
    }
    assert_int_equal(code, TRIMTAB_LIMIT);
    assert_true(made > 10 && made < 20);
    /* What stands can be replaced, and each segment still begins with all of it. */
    assert_int_equal(trimtab_config(server->run, "big0", "0"), TRIMTAB_OK);
    assert_int_equal(trimtab_config(server->run, name, json), TRIMTAB_OK);
    assert_int_equal(trimtab_config(server->run, "big0", json), TRIMTAB_LIMIT);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    for (int i = 0; i < 200000; i++)
        trimtab_log(server->run, loss, i);
    assert_int_equal(trimtab_dropped(server->run), 0);
    free(json);
}

/* ---- scalars ---- */

static void logs(void **state)
{
    struct server *server = *state;
    int64_t step = 41;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, loss, 0.25);
    assert_null(server_next(server, RECORD_SCALAR));
    step++;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    const struct record *record = server_expect(server, RECORD_SCALAR);
    assert_int_equal(record->step, 41);
    assert_float_equal(record->scalar.value, 0.25, 0);
    trimtab_log(server->run, loss, 0.5);
    trimtab_flush(server->run);
    assert_int_equal(server_expect(server, RECORD_SCALAR)->step, 42);
    trimtab_log_at(server->run, loss, -3, 0.125);
    record = server_expect(server, RECORD_SCALAR_AT);
    assert_int_equal(record->step, -3);
    assert_true(record->time_ns > 0);
    trimtab_log(server->run, (trimtab_series){0}, 1);
    trimtab_log(server->run, (trimtab_series){9}, 1);
    trimtab_flush(server->run);
    assert_null(server_next(server, RECORD_SCALAR));
}

static void tells_the_first_nonfinite(void **state)
{
    struct server *server = *state;
    int64_t step = 12;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "train/loss", NULL);
    trimtab_series norm = trimtab_series_declare(server->run, "norm", NULL);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, loss, 1);
    trimtab_log(server->run, loss, NAN);
    trimtab_log(server->run, loss, INFINITY);
    trimtab_log_at(server->run, norm, 3, -INFINITY);
    const struct record *record = server_expect(server, RECORD_MESSAGE);
    assert_int_equal(record->message.level, TRIMTAB_WARNING);
    assert_text(record->message.text, "train/loss is NaN at step 12");
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text, "norm is -Infinity at step 3");
    assert_null(server_next(server, RECORD_MESSAGE));
}

static void drops_and_counts(void **state)
{
    struct server *server = *state;
    uint64_t given = 300000, dropped;
    int64_t step = 1;
    double lr = 0.5;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_int_equal(trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL), TRIMTAB_OK);
    server->run->journal.limits.bytes_max = SEGMENT_SIZE;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    for (uint64_t i = 0; i < given; i++)
        trimtab_log(server->run, loss, 1);
    dropped = trimtab_dropped(server->run);
    assert_true(dropped > 0 && dropped < given);
    /* Requests still have their room. */
    assert_int_equal(server_answer(server, server_set(server, FIRST, value_double(0.25), 0), &step)->outcome,
                     OUTCOME_APPLIED);
    /* A schedule cannot take it from them. */
    for (step = 2; step < 5000; step++) {
        lr = (double)step / 10000;
        assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    }
    assert_int_equal(server_answer(server, server_set(server, FIRST, value_double(0.25), 1), &step)->outcome,
                     OUTCOME_APPLIED);
    assert_int_equal(trimtab_dropped(server->run), dropped);
    server->run->journal.limits.bytes_max = JOURNAL_BYTES_MAX;
    server->run->journal.retry_ns = 0;
    trimtab_log(server->run, loss, 2);
    trimtab_flush(server->run);
    const struct record *record = server_expect(server, RECORD_GAP);
    assert_int_equal(record->gap.scalars, dropped);
    assert_float_equal(server_expect(server, RECORD_SCALAR)->scalar.value, 2, 0);
}

static void refuses_steps_out_of_range(void **state)
{
    struct server *server = *state;
    int64_t step = RECORD_STEP_MAX + 1;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(step, RECORD_STEP_MAX + 1);
    assert_non_null(strstr(trimtab_error(server->run), "2^55"));
    trimtab_log(server->run, loss, 1);
    trimtab_log_at(server->run, loss, INT64_MIN, 1);
    assert_int_equal(trimtab_dropped(server->run), 2);
    step = RECORD_STEP_MIN;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, loss, 2);
    trimtab_flush(server->run);
    const struct record *record = server_expect(server, RECORD_SCALAR);
    assert_int_equal(record->step, RECORD_STEP_MIN);
    assert_float_equal(record->scalar.value, 2, 0);
}

static void stops_at_total_steps(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.total_steps = 3};
    int64_t step = 0;

    server_open(server, &options);
    while (trimtab_control_point(server->run, &step) != TRIMTAB_STOP)
        step++;
    assert_int_equal(step, 3);
    assert_int_equal(server->mailbox.map->step, 3);
    assert_int_equal(server->mailbox.map->control_points, 4);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_RUNNING);
    assert_null(server_next(server, RECORD_STATE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(declares),
        TEST(a_range_may_have_one_side),
        TEST(declares_series_and_config),
        TEST(says_what_happened),
        TEST(declarations_have_an_end),
        TEST(declarations_have_a_size),
        TEST(logs),
        TEST(tells_the_first_nonfinite),
        TEST(drops_and_counts),
        TEST(refuses_steps_out_of_range),
        TEST(stops_at_total_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
