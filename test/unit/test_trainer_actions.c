/* Actions: parameters, results, restore. */
#include "test_trainer.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const probe_text = "a\"b\\c\n\t\x01\xff\xc3\xa9";

static int generate(void *user, const trimtab_args *args, trimtab_result *result)
{
    ++*(int *)user;
    trimtab_result_string(result, "prompt", trimtab_args_string(args, "prompt"));
    trimtab_result_int(result, "length", trimtab_args_int(args, "length"));
    trimtab_result_double(result, "temperature", trimtab_args_double(args, "temperature"));
    trimtab_result_bool(result, "greedy", trimtab_args_bool(args, "greedy"));
    trimtab_result_bool(result, "given", trimtab_args_given(args, "length") || trimtab_args_given(args, "nothing"));
    trimtab_result_int(result, "missing", trimtab_args_int(args, "prompt") + trimtab_args_int(args, "nothing"));
    return 0;
}

static void declare_generate(struct server *server, int *calls)
{
    assert_int_equal(trimtab_action(server->run, "generate", generate, calls, TRIMTAB_STRING("prompt", "once"),
                                    TRIMTAB_INT("length", 160, 1, 4096), TRIMTAB_DOUBLE("temperature", 0.8, 0, 2),
                                    TRIMTAB_BOOL("greedy", false)),
                     TRIMTAB_OK);
}

