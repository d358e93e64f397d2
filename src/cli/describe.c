#include "cli/session.h"
#include "cli/verbs.h"

int verb_describe(int argc, char **argv)
{
    struct session session;
    struct args args;
    const struct args_spec spec = {
        .verb = "describe",
        .operands = "",
        .details = SESSION_EXIT_CODES,
        .groups = {session_options(&session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    return session_once(&session, session_request(CODE_DESCRIBE), SESSION_REPLY_SECONDS, print_describe);
}
