/* Setting values: checks, revisions, setters, setting back, what the trainer's own code changes. */
#include "test_trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void sets(void **state)
{
    struct server *server = *state;
    static const char *const choices[] = {"sgd", "adam", NULL};
    double lr = 0.5;
    int64_t batch = 32, step = 9;
    bool frozen = false;
    int optimizer = 0;

    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL);
    trimtab_setting_int(server->run, "batch", &batch, 1, 512, NULL);
    trimtab_setting_bool(server->run, "frozen", &frozen, NULL);
    trimtab_setting_choice(server->run, "optimizer", &optimizer, choices, NULL);
    struct mailbox_request request = {
        .kind = MAILBOX_SET, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP, .items = 4};
    request.item[0] = (struct mailbox_item){FIRST, 0, value_double(0.125)};
    request.item[1] = (struct mailbox_item){FIRST + 1, MAILBOX_ANY_REVISION, value_integer(VALUE_INT, 64)};
    request.item[2] = (struct mailbox_item){FIRST + 2, MAILBOX_ANY_REVISION, value_integer(VALUE_BOOL, 1)};
    request.item[3] = (struct mailbox_item){FIRST + 3, MAILBOX_ANY_REVISION, value_integer(VALUE_CHOICE, 1)};
    uint64_t ticket = server_post(server, &request);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_float_equal(lr, 0.125, 0);
    assert_int_equal(batch, 64);
    assert_true(frozen);
    assert_int_equal(optimizer, 1);
    const struct record *record = server_expect(server, RECORD_EFFECT);
    assert_int_equal(record->effect.setting, FIRST);
    assert_float_equal(record->effect.value.number, 0.125, 0);
    assert_int_equal(record->effect.revision, 1);
    assert_int_equal(record->effect.ticket, ticket);
    assert_int_equal(record->effect.overrides, 0);
    const struct record_outcome *outcome = server_outcome(server, ticket, OUTCOME_APPLIED);
    assert_true(outcome->changed);
    assert_int_equal(outcome->items, 4);
    assert_float_equal(outcome->item[0].old.number, 0.5, 0);
    assert_float_equal(outcome->item[0].requested.number, 0.125, 0);
    assert_float_equal(outcome->item[0].effective.number, 0.125, 0);
    assert_int_equal(outcome->item[0].revision, 1);
    assert_int_equal(outcome->item[1].effective.integer, 64);
    assert_int_equal(server->record.step, 9);
    step = 10;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_null(server_next(server, RECORD_EFFECT));
}

static void expects_revisions(void **state)
{
    struct server *server = *state;
    double lr = 0.5;
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL);
    uint64_t first = server_set(server, FIRST, value_double(0.1), 0);
    uint64_t second = server_set(server, FIRST, value_double(0.2), 0);
    uint64_t third = server_set(server, FIRST, value_double(0.1), 1);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    server_outcome(server, first, OUTCOME_APPLIED);
    const struct record_outcome *outcome = server_outcome(server, second, OUTCOME_REFUSED);
    assert_int_equal(outcome->error, 50);
    assert_text(outcome->detail, "setting lr has revision 1, expected 0");
    assert_int_equal(outcome->items, 0);
    outcome = server_outcome(server, third, OUTCOME_APPLIED);
    assert_false(outcome->changed);
    assert_int_equal(outcome->item[0].revision, 2);
    assert_float_equal(lr, 0.1, 0);
}

static void a_schedule_overrides(void **state)
{
    struct server *server = *state;
    double lr = 0.5;
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL);
    uint64_t ticket = server_set(server, FIRST, value_double(0.1), 0);
    (void)server_answer(server, ticket, &step);
    lr = 0.3;
    step = 1;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    lr = 0.2;
    step = 2;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    const struct record *record = server_expect(server, RECORD_EFFECT);
    assert_int_equal(record->step, 1);
    assert_int_equal(record->effect.ticket, 0);
    assert_int_equal(record->effect.overrides, ticket);
    assert_int_equal(record->effect.revision, 1);
    assert_int_equal(server_expect(server, RECORD_EFFECT)->effect.overrides, 0);
    lr = -0.0;
    step = 3;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    (void)server_expect(server, RECORD_EFFECT);
    lr = 0.0; /* equal, but not the same bits */
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    (void)server_expect(server, RECORD_EFFECT);
    lr = NAN;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    (void)server_expect(server, RECORD_EFFECT);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_null(server_next(server, RECORD_EFFECT));
}

