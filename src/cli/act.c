#include "cli/control.h"
#include "cli/values.h"
#include "cli/verbs.h"

static bool fill(json_t *request, json_t *described, char *const *operands, struct buf *why)
{
    json_t *actions = json_object_get(described, "actions"), *action = values_find(actions, operands[0]);
    if (!action) {
        values_unknown(actions, "action", operands[0], why);
        return false;
    }
    json_t *params = values_read_all(json_object_get(action, "params"), "parameter", operands + 1, why);
    json_object_set_new(request, protocol_arg_name(ARG_ACTION), json_string(operands[0]));
    if (json_object_size(params) > 0)
        json_object_set(request, protocol_arg_name(ARG_PARAMS), params);
    json_decref(params);
    return params != NULL;
}

int verb_act(int argc, char **argv)
{
    struct control control;
    struct args args;
    const struct args_spec spec = {
        .verb = "act",
        .operands = "ACTION [NAME=VALUE...]",
        .details = "`trimtab describe` lists the actions with their parameters and defaults.\n\n"
                   "Examples: trimtab act checkpoint\n"
                   "          trimtab act generate prompt=\"ROMEO:\" length=200\n\n" CONTROL_EXIT_CODES,
        .least = 1,
        .most = SIZE_MAX,
        .groups = {control_options(&control, true), session_options(&control.session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    return control_described(&control, control_request(&control, CODE_ACT), fill, args.operand);
}
