#include "commands/control.h"

struct answer command_subscribe(const struct command *command)
{
    const struct request_arg *topics = command_arg(command, ARG_TOPICS);
    struct answer answer = {.kind = ANSWER_SUBSCRIBE};
    for (size_t i = 0; i < topics->count; i++)
        answer.topics |= protocol_topic(topics->pairs[i].value.text.data, topics->pairs[i].value.text.size);
    return answer;
}