static void refuse_value(struct server *server, uint32_t id, struct value value, const char *detail)
{
    int64_t step = 0;
    const struct record_outcome *outcome =
        server_answer(server, server_set(server, id, value, MAILBOX_ANY_REVISION), &step);

    assert_int_equal(outcome->outcome, OUTCOME_REFUSED);
    assert_int_equal(outcome->error, 46);
    assert_text(outcome->detail, detail);
}

static void checks_values(void **state)
{
    struct server *server = *state;
    static const char *const choices[] = {"sgd", "adam", NULL};
    double lr = 0.5, free_double = 1;
    int64_t batch = 32, free_int = 0, step = 0;
    bool frozen = false;
    int optimizer = 0;

    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL);
    trimtab_setting_int(server->run, "batch", &batch, 1, 512, NULL);
    trimtab_setting_bool(server->run, "frozen", &frozen, NULL);
    trimtab_setting_choice(server->run, "optimizer", &optimizer, choices, NULL);
    trimtab_setting_double(server->run, "scale", &free_double, 0, 0, NULL);
    trimtab_setting_int(server->run, "seed", &free_int, 0, 0, NULL);
    refuse_value(server, FIRST, value_double(1.5), "setting lr cannot be 1.5: its greatest is 1");
    refuse_value(server, FIRST, value_double(-0.1), "setting lr cannot be -0.1: its least is 0");
    refuse_value(server, FIRST, value_double(NAN), "setting lr takes a finite number");
    refuse_value(server, FIRST, value_integer(VALUE_INT, 1), "setting lr takes a double, not an int");
    refuse_value(server, FIRST + 1, value_integer(VALUE_INT, 0), "setting batch cannot be 0: its least is 1");
    refuse_value(server, FIRST + 3, value_integer(VALUE_CHOICE, 2),
                 "setting optimizer has 2 choices, none with index 2");
    refuse_value(server, FIRST + 4, value_double(INFINITY), "setting scale takes a finite number");
    trimtab_setting_double(server->run, "decay", &free_double, 0, INFINITY, NULL);
    trimtab_setting_int(server->run, "least", &free_int, INT64_MIN, 5, NULL);
    refuse_value(server, FIRST + 6, value_double(-1), "setting decay cannot be -1: its least is 0");
    refuse_value(server, FIRST + 6, value_double(INFINITY), "setting decay takes a finite number");
    refuse_value(server, FIRST + 7, value_integer(VALUE_INT, 6), "setting least cannot be 6: its greatest is 5");
    refuse_value(server, FIRST + 8, value_double(0), "the run has no setting 10");
    refuse_value(server, 0, value_double(0), "the run has no setting 0");
    uint64_t ticket = server_set(server, FIRST + 5, value_integer(VALUE_INT, INT64_MIN), MAILBOX_ANY_REVISION);
    assert_int_equal(server_answer(server, ticket, &step)->outcome, OUTCOME_APPLIED);
    assert_true(free_int == INT64_MIN);
    assert_float_equal(lr, 0.5, 0);
}

struct knob {
    double value, least_step;
    int calls, refuse_after; /* refuses from this call on; 0: never */
};

static int knob_set(void *user, trimtab_value *value, trimtab_result *why)
{
    struct knob *knob = user;

    if (knob->refuse_after > 0 && ++knob->calls >= knob->refuse_after)
        return trimtab_result_fail(why, "the knob is stuck at %g", knob->value);
    if (knob->least_step > 0)
        value->number = knob->least_step * floor(value->number / knob->least_step);
    knob->value = value->number;
    return 0;
}

static void knob_get(void *user, trimtab_value *value)
{
    value->number = ((struct knob *)user)->value;
}

static void declare_knob(struct server *server, const char *name, struct knob *knob, bool readable)
{
    trimtab_setting setting = {.name = name,
                               .value = {.type = TRIMTAB_TYPE_DOUBLE, .number = knob->value},
                               .set = knob_set,
                               .get = readable ? knob_get : NULL,
                               .user = knob};

    assert_int_equal(trimtab_setting_declare(server->run, &setting), TRIMTAB_OK);
}

