#include "cli/control.h"
#include "cli/say.h"
#include "cli/verbs.h"

int verb_advance(int argc, char **argv)
{
    struct control control;
    struct args args;
    int64_t steps;
    const struct args_spec spec = {
        .verb = "advance",
        .operands = "STEPS",
        .details = "Example: trimtab advance 10\n\n" CONTROL_EXIT_CODES,
        .least = 1,
        .most = 1,
        .groups = {control_options(&control, false), session_options(&control.session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    if (!args_read_integer(args.operand[0], &steps)) {
        say_wrong("advance takes a whole number of steps, not `%s`", args.operand[0]);
        return CLI_USAGE;
    }
    json_t *request = control_request(&control, CODE_ADVANCE);
    json_object_set_new(request, protocol_arg_name(ARG_STEPS), json_integer(steps));
    return control_once(&control, request);
}
