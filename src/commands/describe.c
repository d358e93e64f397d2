#include "commands/control.h"

struct answer command_describe(const struct command *command)
{
    (void)command;
    return answer_reply(REPLY_DESCRIBE);
}
