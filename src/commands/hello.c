#include "commands/control.h"

struct answer command_hello(const struct command *command)
{
    (void)command;
    return (struct answer){.kind = ANSWER_INTRODUCE};
}
