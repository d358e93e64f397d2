/* The number of steps, learned after the run was opened. */
#include "test_trainer.h"

#include <stdlib.h>
#include <unistd.h>

static int answer_at(struct server *server, int64_t step)
{
    return trimtab_control_point(server->run, &step);
}

static void it_is_told_again(void **state)
{
    struct server *server = *state;

    server_open(server, NULL);
    const struct record *record = server_expect(server, RECORD_RUN);
    int64_t started_ns = record->run.started_ns;
    assert_int_equal(record->run.total_steps, 0);
    assert_int_equal(answer_at(server, 4), TRIMTAB_GO);
    assert_int_equal(trimtab_total_steps(server->run, 9), TRIMTAB_OK);
    record = server_expect(server, RECORD_RUN);
    assert_int_equal(record->run.total_steps, 9);
    assert_int_equal(record->run.pid, getpid());
    assert_int_equal(record->run.started_ns, started_ns); /* of the same life */
    assert_int_equal(record->step, 4);
    assert_false(record->flags & RECORD_RESTATED);
    assert_int_equal(trimtab_total_steps(server->run, 9), TRIMTAB_OK);
    assert_null(server_next(server, RECORD_RUN)); /* nothing new */
}

static void control_points_follow(void **state)
{
    struct server *server = *state;

    server_open(server, NULL);
    for (int64_t step = 0; step < 100; step++) /* armed already, for no step */
        assert_int_equal(answer_at(server, step), TRIMTAB_GO);
    assert_int_equal(trimtab_total_steps(server->run, 200), TRIMTAB_OK);
    assert_int_equal(answer_at(server, 199), TRIMTAB_GO);
    assert_int_equal(answer_at(server, 200), TRIMTAB_STOP);
    assert_int_equal(trimtab_total_steps(server->run, 300), TRIMTAB_OK);
    assert_int_equal(answer_at(server, 299), TRIMTAB_GO);
    assert_int_equal(trimtab_total_steps(server->run, 50), TRIMTAB_OK);
    assert_int_equal(answer_at(server, 299), TRIMTAB_STOP);
    assert_int_equal(trimtab_total_steps(server->run, 0), TRIMTAB_OK);
    assert_int_equal(answer_at(server, 1000000), TRIMTAB_GO);
}

static void impossible_ones_are_refused(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.total_steps = 5};

    server_open(server, &options);
    assert_int_equal(trimtab_total_steps(server->run, -1), TRIMTAB_INVALID);
    assert_string_equal(trimtab_error(server->run), "a run cannot have -1 steps");
    assert_int_equal(trimtab_total_steps(server->run, RECORD_STEP_MAX + 1), TRIMTAB_INVALID);
    assert_int_equal(trimtab_total_steps(server->run, INT64_MIN), TRIMTAB_INVALID);
    assert_int_equal(answer_at(server, 4), TRIMTAB_GO);
    assert_int_equal(answer_at(server, 5), TRIMTAB_STOP);
    assert_int_equal(server_count(server, RECORD_RUN), 1);
}

static int lengthen(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)args, (void)result;
    assert_int_equal(trimtab_total_steps(user, 70), TRIMTAB_OK);
    return 0;
}

static void an_action_may_change_it(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.total_steps = 7};
    int64_t step = 7;

    server_open(server, &options);
    assert_int_equal(trimtab_action(server->run, "lengthen", lengthen, server->run), TRIMTAB_OK);
    uint64_t ticket = server_act(server, 1);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    server_outcome(server, ticket, OUTCOME_APPLIED);
    assert_int_equal(answer_at(server, 69), TRIMTAB_GO);
    assert_int_equal(answer_at(server, 70), TRIMTAB_STOP);
}

static void get(void *user, trimtab_value *value)
{
    (void)trimtab_total_steps(user, 60);
    value->number = 1;
}

static int set(void *user, trimtab_value *value, trimtab_result *why)
{
    (void)user, (void)value, (void)why;
    return 0;
}

/* A getter is called where nothing else is due, too. */
static void a_getter_may_change_it(void **state)
{
    struct server *server = *state;
    trimtab_setting setting = {
        .name = "lr", .value = {.type = TRIMTAB_TYPE_DOUBLE, .number = 1}, .set = set, .get = get};

    server_open(server, NULL);
    setting.user = server->run;
    assert_int_equal(answer_at(server, 0), TRIMTAB_GO);
    assert_int_equal(answer_at(server, 1), TRIMTAB_GO);
    assert_int_equal(trimtab_setting_declare(server->run, &setting), TRIMTAB_OK);
    assert_int_equal(trimtab_total_steps(server->run, 0), TRIMTAB_OK);
    server->run->alarm_step = RUN_NO_STEP; /* as it is at most control points */
    assert_int_equal(answer_at(server, 2), TRIMTAB_GO);
    assert_int_equal(answer_at(server, 60), TRIMTAB_STOP);
}

static void an_inert_run_keeps_it(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.run = server->path, .total_steps = 2};

    setenv("TRIMTAB", "off", 1);
    server->run = trimtab_open(&options);
    assert_int_equal(trimtab_total_steps(server->run, 3), TRIMTAB_INERT);
    assert_int_equal(answer_at(server, 2), TRIMTAB_GO);
    assert_int_equal(answer_at(server, 3), TRIMTAB_STOP);
    assert_int_equal(trimtab_total_steps(server->run, -3), TRIMTAB_INERT);
    assert_int_equal(answer_at(server, 3), TRIMTAB_STOP);
    assert_string_equal(trimtab_error(server->run), "TRIMTAB=off is set");
    assert_int_equal(trimtab_total_steps(NULL, 3), TRIMTAB_INERT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_told_again),        TEST(control_points_follow),  TEST(impossible_ones_are_refused),
        TEST(an_action_may_change_it), TEST(a_getter_may_change_it), TEST(an_inert_run_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