static void declares_actions(void **state)
{
    struct server *server = *state;
    int calls = 0;

    server_open(server, NULL);
    declare_generate(server, &calls);
    assert_int_equal(trimtab_action(server->run, "generate", generate, NULL), TRIMTAB_DUPLICATE);
    assert_int_equal(trimtab_action(server->run, "none", NULL, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_action(server->run, "bad", generate, NULL, TRIMTAB_INT("x", 9, 1, 4)), TRIMTAB_INVALID);
    assert_int_equal(
        trimtab_action(server->run, "bad", generate, NULL, TRIMTAB_BOOL("x", true), TRIMTAB_BOOL("x", true)),
        TRIMTAB_INVALID);
    const struct record_action *action = &server_expect(server, RECORD_ACTION)->action;
    assert_int_equal(action->id, 1);
    assert_text(action->name, "generate");
    assert_int_equal(action->params, 4);
    assert_text(action->param[0].value.text, "once");
    assert_true(action->param[1].bounded);
    assert_int_equal(action->param[1].max.integer, 4096);
    assert_null(server_next(server, RECORD_ACTION));
}

static void fills_in_defaults(void **state)
{
    struct server *server = *state;
    int64_t step = 4;
    int calls = 0;

    server_open(server, NULL);
    declare_generate(server, &calls);
    uint64_t ticket = server_act(server, 1);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(server_expect(server, RECORD_STARTED)->started.ticket, ticket);
    const struct record_outcome *outcome = server_outcome(server, ticket, OUTCOME_APPLIED);
    assert_text(
        outcome->result,
        "{\"prompt\":\"once\",\"length\":160,\"temperature\":0.8,\"greedy\":false,\"given\":false,\"missing\":0}");
    assert_int_equal(calls, 1);
}

static int define(struct server *server, const char *name, const char *doc, const trimtab_param *params, int *calls)
{
    trimtab_definition definition = {.name = name, .doc = doc, .params = params, .function = generate, .user = calls};

    return trimtab_action_define(server->run, &definition);
}

/* All that is given is copied. */
static void defines_actions(void **state)
{
    struct server *server = *state;
    char name[] = "generate", doc[] = "writes a text";
    trimtab_param params[] = {TRIMTAB_STRING("prompt", "once"), TRIMTAB_INT("length", 160, 1, 4096), TRIMTAB_END()};
    int calls = 0;
    int64_t step = 4;

    server_open(server, NULL);
    assert_int_equal(define(server, name, doc, params, &calls), TRIMTAB_OK);
    memset(name, 'x', sizeof name - 1);
    memset(doc, 'x', sizeof doc - 1);
    memset(params, 0, sizeof params);
    size_t declared_bytes = server->run->declared_bytes;
    assert_int_equal(define(server, "plain", NULL, NULL, &calls), TRIMTAB_OK);
    size_t plain_bytes = server->run->declared_bytes - declared_bytes;
    const struct record_action *action = &server_expect(server, RECORD_ACTION)->action;
    assert_text(action->name, "generate");
    assert_text(action->doc, "writes a text");
    assert_int_equal(action->params, 2);
    assert_text(action->param[0].value.text, "once");
    assert_int_equal(action->param[1].max.integer, 4096);
    action = &server_expect(server, RECORD_ACTION)->action;
    assert_text(action->doc, "");
    assert_int_equal(action->params, 0);
    assert_non_null(strstr(server_answer(server, server_act(server, 1), &step)->result.data, "\"length\":160"));
    assert_int_equal(calls, 1);
    /* A doc counts among what each segment begins with. */
    assert_int_equal(define(server, "told", "0123456789", NULL, &calls), TRIMTAB_OK);
    assert_in_range(server->run->declared_bytes - declared_bytes, 2 * plain_bytes + 8, 2 * plain_bytes + 24);
}

static void refuses_bad_definitions(void **state)
{
    struct server *server = *state;
    trimtab_param params[TRIMTAB_PARAMS_MAX + 2];
    char names[TRIMTAB_PARAMS_MAX + 1][8], doc[TRIMTAB_TEXT_MAX + 2];
    int calls = 0;

    server_open(server, NULL);
    for (int i = 0; i <= TRIMTAB_PARAMS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "p%d", i);
        params[i] = TRIMTAB_BOOL(names[i], false);
    }
    params[TRIMTAB_PARAMS_MAX + 1] = TRIMTAB_END();
    assert_int_equal(define(server, "many", NULL, params, &calls), TRIMTAB_INVALID);
    assert_string_equal(trimtab_error(server->run), "action many has more than 16 parameters");
    params[TRIMTAB_PARAMS_MAX] = TRIMTAB_END();
    assert_int_equal(define(server, "most", NULL, params, &calls), TRIMTAB_OK);
    assert_int_equal(define(server, "most", NULL, NULL, &calls), TRIMTAB_DUPLICATE);
    memset(doc, 'x', sizeof doc - 1);
    doc[sizeof doc - 1] = 0;
    assert_int_equal(define(server, "a", doc, NULL, &calls), TRIMTAB_INVALID);
    assert_string_equal(trimtab_error(server->run), "the doc of action a is too long or not UTF-8");
    assert_int_equal(define(server, "a", "\xff", NULL, &calls), TRIMTAB_INVALID);
    assert_int_equal(define(server, NULL, NULL, NULL, &calls), TRIMTAB_INVALID);
    assert_int_equal(trimtab_action_define(server->run, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_action_define(server->run, &(trimtab_definition){.name = "none"}), TRIMTAB_INVALID);
    assert_int_equal(trimtab_action_define(NULL, NULL), TRIMTAB_INERT);
#define FOUR(a)                                                                                                        \
    TRIMTAB_BOOL(a "1", true), TRIMTAB_BOOL(a "2", true), TRIMTAB_BOOL(a "3", true), TRIMTAB_BOOL(a "4", true)
    assert_int_equal(trimtab_action(server->run, "full", generate, NULL, FOUR("a"), FOUR("b"), FOUR("c"), FOUR("d")),
                     TRIMTAB_OK);
    assert_int_equal(trimtab_action(server->run, "over", generate, NULL, FOUR("a"), FOUR("b"), FOUR("c"), FOUR("d"),
                                    FOUR("e"), FOUR("f")),
                     TRIMTAB_INVALID);
    assert_int_equal(server_count(server, RECORD_ACTION), 2);
}

static uint64_t ask_generate(struct server *server, uint32_t place, struct value value)
{
    struct mailbox_request request = {
        .kind = MAILBOX_ACT, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP, .target = 1, .items = 1};

    request.item[0] = (struct mailbox_item){.id = place, .value = value};
    return server_post(server, &request);
}

static struct value string_value(const char *data, size_t size)
{
    return (struct value){.type = VALUE_STRING, .text = text_of(data, size)};
}

static void refuse_param(struct server *server, uint32_t place, struct value value)
{
    int64_t step = 0;
    const struct record_outcome *outcome = server_answer(server, ask_generate(server, place, value), &step);

    assert_int_equal(outcome->outcome, OUTCOME_REFUSED);
    assert_int_equal(outcome->error, 46);
    assert_true(outcome->detail.size > 0);
}

static void checks_parameters(void **state)
{
    struct server *server = *state;
    int64_t step = 0;
    int calls = 0;

    server_open(server, NULL);
    declare_generate(server, &calls);
    refuse_param(server, 1, value_integer(VALUE_INT, 0));
    refuse_param(server, 2, value_double(NAN));
    refuse_param(server, 2, value_integer(VALUE_INT, 1));
    refuse_param(server, 4, value_integer(VALUE_INT, 1));
    refuse_param(server, 0, string_value("a\0b", 3));
    assert_int_equal(server_answer(server, server_act(server, 2), &step)->error, 46);
    assert_int_equal(calls, 0);
    const struct record_outcome *outcome =
        server_answer(server, ask_generate(server, 0, string_value("h\xc3\xa9", 3)), &step);
    assert_text(
        outcome->result,
        "{\"prompt\":\"h\xc3\xa9\",\"length\":160,\"temperature\":0.8,\"greedy\":false,\"given\":false,\"missing\":0}");
    outcome = server_answer(server, ask_generate(server, 1, value_integer(VALUE_INT, 160)), &step);
    assert_non_null(strstr(outcome->result.data, "\"given\":true"));
}

/* ---- results ---- */

static int probe(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)user, (void)args;
    trimtab_result_string(result, "text", probe_text);
    trimtab_result_string(result, "a\"\xff", NULL);
    trimtab_result_double(result, "nan", NAN);
    trimtab_result_double(result, "up", INFINITY);
    trimtab_result_double(result, "down", -INFINITY);
    trimtab_result_double(result, "third", 1.0 / 3);
    trimtab_result_double(result, "tenth", 0.1);
    trimtab_result_double(result, "small", 5e-324);
    trimtab_result_int(result, "least", INT64_MIN);
    trimtab_result_json(result, "list", "[1,2]");
    return 0;
}

