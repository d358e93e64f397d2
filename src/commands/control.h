/* control.h: what the six control requests have in common. */
#ifndef COMMANDS_CONTROL_H
#define COMMANDS_CONTROL_H

#include "commands/command.h"

struct answer answer_reply(enum reply_form form);
/* A post of the request's code with at_step and until_step filled in; 54 for want of memory. */
struct answer answer_post(const struct command *command);
/* The answer as a refusal; drops the post. */
struct answer answer_refused(struct answer *answer);

static inline const struct request_arg *command_arg(const struct command *command, enum arg arg)
{
    return &command->request->arg[arg];
}

#endif
