#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/say.h"
#include "cli/session.h"
#include "cli/verbs.h"

struct abortion {
    struct session session;
    struct args_seconds grace;
    const char *reason;
    bool yes;
};

/* "gpt (pid 4242) is running at step 412 of 2000. ..." */
static void print_intent(const struct abortion *abortion, struct buf *out)
{
    const json_t *result = json_object_get(abortion->session.reply, "result"), *run = json_object_get(result, "run");
    const json_t *checkpoints = json_object_get(result, "checkpoints");
    const json_t *newest = json_array_get(checkpoints, 0);
    size_t i;
    json_t *checkpoint;
    json_array_foreach(checkpoints, i, checkpoint) if (field_number(checkpoint, "time") > field_number(newest, "time"))
        newest = checkpoint;
    print_member(out, run, "name");
    buf_printf(out, " (pid %lld) is ", (long long)field_integer(json_object_get(result, "trainer"), "pid"));
    print_member(out, run, "state");
    if (json_is_integer(json_object_get(run, "step")))
        buf_printf(out, " at step %lld", (long long)field_integer(run, "step"));
    buf_text(out, ".\nIt is sent SIGTERM");
    if (abortion->grace.value > 0)
        buf_printf(out, ", and SIGKILL if it still lives after %g seconds", abortion->grace.value);
    else
        buf_text(out, " and SIGKILL at once");
    buf_text(out, ". What it did since ");
    if (newest) {
        buf_printf(out, "its checkpoint of step %lld", (long long)field_integer(newest, "step"));
    } else {
        buf_text(out, "it began");
    }
    buf_text(out, " is lost\n(`trimtab stop` ends it in good order).\n");
}

static bool read_yes(void)
{
    char answer[64];
    bool yes = fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y');
    return yes;
}

/* CLI_DONE: go ahead. */
static int agree(struct abortion *abortion)
{
    struct session *session = &abortion->session;
    struct buf out = {0};
    int status = session_ask(session, session_request(CODE_STATUS), SESSION_REPLY_SECONDS);
    if (status != CLI_DONE)
        return status;
    print_intent(abortion, &out);
    if (!abortion->yes)
        buf_text(&out, "Abort it? [y/N] ");
    say_out(&out);
    buf_finish(&out);
    if (abortion->yes || read_yes())
        return CLI_DONE;
    say_wrong("nothing is done");
    return CLI_REFUSED;
}

static json_t *request_of(const struct abortion *abortion)
{
    json_t *request = session_request(CODE_ABORT);
    json_object_set_new(request, protocol_arg_name(ARG_GRACE), json_real(abortion->grace.value));
    json_object_set_new(request, protocol_arg_name(ARG_WAIT),
                        json_real(abortion->grace.value + LIMIT_WAIT_DEFAULT_SECONDS));
    if (abortion->reason)
        json_object_set_new(request, protocol_arg_name(ARG_REASON), json_string(abortion->reason));
    return request;
}

static int abort_it(struct abortion *abortion)
{
    struct session *session = &abortion->session;
    double seconds = abortion->grace.value + LIMIT_WAIT_DEFAULT_SECONDS + SESSION_REPLY_SECONDS;
    int status = session_open(session);
    bool is_person = !session->json && isatty(STDIN_FILENO);
    if (status == CLI_DONE && !abortion->yes && !is_person) {
        say_wrong("abort asks on a terminal; elsewhere it needs --yes");
        status = CLI_USAGE;
    }
    if (status == CLI_DONE && !session->json)
        status = agree(abortion);
    if (status == CLI_DONE)
        status = session_ask(session, request_of(abortion), seconds);
    if (status == CLI_DONE)
        status = session_show(session, print_outcome);
    session_close(session);
    return status;
}

int verb_abort(int argc, char **argv)
{
    struct abortion abortion = {.grace = {.value = LIMIT_GRACE_DEFAULT_SECONDS}};
    struct args args;
    const struct args_option options[] = {
        {"grace", ARGS_SECONDS, &abortion.grace, "SECONDS", "from SIGTERM to SIGKILL (10)"},
        {"reason", ARGS_TEXT, &abortion.reason, "TEXT", "why; kept in the audit"},
        {"yes", ARGS_FLAG, &abortion.yes, NULL, "do not ask; needed where nobody can be asked"},
    };
    const struct args_spec spec = {
        .verb = "abort",
        .operands = "",
        .details =
            "Ends a trainer that does not listen any more: SIGTERM, and SIGKILL if that does not end it. Only one\n"
            "that was started by `trimtab run`. On a terminal it says what it will do and asks first.\n\n"
            "Example: trimtab abort --grace 30 --yes --reason \"it hangs\"\n\n" SESSION_EXIT_CODES,
        .groups = {{options, sizeof options / sizeof *options}, session_options(&abortion.session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    return status == ARGS_GO ? abort_it(&abortion) : status;
}
