#include "commands/control.h"

struct answer command_clients(const struct command *command)
{
    (void)command;
    return answer_reply(REPLY_CLIENTS);
}
