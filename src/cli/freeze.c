#include "cli/session.h"
#include "cli/verbs.h"

static bool is_changed(const json_t *reply)
{
    return !json_is_false(json_object_get(json_object_get(reply, "result"), "changed"));
}

static void print_frozen(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    buf_text(out, is_changed(reply) ? "frozen: no changes are accepted until `trimtab freeze --off`\n"
                                    : "it was frozen already\n");
}

static void print_unfrozen(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    buf_text(out, is_changed(reply) ? "changes are accepted again\n" : "it was not frozen\n");
}

int verb_freeze(int argc, char **argv)
{
    struct session session;
    struct args args;
    const char *reason = NULL;
    bool off = false;
    const struct args_option options[] = {
        {"off", ARGS_FLAG, &off, NULL, "changes are accepted again"},
        {"reason", ARGS_TEXT, &reason, "TEXT", "why; kept in the audit"},
    };
    const struct args_spec spec = {
        .verb = "freeze",
        .operands = "",
        .details =
            "Until it ends nothing of the run can be changed, by anybody: no set, act, pause, resume, advance. What\n"
            "was posted already is withdrawn. stop and abort still work. It outlives the server.\n\n"
            "Examples: trimtab freeze --reason \"measuring\"\n"
            "          trimtab freeze --off\n\n" SESSION_EXIT_CODES,
        .groups = {{options, sizeof options / sizeof *options}, session_options(&session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    json_t *request = session_request(CODE_FREEZE);
    json_object_set_new(request, protocol_arg_name(ARG_ON), json_boolean(!off));
    if (reason)
        json_object_set_new(request, protocol_arg_name(ARG_REASON), json_string(reason));
    return session_once(&session, request, SESSION_REPLY_SECONDS + LIMIT_WAIT_DEFAULT_SECONDS,
                        off ? print_unfrozen : print_frozen);
}
