#include "commands/control.h"

struct answer command_abort(const struct command *command)
{
    (void)command;
    return (struct answer){.kind = ANSWER_OWN};
}
