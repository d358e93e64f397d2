#include "commands/control.h"

struct answer command_advance(const struct command *command)
{
    struct answer answer = answer_post(command);
    if (answer.kind == ANSWER_POST)
        answer.post->integer = command_arg(command, ARG_STEPS)->integer;
    return answer;
}
