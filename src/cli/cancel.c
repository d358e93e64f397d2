#include "cli/say.h"
#include "cli/session.h"
#include "cli/verbs.h"

int verb_cancel(int argc, char **argv)
{
    struct session session;
    struct args args;
    int64_t ticket;
    const struct args_spec spec = {
        .verb = "cancel",
        .operands = "TICKET",
        .details = "What the trainer has taken already is not withdrawn: its true outcome is told.\n\n"
                   "Example: trimtab cancel 17\n\n" SESSION_EXIT_CODES,
        .least = 1,
        .most = 1,
        .groups = {session_options(&session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    if (!args_read_integer(args.operand[0], &ticket)) {
        say_wrong("cancel takes the number of a ticket, not `%s`", args.operand[0]);
        return CLI_USAGE;
    }
    json_t *request = session_request(CODE_CANCEL);
    json_object_set_new(request, protocol_arg_name(ARG_TICKET), json_integer(ticket));
    return session_once(&session, request, SESSION_REPLY_SECONDS + LIMIT_WAIT_DEFAULT_SECONDS, print_outcome);
}
