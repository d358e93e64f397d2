#include "commands/control.h"

struct answer command_output(const struct command *command)
{
    const struct request_arg *lines = command_arg(command, ARG_LINES), *before = command_arg(command, ARG_BEFORE);
    return (struct answer){.kind = ANSWER_ASK,
                           .from = before->present ? before->integer : -1,
                           .limit = lines->present ? lines->integer : LIMIT_OUTPUT_LINES_DEFAULT};
}
