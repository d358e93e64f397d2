#include <math.h>
#include <string.h>

#include "commands/control.h"

static int take_axis(const struct request_arg *axis, bool *by_time, struct refusal *refusal)
{
    *by_time = axis->present && text_is(axis->text, "time");
    if (!axis->present || *by_time || text_is(axis->text, "step"))
        return 0;
    return refuse(refusal, ERROR_PARAMETER, "axis is \"%.*s\"; expected \"step\" or \"time\"", TEXT_SHOWN(axis->text));
}

/* Seconds as microseconds; the table's range is wider than these reach. */
static int64_t microseconds(double seconds)
{
    double us = round(seconds * 1e6);
    return us >= 0x1p63 ? INT64_MAX : us < -0x1p63 ? INT64_MIN : (int64_t)us;
}

static int take_end(const struct request_arg *arg, const char *name, bool by_time, int64_t *end,
                    struct refusal *refusal)
{
    if (!arg->present)
        return 0;
    if (!by_time && arg->number != round(arg->number))
        return refuse(refusal, ERROR_PARAMETER, "%s is %.16g; expected a whole step, or \"axis\":\"time\" with it",
                      name, arg->number);
    *end = by_time ? microseconds(arg->number) : (int64_t)arg->number;
    return 0;
}

static int take_range(const struct command *command, struct answer *answer)
{
    const struct request_arg *from = command_arg(command, ARG_FROM), *to = command_arg(command, ARG_TO);
    answer->has_from = from->present;
    answer->has_to = to->present;
    if (take_axis(command_arg(command, ARG_AXIS), &answer->by_time, &answer->refusal) < 0 ||
        take_end(from, "from", answer->by_time, &answer->from, &answer->refusal) < 0 ||
        take_end(to, "to", answer->by_time, &answer->to, &answer->refusal) < 0)
        return -1;
    if (from->present && to->present && from->number > to->number)
        return refuse(&answer->refusal, ERROR_PARAMETER, "from is %.16g, to is %.16g; expected from <= to",
                      from->number, to->number);
    return 0;
}

static int check_run(const struct request_arg *run, struct refusal *refusal)
{
    if (!run->present ||
        (!memchr(run->text.data, '/', run->text.size) && !text_is(run->text, ".") && !text_is(run->text, "..")))
        return 0;
    return refuse(refusal, ERROR_PARAMETER,
                  "run is \"%.*s\"; expected the name of a folder beside this run's, as runs (code 13) lists them",
                  TEXT_SHOWN(run->text));
}

struct answer command_history(const struct command *command)
{
    const struct request_arg *points = command_arg(command, ARG_POINTS);
    struct answer answer = {.kind = ANSWER_ASK,
                            .limit = points->present ? points->integer : LIMIT_HISTORY_POINTS_DEFAULT};
    if (take_range(command, &answer) < 0 || check_run(command_arg(command, ARG_RUN), &answer.refusal) < 0)
        return answer_refused(&answer);
    return answer;
}
