#include "commands/control.h"

struct answer command_unsubscribe(const struct command *command)
{
    (void)command;
    return (struct answer){.kind = ANSWER_UNSUBSCRIBE};
}
