/* The built-in setting pause_on_nonfinite. */
#include "test_trainer.h"

#include <math.h>

#define NONFINITE 1u /* its id */

/* Taken in the pause, where the control point would stay. */
static void ask_to_resume(struct server *server)
{
    (void)server_ask(server, MAILBOX_RESUME, 0, MAILBOX_NO_STEP);
}

static void switch_it(struct server *server, int64_t on, int64_t *step)
{
    uint64_t ticket = server_set(server, NONFINITE, value_integer(VALUE_BOOL, on), MAILBOX_ANY_REVISION);

    assert_int_equal(server_answer(server, ticket, step)->outcome, OUTCOME_APPLIED);
}

static void is_declared_by_the_library(void **state)
{
    struct server *server = *state;
    bool mine = false;

    server_open(server, NULL);
    const struct record *record = server_next(server, RECORD_SETTING);
    assert_non_null(record);
    assert_text(record->setting.name, "pause_on_nonfinite");
    assert_int_equal(record->setting.id, NONFINITE);
    assert_int_equal(record->setting.type, VALUE_BOOL);
    assert_int_equal(record->setting.value.integer, 0);
    assert_true(record->setting.doc.size > 0);
    assert_int_equal(trimtab_setting_bool(server->run, "pause_on_nonfinite", &mine, NULL), TRIMTAB_DUPLICATE);
    assert_int_equal(server->run->watches + server->run->getters, 0); /* it costs a control point nothing */
}

static void does_not_pause_while_off(void **state)
{
    struct server *server = *state;
    int64_t step = 1;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "train/loss", NULL);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, loss, NAN);
    step = 2;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    switch_it(server, 1, &step); /* what was logged before it was on does not count */
    step = 3;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_null(server_next(server, RECORD_STATE));
}

static void pauses_at_the_next_control_point(void **state)
{
    struct server *server = *state;
    int64_t step = 1;

    server_open(server, NULL);
    (void)server_expect(server, RECORD_STATE);
    trimtab_series loss = trimtab_series_declare(server->run, "train/loss", NULL);
    trimtab_series norm = trimtab_series_declare(server->run, "norm", NULL);
    switch_it(server, 1, &step);
    for (step = 2; step < 50; step++)
        assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, norm, 1);
    trimtab_log_at(server->run, loss, 7, -INFINITY);
    trimtab_log(server->run, norm, NAN); /* the first one is named */
    ask_to_resume(server);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text, "train/loss is -Infinity at step 7");
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text, "norm is NaN at step 49");
    const struct record *record = server_expect(server, RECORD_MESSAGE);
    assert_text(record->message.text, "paused at step 50: train/loss is -Infinity (pause_on_nonfinite)");
    assert_int_equal(record->message.level, TRIMTAB_WARNING);
    record = server_expect(server, RECORD_STATE);
    assert_int_equal(record->state.state, RUN_PAUSED);
    assert_int_equal(record->state.ticket, 0);
    assert_int_equal(record->step, 50);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_RUNNING);
    /* Each one pauses, also of a series whose first was told. */
    step = 51;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, norm, INFINITY);
    ask_to_resume(server);
    step = 52;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text,
                "paused at step 52: norm is Infinity (pause_on_nonfinite)");
    (void)server_expect(server, RECORD_OUTCOME);
    /* Until it is switched off. */
    switch_it(server, 0, &step);
    trimtab_log(server->run, norm, NAN);
    step = 53;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(server_count(server, RECORD_MESSAGE), 0);
}

struct model {
    trimtab_run *run;
    trimtab_series loss;
    double number;
};

static int log_nan(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct model *model = user;

    (void)args;
    (void)result;
    trimtab_log_at(model->run, model->loss, 3, NAN);
    return 0;
}

/* Logged inside a control point, by an action or a getter: the next one pauses. */
static void inside_a_control_point(void **state)
{
    struct server *server = *state;
    struct model model = {.run = server_open(server, NULL)};
    int64_t step = 1;

    model.loss = trimtab_series_declare(server->run, "loss", NULL);
    trimtab_action(server->run, "evaluate", log_nan, &model);
    switch_it(server, 1, &step);
    uint64_t ticket = server_act(server, 1);
    assert_int_equal(server_answer(server, ticket, &step)->outcome, OUTCOME_APPLIED);
    assert_int_equal(server->run->state, RUN_RUNNING);
    assert_true(server->run->alarm_step == INT64_MIN); /* the next one looks, for no other reason than this */
    ask_to_resume(server);
    step = 2;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text,
                "paused at step 2: loss is NaN (pause_on_nonfinite)");
}

static void get_and_log(void *user, trimtab_value *value)
{
    struct model *model = user;

    value->number = 1;
    trimtab_log(model->run, model->loss, model->number);
}

static int set_never(void *user, trimtab_value *value, trimtab_result *why)
{
    (void)user;
    (void)value;
    return trimtab_result_fail(why, "never");
}

static void inside_a_getter(void **state)
{
    struct server *server = *state;
    struct model model = {.run = server_open(server, NULL), .number = 1};
    trimtab_setting setting = {
        .name = "odd", .value = {.type = TRIMTAB_TYPE_DOUBLE}, .set = set_never, .get = get_and_log, .user = &model};
    int64_t step = 1;

    model.loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_int_equal(trimtab_setting_declare(server->run, &setting), TRIMTAB_OK);
    switch_it(server, 1, &step);
    model.number = NAN;
    step = 2;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_true(server->run->alarm_step == INT64_MIN); /* the next one looks, for no other reason than this */
    model.number = 1;
    ask_to_resume(server);
    step = 3;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text, "loss is NaN at step 1");
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text,
                "paused at step 3: loss is NaN (pause_on_nonfinite)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_declared_by_the_library), TEST(does_not_pause_while_off), TEST(pauses_at_the_next_control_point),
        TEST(inside_a_control_point),     TEST(inside_a_getter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
