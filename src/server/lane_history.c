#include "server/lane_history.h"

#include <stdlib.h>
#include <string.h>

static char *copy(char **free_at, struct text text)
{
    char *copied = *free_at;
    memcpy(copied, text.data, text.size + 1);
    *free_at += text.size + 1;
    return copied;
}

static size_t bytes_of(const struct request_arg *series, const struct request_arg *run)
{
    size_t bytes = run->present ? run->text.size + 1 : 0;
    for (size_t i = 0; i < series->count; i++)
        bytes += series->pairs[i].value.text.size + 1;
    return bytes;
}

struct lane_history *lane_history_create(const struct request *request, const struct answer *answer)
{
    const struct request_arg *series = &request->arg[ARG_SERIES], *run = &request->arg[ARG_RUN];
    struct lane_history *history = calloc(1, sizeof *history + bytes_of(series, run));
    if (!history)
        return NULL;
    char *free_at = history->texts;
    for (size_t i = 0; i < series->count; i++)
        history->globs[i] = copy(&free_at, series->pairs[i].value.text);
    if (run->present)
        history->beside = copy(&free_at, run->text);
    history->ask = (struct store_history_ask){.globs = history->globs,
                                              .globs_count = series->count,
                                              .by_time = answer->by_time,
                                              .has_from = answer->has_from,
                                              .has_to = answer->has_to,
                                              .from = answer->from,
                                              .to = answer->to,
                                              .points = (unsigned)answer->limit};
    return history;
}
