#include "commands/control.h"

struct answer command_ping(const struct command *command)
{
    (void)command;
    return answer_reply(REPLY_PING);
}
