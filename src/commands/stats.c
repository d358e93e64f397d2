#include "commands/control.h"

struct answer command_stats(const struct command *command)
{
    (void)command;
    return answer_reply(REPLY_STATS);
}
