#include "commands/control.h"

struct answer command_shutdown(const struct command *command)
{
    (void)command;
    return (struct answer){.kind = ANSWER_SHUTDOWN};
}
