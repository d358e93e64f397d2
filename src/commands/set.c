#include "commands/control.h"
#include "model/setting.h"

/* The revision that the caller expects of a setting. */
static uint64_t expected_revision(const struct request_arg *revisions, struct text name)
{
    for (size_t i = 0; revisions->present && i < revisions->count; i++)
        if (text_is(name, revisions->pairs[i].name.data))
            return (uint64_t)revisions->pairs[i].value.integer;
    return MAILBOX_ANY_REVISION;
}

/* Every name of `revisions` must be one of `settings`: else a typing error would pass for a guard. */
static int check_revisions(const struct request_arg *settings, const struct request_arg *revisions,
                           struct refusal *refusal)
{
    for (size_t i = 0; revisions->present && i < revisions->count; i++) {
        bool found = false;
        for (size_t j = 0; j < settings->count && !found; j++)
            found = text_is(revisions->pairs[i].name, settings->pairs[j].name.data);
        if (!found)
            return refuse(refusal, ERROR_PARAMETER, "revisions names %.*s, which settings does not change",
                          TEXT_SHOWN(revisions->pairs[i].name));
    }
    return 0;
}

static int add_item(const struct command *command, const struct request_pair *pair, struct answer *answer)
{
    struct setting *setting = run_setting_named(command->run, pair->name);
    if (!setting || !setting->attached) {
        if (!command->run->trainer.attached)
            return 0; /* 45 says more than 43: guard_state answers */
        return refuse(&answer->refusal, ERROR_PARAMETER, "there is no setting \"%.*s\"; describe (code 4) lists them",
                      TEXT_SHOWN(pair->name));
    }
    struct mailbox_item *item = &answer->post->item[answer->post->items];
    if (setting_value(setting, &pair->value, &item->value, &answer->refusal) < 0)
        return -1;
    item->id = setting->trainer_id;
    item->expected_revision = expected_revision(command_arg(command, ARG_REVISIONS), pair->name);
    answer->post->items++;
    return 0;
}

struct answer command_set(const struct command *command)
{
    const struct request_arg *settings = command_arg(command, ARG_SETTINGS);
    struct answer answer = answer_post(command);
    if (answer.kind != ANSWER_POST)
        return answer;
    if (check_revisions(settings, command_arg(command, ARG_REVISIONS), &answer.refusal) < 0)
        return answer_refused(&answer);
    for (size_t i = 0; i < settings->count; i++)
        if (add_item(command, &settings->pairs[i], &answer) < 0)
            return answer_refused(&answer);
    return answer;
}
