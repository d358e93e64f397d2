#include "cli/say.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "cli/verify.h"

static void add_integer(json_t *request, enum arg arg, struct args_integer integer)
{
    if (integer.given)
        json_object_set_new(request, protocol_arg_name(arg), json_integer(integer.value));
}

int verb_audit(int argc, char **argv)
{
    struct session session;
    struct args args;
    struct args_integer ticket = {0}, from = {0}, limit = {0};
    bool verify = false;
    const struct args_option options[] = {
        {"ticket", ARGS_INTEGER, &ticket, "N", "only of this request"},
        {"from", ARGS_INTEGER, &from, "N", "from this record on"},
        {"limit", ARGS_INTEGER, &limit, "N", "at most so many records (100; at most 1000)"},
        {"verify", ARGS_FLAG, &verify, NULL, "check the chain of all records in the run's folder; needs no server"},
    };
    const struct args_spec spec = {
        .verb = "audit",
        .operands = "",
        .details = "Examples: trimtab audit --ticket 17\n"
                   "          trimtab audit --verify --run FOLDER    (status 1: a record is not as it was "
                   "written)\n\n" SESSION_EXIT_CODES,
        .groups = {{options, sizeof options / sizeof *options}, session_options(&session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    if (verify)
        return verify_run(&session);
    json_t *request = session_request(CODE_AUDIT);
    add_integer(request, ARG_TICKET, ticket);
    add_integer(request, ARG_FROM, from);
    add_integer(request, ARG_LIMIT, limit);
    return session_once(&session, request, SESSION_REPLY_SECONDS, print_audit);
}
