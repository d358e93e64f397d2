#include "commands/control.h"
#include "model/setting.h"

static int add_param(const struct action *action, const struct request_pair *pair, struct answer *answer)
{
    for (uint32_t i = 0; i < action->params; i++) {
        if (!text_is(pair->name, action->param[i].name))
            continue;
        struct mailbox_item *item = &answer->post->item[answer->post->items++];
        item->id = i;
        item->expected_revision = MAILBOX_ANY_REVISION;
        return param_value(action, &action->param[i], &pair->value, &item->value, &answer->refusal);
    }
    return refuse(&answer->refusal, ERROR_PARAMETER, "%s has no parameter \"%.*s\"; describe (code 4) lists them",
                  action->name, TEXT_SHOWN(pair->name));
}

struct answer command_act(const struct command *command)
{
    struct answer answer = answer_post(command);
    if (answer.kind != ANSWER_POST)
        return answer;
    struct text name = command_arg(command, ARG_ACTION)->text;
    const struct action *action = run_action_named(command->run, name);
    if (!action || !action->attached) {
        if (!command->run->trainer.attached)
            return answer; /* 45 says more than 43: guard_state answers */
        refuse(&answer.refusal, ERROR_PARAMETER, "there is no action \"%.*s\"; describe (code 4) lists them",
               TEXT_SHOWN(name));
        return answer_refused(&answer);
    }
    answer.post->target = action->trainer_id;
    const struct request_arg *params = command_arg(command, ARG_PARAMS);
    for (size_t i = 0; params->present && i < params->count; i++)
        if (add_param(action, &params->pairs[i], &answer) < 0)
            return answer_refused(&answer);
    return answer;
}
