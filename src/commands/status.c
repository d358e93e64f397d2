#include "commands/control.h"

struct answer command_status(const struct command *command)
{
    (void)command;
    return answer_reply(REPLY_STATUS);
}