static const char *const probe_result =
    "{\"text\":\"a\\\"b\\\\c\\n\\t\\u0001\xEF\xBF\xBD\xc3\xa9\",\"a\\\"\xEF\xBF\xBD\":null,\"nan\":\"NaN\","
    "\"up\":\"Infinity\",\"down\":\"-Infinity\",\"third\":0.3333333333333333,\"tenth\":0.1,"
    "\"small\":4.94065645841247e-324,\"least\":-9223372036854775808,\"list\":[1,2]}";

static void writes_json(void **state)
{
    struct server *server = *state;
    int64_t step = 0;

    server_open(server, NULL);
    assert_int_equal(trimtab_action(server->run, "probe", probe, NULL), TRIMTAB_OK);
    assert_text(server_answer(server, server_act(server, 1), &step)->result, probe_result);
}

static void writes_json_in_any_locale(void **state)
{
    static const char *const with_comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    bool found = false;

    for (size_t i = 0; i < sizeof with_comma / sizeof with_comma[0] && !found; i++)
        found = setlocale(LC_NUMERIC, with_comma[i]) != NULL;
    if (!found)
        skip();
    writes_json(state);
    setlocale(LC_NUMERIC, "C");
}

static int boast(void *user, const trimtab_args *args, trimtab_result *result)
{
    size_t size = *(size_t *)user;
    char *text = malloc(size + 1);

    (void)args;
    trimtab_result_int(result, "before", 1);
    memset(text, 'x', size);
    text[size] = 0;
    trimtab_result_string(result, "text", text);
    trimtab_result_int(result, "after", 2);
    free(text);
    return 0;
}

