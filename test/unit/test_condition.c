#include "cli/condition.h"

#include "cli/print.h"
#include "unit.h"

static json_t *parse(const char *json)
{
    json_error_t error;
    json_t *value = json_loads(json, 0, &error);
    if (!value)
        fail_msg("%s: %s", error.text, json);
    return value;
}

static void take_is(struct condition *condition, const char *json, enum verdict expected)
{
    json_t *event = parse(json);
    assert_int_equal(condition_take(condition, event), expected);
    json_decref(event);
}

static void summary_is(struct condition *condition, const char *json, enum verdict expected)
{
    json_t *run = parse(json);
    assert_int_equal(condition_take_summary(condition, run), expected);
    json_decref(run);
}

/* The sentence, and what programs get. */
static void told_is(struct condition *condition, const char *text, const char *what)
{
    assert_string_equal(buf_string(&condition->text), text);
    assert_string_equal(field_text(condition->told, "text"), text);
    assert_string_equal(field_text(condition->told, "what"), what);
    assert_int_equal(json_is_true(json_object_get(condition->told, "became")), *what != '\0');
    condition_finish(condition);
}

static const struct args_texts all;
static const struct args_texts finished = {.count = 1, .item = {"finished"}};

static void a_state_is_told_with_its_step(void **state)
{
    (void)state;
    struct condition condition = {
        .states = {.count = 2, .item = {"paused", "finished"}}, .series = &all, .name = "gpt"};
    take_is(&condition, "{\"event\":\"run\",\"state\":\"running\",\"step\":411}", VERDICT_OPEN);
    take_is(&condition, "{\"event\":\"setting\",\"name\":\"finished\"}", VERDICT_OPEN);
    take_is(&condition, "{\"event\":\"run\",\"state\":\"paused\",\"step\":412}", VERDICT_TRUE);
    told_is(&condition, "gpt is paused at step 412", "state");
}

static void a_step_is_reached_or_passed(void **state)
{
    (void)state;
    struct condition condition = {.step = {.given = true, .value = 500}, .series = &all};
    take_is(&condition, "{\"event\":\"run\",\"state\":\"waiting\",\"step\":null}", VERDICT_OPEN);
    take_is(&condition, "{\"event\":\"run\",\"state\":\"running\",\"step\":499}", VERDICT_OPEN);
    take_is(&condition, "{\"event\":\"run\",\"state\":\"running\",\"step\":503}", VERDICT_TRUE);
    assert_int_equal(field_integer(condition.told, "step"), 503);
    told_is(&condition, "the run has reached step 500: it is running at step 503", "step");
    struct condition zero = {.step = {.given = true, .value = 0}, .series = &all};
    take_is(&zero, "{\"event\":\"run\",\"state\":\"waiting\",\"step\":null}", VERDICT_OPEN);
    condition_finish(&zero);
}

static void a_value_that_is_not_finite_is_named(void **state)
{
    (void)state;
    struct condition condition = {.nonfinite = true, .series = &all, .name = "gpt"};
    take_is(&condition, "{\"event\":\"declared\",\"series\":{\"id\":3,\"name\":\"train/loss\"}}", VERDICT_OPEN);
    take_is(&condition, "{\"event\":\"scalars\",\"points\":[[3,7,1,1.5],[3,8,1,1e300]]}", VERDICT_OPEN);
    take_is(&condition, "{\"event\":\"scalars\",\"points\":[[3,9,1,\"-Infinity\"],[3,10,1,2]]}", VERDICT_TRUE);
    assert_string_equal(field_text(condition.told, "series"), "train/loss");
    told_is(&condition, "gpt: train/loss is -inf at step 9", "nonfinite");
}

/* What was not asked for is no reason to end. */
static void nothing_else_counts(void **state)
{
    (void)state;
    struct condition condition = {.states = finished, .series = &all};
    take_is(&condition, "{\"event\":\"scalars\",\"points\":[[0,9,1,\"NaN\"]]}", VERDICT_OPEN);
    take_is(&condition, "{\"event\":\"of a later version\"}", VERDICT_OPEN);
    take_is(&condition, "{\"code\":3,\"result\":{}}", VERDICT_OPEN);
    condition_finish(&condition);
}

