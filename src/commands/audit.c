#include "commands/control.h"

static int64_t integer_or_0(const struct request_arg *arg)
{
    return arg->present ? arg->integer : 0;
}

struct answer command_audit(const struct command *command)
{
    return (struct answer){.kind = ANSWER_ASK,
                           .from = integer_or_0(command_arg(command, ARG_FROM)),
                           .limit = integer_or_0(command_arg(command, ARG_LIMIT)),
                           .ticket = integer_or_0(command_arg(command, ARG_TICKET))};
}
