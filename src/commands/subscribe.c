#include <stdlib.h>

#include "commands/control.h"

/* "tick", or "N/s": the least time between two messages. */
static int take_rate(struct text rate, int64_t *rate_ns, struct refusal *refusal)
{
    char *end = NULL;
    if (text_is(rate, "tick"))
        return 0;
    long a_second = rate.data[0] >= '1' && rate.data[0] <= '9' ? strtol(rate.data, &end, 10) : 0;
    if (a_second < 1 || a_second > LIMIT_RATE_MOST || !text_is(text_from(end), "/s"))
        return refuse(refusal, ERROR_PARAMETER, "rate is \"%.*s\"; expected \"tick\", or \"N/s\" with N from 1 to %d",
                      TEXT_SHOWN(rate), LIMIT_RATE_MOST);
    *rate_ns = INT64_C(1000000000) / a_second;
    return 0;
}

struct answer command_subscribe(const struct command *command)
{
    const struct request_arg *topics = command_arg(command, ARG_TOPICS), *rate = command_arg(command, ARG_RATE);
    struct answer answer = {.kind = ANSWER_SUBSCRIBE};
    if (rate->present && take_rate(rate->text, &answer.rate_ns, &answer.refusal) < 0)
        return answer_refused(&answer);
    for (size_t i = 0; i < topics->count; i++)
        answer.topics |= protocol_topic(topics->pairs[i].value.text.data, topics->pairs[i].value.text.size);
    return answer;
}