static void cuts_long_results(void **state)
{
    struct server *server = *state;
    size_t frame = strlen("{\"before\":1,\"text\":\"\",\"after\":2}"), size = TRIMTAB_RESULT_MAX - frame;
    int64_t step = 0;

    server_open(server, NULL);
    assert_int_equal(trimtab_action(server->run, "boast", boast, &size), TRIMTAB_OK);
    const struct record_outcome *outcome = server_answer(server, server_act(server, 1), &step);
    assert_int_equal(outcome->result.size, TRIMTAB_RESULT_MAX);
    assert_false(outcome->result_cut);
    size++;
    outcome = server_answer(server, server_act(server, 1), &step);
    assert_int_equal(outcome->result.size, TRIMTAB_RESULT_MAX - strlen(",\"after\":2") + 1);
    assert_true(outcome->result_cut);
    size = 3 * TRIMTAB_RESULT_MAX;
    outcome = server_answer(server, server_act(server, 1), &step);
    assert_text(outcome->result, "{\"before\":1,\"after\":2}");
    assert_true(outcome->result_cut);
}

static void cuts_what_has_no_room(void **state)
{
    struct server *server = *state;
    size_t size = 200000;
    int64_t step = 0;

    server_open(server, NULL);
    assert_int_equal(trimtab_action(server->run, "boast", boast, &size), TRIMTAB_OK);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    server->run->journal.limits.bytes_max = SEGMENT_SIZE;
    while (trimtab_dropped(server->run) == 0)
        trimtab_log(server->run, loss, 1);
    const struct record_outcome *outcome = server_answer(server, server_act(server, 1), &step);
    assert_int_equal(outcome->outcome, OUTCOME_APPLIED);
    assert_text(outcome->result, "");
    assert_true(outcome->result_cut);
}

static int talk(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)args;
    while (trimtab_message(user, TRIMTAB_INFO, "there is always more to say") == TRIMTAB_OK)
        continue;
    trimtab_result_int(result, "said", 1);
    return 0;
}

static void keeps_an_outcome_without_room(void **state)
{
    struct server *server = *state;
    int64_t step = 3;

    server_open(server, NULL);
    assert_int_equal(trimtab_action(server->run, "talk", talk, server->run), TRIMTAB_OK);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    server->run->journal.limits.bytes_max = SEGMENT_SIZE;
    while (trimtab_dropped(server->run) == 0)
        trimtab_log(server->run, loss, 1);
    uint64_t talks = server_act(server, 1);
    uint64_t stop = server_ask(server, MAILBOX_STOP, 0, MAILBOX_NO_STEP);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_null(server_next(server, RECORD_OUTCOME));
    assert_int_equal(mailbox_state(&server->mailbox, talks), SLOT_TAKEN);
    assert_int_equal(mailbox_state(&server->mailbox, stop), SLOT_POSTED);
    server->run->journal.limits.bytes_max = JOURNAL_BYTES_MAX;
    server->run->journal.retry_ns = 0;
    step = 4;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_STOP);
    assert_true(server_outcome(server, talks, OUTCOME_APPLIED)->result_cut);
    assert_int_equal(server->record.step, 3);
    server_outcome(server, stop, OUTCOME_APPLIED);
}

/* ---- refusals ---- */

static int fail_by(void *user, const trimtab_args *args, trimtab_result *result)
{
    int code = *(int *)user;

    (void)args;
    return code < 0 ? trimtab_result_fail(result, "no %s today\xff", "cake") : code;
}

static void refuses(void **state)
{
    struct server *server = *state;
    int code = -1;
    int64_t step = 0;

    server_open(server, NULL);
    assert_int_equal(trimtab_action(server->run, "fail", fail_by, &code), TRIMTAB_OK);
    const struct record_outcome *outcome = server_answer(server, server_act(server, 1), &step);
    assert_int_equal(outcome->outcome, OUTCOME_REFUSED);
    assert_int_equal(outcome->error, 46);
    assert_text(outcome->detail, "no cake today\xEF\xBF\xBD");
    code = 7;
    assert_text(server_answer(server, server_act(server, 1), &step)->detail, "the action failed with code 7");
}

