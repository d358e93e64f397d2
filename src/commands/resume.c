#include "commands/control.h"

struct answer command_resume(const struct command *command)
{
    return answer_post(command);
}
