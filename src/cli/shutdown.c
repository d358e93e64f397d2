#include "cli/session.h"
#include "cli/verbs.h"

static void print_ends(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)reply;
    (void)terminal;
    buf_text(out, "the server ends; the training goes on and is recorded\n");
}

int verb_shutdown(int argc, char **argv)
{
    struct session session;
    struct args args;
    const struct args_spec spec = {
        .verb = "shutdown",
        .operands = "",
        .details = "To end the training: trimtab stop\n\n" SESSION_EXIT_CODES,
        .groups = {session_options(&session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    return session_once(&session, session_request(CODE_SHUTDOWN), SESSION_REPLY_SECONDS, print_ends);
}
