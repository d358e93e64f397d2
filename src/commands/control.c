#include "commands/control.h"

#include <stdlib.h>

struct answer answer_reply(enum reply_form form)
{
    return (struct answer){.kind = ANSWER_REPLY, .form = form};
}

struct answer answer_refused(struct answer *answer)
{
    free(answer->post);
    answer->post = NULL;
    answer->kind = ANSWER_REFUSE;
    return *answer;
}

static int64_t step_of(const struct request_arg *arg)
{
    return arg->present ? arg->integer : MAILBOX_NO_STEP;
}

struct answer answer_post(const struct command *command)
{
    struct answer answer = {.kind = ANSWER_POST};
    answer.post = calloc(1, sizeof *answer.post);
    if (!answer.post) {
        refuse(&answer.refusal, ERROR_INTERNAL, "out of memory");
        return answer_refused(&answer);
    }
    answer.post->kind = (enum mailbox_kind)command->request->code;
    answer.post->at_step = step_of(command_arg(command, ARG_AT_STEP));
    answer.post->until_step = step_of(command_arg(command, ARG_UNTIL_STEP));
    return answer;
}
