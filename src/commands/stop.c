#include "commands/control.h"

struct answer command_stop(const struct command *command)
{
    return answer_post(command);
}
