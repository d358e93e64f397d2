#include "commands/control.h"

struct answer command_runs(const struct command *command)
{
    (void)command;
    return (struct answer){.kind = ANSWER_ASK};
}
