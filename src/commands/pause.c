#include "commands/control.h"

struct answer command_pause(const struct command *command)
{
    return answer_post(command);
}
