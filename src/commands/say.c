#include "commands/control.h"

/* Numbers as of the trainer's messages. */
static unsigned level_of(const struct request_arg *level)
{
    static const char *const names[] = {"info", "warning", "error"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (text_is(level->text, names[i]))
            return i + 1;
    return 0;
}

struct answer command_say(const struct command *command)
{
    const struct request_arg *level = command_arg(command, ARG_LEVEL), *step = command_arg(command, ARG_STEP);
    struct answer answer = {.kind = ANSWER_SAY,
                            .level = level->present ? level_of(level) : 1,
                            .from = step->present ? step->integer : MAILBOX_NO_STEP};
    if (answer.level)
        return answer;
    refuse(&answer.refusal, ERROR_PARAMETER, "level is \"%.*s\"; expected info, warning or error",
           TEXT_SHOWN(level->text));
    return answer_refused(&answer);
}