static void an_end_is_known_but_not_yet_judged(void **state)
{
    (void)state;
    struct condition condition = {.states = finished, .nonfinite = true, .series = &all, .name = "gpt"};
    take_is(&condition, "{\"event\":\"run\",\"state\":\"lost\",\"step\":7}", VERDICT_OPEN);
    assert_true(condition.ended);
    take_is(&condition, "{\"event\":\"run\",\"state\":\"running\",\"step\":7}", VERDICT_OPEN);
    assert_false(condition.ended); /* a new trainer goes on with it */
    take_is(&condition, "{\"event\":\"run\",\"state\":\"lost\",\"step\":8}", VERDICT_OPEN);
    assert_int_equal(condition_give_up(&condition), VERDICT_NEVER);
    told_is(&condition, "gpt has ended: it is lost at step 8, and what is waited for did not come", "");
}

static void a_summary_is_judged_at_once(void **state)
{
    (void)state;
    static const char run[] =
        "{\"name\":\"gpt\",\"state\":\"finished\",\"step\":2000,\"last\":{\"a/x\":\"NaN\",\"b/y\":1}}";
    static const struct args_texts b = {.count = 1, .item = {"b*"}}, a = {.count = 2, .item = {"none", "*x"}};
    struct condition condition = {.states = finished, .series = &all};
    summary_is(&condition, run, VERDICT_TRUE);
    told_is(&condition, "gpt is finished at step 2000", "state");
    condition = (struct condition){.step = {.given = true, .value = 2001}, .series = &all};
    summary_is(&condition, run, VERDICT_NEVER);
    told_is(&condition, "gpt has ended: it is finished at step 2000, and what is waited for did not come", "");
    condition = (struct condition){.nonfinite = true, .series = &b};
    summary_is(&condition, run, VERDICT_NEVER);
    condition_finish(&condition);
    condition = (struct condition){.nonfinite = true, .series = &a};
    summary_is(&condition, run, VERDICT_TRUE);
    told_is(&condition, "gpt: a/x is nan at step 2000", "nonfinite");
    condition = (struct condition){.states = finished, .series = &all};
    summary_is(&condition, "{\"name\":\"gpt\",\"state\":\"waiting\",\"step\":null}", VERDICT_OPEN);
    condition_finish(&condition);
}

static void check_is(const struct condition *condition, const char *expected)
{
    struct buf why = {0};
    assert_int_equal(condition_check(condition, &why), !*expected);
    assert_string_equal(buf_string(&why), expected);
    buf_finish(&why);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    static const struct args_texts glob = {.count = 1, .item = {"a*"}};
    check_is(&(struct condition){.states = finished, .series = &all}, "");
    check_is(&(struct condition){.nonfinite = true, .series = &glob}, "");
    check_is(&(struct condition){.series = &all}, "what is waited for? Give --state, --step or --nonfinite");
    check_is(&(struct condition){.states = finished, .series = &glob},
             "--series chooses the series for --nonfinite: give that too");
    check_is(&(struct condition){.states = {.count = 1, .item = {"finshed"}}, .series = &all},
             "no run is ever `finshed`; did you mean `finished`?");
    check_is(&(struct condition){.states = {.count = 1, .item = {"x"}}, .series = &all},
             "no run is ever `x`; the states are waiting, running, paused, stopping, finished, lost");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_told_with_its_step),       cmocka_unit_test(a_step_is_reached_or_passed),
        cmocka_unit_test(a_value_that_is_not_finite_is_named), cmocka_unit_test(nothing_else_counts),
        cmocka_unit_test(an_end_is_known_but_not_yet_judged),  cmocka_unit_test(a_summary_is_judged_at_once),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