static void tells_what_a_setter_took(void **state)
{
    struct server *server = *state;
    struct knob knob = {.value = 1, .least_step = 0.5}, silent = {.value = 2, .least_step = 0.5};
    int64_t step = 0;

    server_open(server, NULL);
    declare_knob(server, "knob", &knob, true);
    declare_knob(server, "silent", &silent, false);
    for (uint32_t id = FIRST; id < FIRST + 2; id++) {
        const struct record_outcome *outcome =
            server_answer(server, server_set(server, id, value_double(3.7), 0), &step);
        assert_float_equal(outcome->item[0].requested.number, 3.7, 0);
        assert_float_equal(outcome->item[0].effective.number, 3.5, 0);
    }
    knob.value = silent.value = 9;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_float_equal(server_expect(server, RECORD_EFFECT)->effect.value.number, 9, 0);
    assert_null(server_next(server, RECORD_EFFECT));
}

static uint64_t set_three(struct server *server)
{
    struct mailbox_request request = {
        .kind = MAILBOX_SET, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP, .items = 3};

    for (uint32_t i = 0; i < 3; i++)
        request.item[i] = (struct mailbox_item){FIRST + i, MAILBOX_ANY_REVISION, value_double(0.75)};
    return server_post(server, &request);
}

static void sets_back(void **state)
{
    struct server *server = *state;
    struct knob good = {.value = 2}, stuck = {.value = 3, .refuse_after = 1};
    double lr = 0.5;
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL);
    declare_knob(server, "good", &good, false);
    declare_knob(server, "stuck", &stuck, true);
    const struct record_outcome *outcome = server_answer(server, set_three(server), &step);
    assert_int_equal(outcome->outcome, OUTCOME_REFUSED);
    assert_int_equal(outcome->error, 46);
    assert_text(outcome->detail, "setting stuck: the knob is stuck at 3");
    assert_int_equal(outcome->items, 3);
    assert_float_equal(outcome->item[0].effective.number, 0.5, 0);
    assert_float_equal(outcome->item[1].effective.number, 2, 0);
    assert_float_equal(outcome->item[2].effective.number, 3, 0);
    assert_int_equal(outcome->item[0].revision, 0);
    assert_false(outcome->changed);
    assert_float_equal(lr, 0.5, 0);
    assert_float_equal(good.value, 2, 0);
    assert_null(server_next(server, RECORD_EFFECT));
}

static void sets_back_what_is_named_twice(void **state)
{
    struct server *server = *state;
    struct knob stuck = {.value = 3, .refuse_after = 1};
    struct mailbox_request request = {
        .kind = MAILBOX_SET, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP, .items = 3};
    double lr = 0.5;
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL);
    declare_knob(server, "stuck", &stuck, true);
    request.item[0] = (struct mailbox_item){FIRST, MAILBOX_ANY_REVISION, value_double(0.1)};
    request.item[1] = (struct mailbox_item){FIRST, MAILBOX_ANY_REVISION, value_double(0.2)};
    request.item[2] = (struct mailbox_item){FIRST + 1, MAILBOX_ANY_REVISION, value_double(0.2)};
    assert_int_equal(server_answer(server, server_post(server, &request), &step)->outcome, OUTCOME_REFUSED);
    assert_float_equal(lr, 0.5, 0);
}

static void shows_what_could_not_be_set_back(void **state)
{
    struct server *server = *state;
    struct knob once = {.value = 2, .refuse_after = 2}, stuck = {.value = 3, .refuse_after = 1};
    double lr = 0.5;
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL);
    declare_knob(server, "once", &once, false);
    declare_knob(server, "stuck", &stuck, true);
    uint64_t ticket = set_three(server);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    const struct record *record = server_expect(server, RECORD_EFFECT);
    assert_int_equal(record->effect.setting, FIRST + 1);
    assert_int_equal(record->effect.ticket, ticket);
    const struct record_outcome *outcome = server_outcome(server, ticket, OUTCOME_REFUSED);
    assert_float_equal(outcome->item[0].effective.number, 0.5, 0);
    assert_float_equal(outcome->item[1].effective.number, 0.75, 0);
    assert_true(outcome->changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sets),
        TEST(expects_revisions),
        TEST(a_schedule_overrides),
        TEST(checks_values),
        TEST(tells_what_a_setter_took),
        TEST(sets_back),
        TEST(sets_back_what_is_named_twice),
        TEST(shows_what_could_not_be_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