/* ---- actions that reach into the run ---- */

struct model {
    trimtab_run *run;
    trimtab_series loss;
    double lr;
    int64_t restore_to;
    int inner;
};

static int restore(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct model *model = user;

    (void)args;
    model->lr = 0.25;
    trimtab_result_next_step(result, model->restore_to);
    return 0;
}

static void restores(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.total_steps = 1000};
    struct model model = {.lr = 0.5, .restore_to = 20};
    int64_t step = 100;

    model.run = server_open(server, &options);
    trimtab_setting_double(model.run, "lr", &model.lr, 0, 1, NULL);
    assert_int_equal(trimtab_action(model.run, "restore", restore, &model), TRIMTAB_OK);
    uint64_t ticket = server_act(server, 1);
    assert_int_equal(trimtab_control_point(model.run, &step), TRIMTAB_GO);
    assert_int_equal(step, 20);
    const struct record *record = server_expect(server, RECORD_EFFECT);
    assert_int_equal(record->effect.ticket, ticket);
    assert_float_equal(record->effect.value.number, 0.25, 0);
    server_outcome(server, ticket, OUTCOME_APPLIED);
    assert_int_equal(server->record.step, 20);
    assert_int_equal(server->mailbox.map->step, 20);
    model.restore_to = 1000;
    ticket = server_act(server, 1);
    assert_int_equal(trimtab_control_point(model.run, &step), TRIMTAB_STOP);
    server_outcome(server, ticket, OUTCOME_APPLIED);
    model.restore_to = RECORD_STEP_MAX + 1;
    step = 5;
    assert_int_equal(server_answer(server, server_act(server, 1), &step)->error, 46);
    assert_int_equal(step, 5);
}

static int meddle(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct model *model = user;
    int64_t step = 1;

    (void)args;
    trimtab_log(model->run, model->loss, 1);
    trimtab_log_at(model->run, model->loss, 3, 2);
    trimtab_checkpoint(model->run, "c", NULL, 1);
    trimtab_message(model->run, TRIMTAB_INFO, "inside");
    for (int i = 0; i < 3000; i++)
        model->inner |= trimtab_control_point(model->run, &step);
    trimtab_close(model->run);
    trimtab_action(model->run, "more", meddle, model);
    trimtab_result_string(result, "error", trimtab_error(model->run));
    return 0;
}

static void actions_may_use_the_run(void **state)
{
    struct server *server = *state;
    struct model model = {0};
    int64_t step = 8;

    model.run = server_open(server, NULL);
    model.loss = trimtab_series_declare(model.run, "loss", NULL);
    assert_int_equal(trimtab_action(model.run, "meddle", meddle, &model), TRIMTAB_OK);
    uint64_t ticket = server_act(server, 1);
    assert_int_equal(trimtab_control_point(model.run, &step), TRIMTAB_GO);
    assert_int_equal(model.inner, TRIMTAB_GO);
    const struct record *record = server_expect(server, RECORD_SCALAR);
    assert_int_equal(record->step, 8);
    assert_int_equal(server_expect(server, RECORD_SCALAR_AT)->step, 3);
    (void)server_expect(server, RECORD_CHECKPOINT);
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text, "inside");
    server_outcome(server, ticket, OUTCOME_APPLIED);
    assert_non_null(memmem(server->record.outcome.result.data, server->record.outcome.result.size, "closed", 6));
    step = 9;
    assert_int_equal(trimtab_control_point(model.run, &step), TRIMTAB_GO);
    assert_int_equal(server->mailbox.map->step, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(declares_actions),
        TEST(defines_actions),
        TEST(refuses_bad_definitions),
        TEST(fills_in_defaults),
        TEST(checks_parameters),
        TEST(writes_json),
        TEST(writes_json_in_any_locale),
        TEST(cuts_long_results),
        TEST(cuts_what_has_no_room),
        TEST(keeps_an_outcome_without_room),
        TEST(refuses),
        TEST(restores),
        TEST(actions_may_use_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
