#include "cli/control.h"

#include <string.h>

#include "cli/say.h"
#include "cli/verbs.h"

struct args_group control_options(struct control *control, bool at_step)
{
    const struct args_option options[CONTROL_OPTIONS] = {
        {"reason", ARGS_TEXT, &control->reason, "TEXT", "why; kept in the audit"},
        {"deadline", ARGS_SECONDS, &control->deadline, "SECONDS", "expires if the trainer has not taken it by then"},
        {"until-step", ARGS_INTEGER, &control->until_step, "N", "expires if it was not taken before this step"},
        {"wait", ARGS_SECONDS, &control->wait, "SECONDS", "how long the reply may wait for the outcome"},
        {"no-wait", ARGS_FLAG, &control->no_wait, NULL, "only have it accepted"},
        {"at-step", ARGS_INTEGER, &control->at_step, "N", "at the first control point whose step is at least N"},
    };
    control->reason = NULL;
    control->no_wait = false;
    control->at_step = control->until_step = (struct args_integer){0};
    control->deadline = control->wait = (struct args_seconds){0};
    memcpy(control->options, options, sizeof options);
    return (struct args_group){control->options, at_step ? CONTROL_OPTIONS : CONTROL_OPTIONS - 1};
}

static void add_integer(json_t *request, enum arg arg, struct args_integer integer)
{
    if (integer.given)
        json_object_set_new(request, protocol_arg_name(arg), json_integer(integer.value));
}

static void add_seconds(json_t *request, enum arg arg, struct args_seconds seconds)
{
    if (seconds.given)
        json_object_set_new(request, protocol_arg_name(arg), json_real(seconds.value));
}

static struct args_seconds wait_of(const struct control *control)
{
    static const struct args_seconds at_once = {.given = true};
    return control->no_wait ? at_once : control->wait;
}

json_t *control_request(const struct control *control, enum code code)
{
    json_t *request = session_request(code);
    add_integer(request, ARG_AT_STEP, control->at_step);
    add_integer(request, ARG_UNTIL_STEP, control->until_step);
    add_seconds(request, ARG_DEADLINE, control->deadline);
    add_seconds(request, ARG_WAIT, wait_of(control));
    if (control->reason)
        json_object_set_new(request, protocol_arg_name(ARG_REASON), json_string(control->reason));
    return request;
}

double control_seconds(const struct control *control)
{
    struct args_seconds wait = wait_of(control);
    return SESSION_REPLY_SECONDS + (wait.given ? wait.value : LIMIT_WAIT_DEFAULT_SECONDS);
}

int control_once(struct control *control, json_t *request)
{
    return session_once(&control->session, request, control_seconds(control), print_outcome);
}

static int describe_and_fill(struct session *session, json_t *request, control_fill_fn *fill, char *const *operands)
{
    struct buf why = {0};
    int status = session_ask(session, session_request(CODE_DESCRIBE), SESSION_REPLY_SECONDS);
    if (status == CLI_DONE && !fill(request, json_object_get(session->reply, "result"), operands, &why)) {
        say_wrong("%s", buf_string(&why));
        status = CLI_USAGE;
    }
    buf_finish(&why);
    return status;
}

int control_described(struct control *control, json_t *request, control_fill_fn *fill, char *const *operands)
{
    struct session *session = &control->session;
    int status = session_open(session);
    if (status == CLI_DONE)
        status = describe_and_fill(session, request, fill, operands);
    if (status == CLI_DONE)
        status = session_ask(session, json_incref(request), control_seconds(control));
    if (status == CLI_DONE)
        status = session_show(session, print_outcome);
    session_close(session);
    json_decref(request);
    return status;
}

int control_plain(const char *verb, enum code code, bool at_step, const char *details, int argc, char **argv)
{
    struct control control;
    struct args args;
    const struct args_spec spec = {
        .verb = verb,
        .operands = "",
        .details = details,
        .groups = {control_options(&control, at_step), session_options(&control.session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    return status == ARGS_GO ? control_once(&control, control_request(&control, code)) : status;
}
