#include "commands/control.h"

struct answer command_cancel(const struct command *command)
{
    return (struct answer){.kind = ANSWER_CANCEL, .ticket = command_arg(command, ARG_TICKET)->integer};
}
