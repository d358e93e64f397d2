#include "cli/condition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "cli/nearest.h"
#include "cli/print.h"

static const char *const states[] = {"waiting", "running", "paused", "stopping", "finished", "lost"};

void condition_finish(struct condition *condition)
{
    newest_finish(&condition->newest);
    json_decref(condition->told);
    buf_finish(&condition->text);
    condition->told = NULL;
}

/* ---- what can be meant ---- */

static bool is_state(const char *name, struct nearest *nearest)
{
    *nearest = nearest_to(name);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i], name) == 0)
            return true;
        nearest_offer(nearest, states[i]);
    }
    return false;
}

bool condition_check(const struct condition *condition, struct buf *why)
{
    struct nearest nearest;
    for (size_t i = 0; i < condition->states.count; i++) {
        if (is_state(condition->states.item[i], &nearest))
            continue;
        buf_printf(why, "no run is ever `%s`; ", condition->states.item[i]);
        buf_printf(why, nearest.best ? "did you mean `%s`?" : "the states are%s", nearest.best ? nearest.best : "");
        for (size_t k = 0; !nearest.best && k < sizeof states / sizeof *states; k++)
            buf_printf(why, "%s %s", k ? "," : "", states[k]);
        return false;
    }
    if (condition->states.count == 0 && !condition->step.given && !condition->nonfinite)
        buf_text(why, "what is waited for? Give --state, --step or --nonfinite");
    else if (condition->series->count > 0 && !condition->nonfinite)
        buf_text(why, "--series chooses the series for --nonfinite: give that too");
    return why->size == 0;
}

/* ---- verdicts ---- */

/* `what` names the condition for programs; NULL: none became true. */
static enum verdict settle(struct condition *condition, const char *what)
{
    const struct newest *newest = &condition->newest;
    condition->told = json_pack("{s:b, s:s*, s:s*, s:s, s:s}", "became", what != NULL, "what", what, "name",
                                *condition->name ? condition->name : NULL, "state", newest->state, "text",
                                buf_string(&condition->text));
    if (newest->step_known)
        json_object_set_new(condition->told, "step", json_integer(newest->step));
    return what ? VERDICT_TRUE : VERDICT_NEVER;
}

static void begin_text(struct condition *condition)
{
    buf_clear(&condition->text);
    buf_text(&condition->text, *condition->name ? condition->name : "the run");
}

static void add_step(struct condition *condition)
{
    if (condition->newest.step_known)
        buf_printf(&condition->text, " at step %lld", (long long)condition->newest.step);
}

static enum verdict judge_run(struct condition *condition)
{
    const struct newest *newest = &condition->newest;
    begin_text(condition);
    for (size_t i = 0; i < condition->states.count; i++) {
        if (strcmp(condition->states.item[i], newest->state) != 0)
            continue;
        buf_printf(&condition->text, " is %s", newest->state);
        add_step(condition);
        return settle(condition, "state");
    }
    if (!condition->step.given || !newest->step_known || newest->step < condition->step.value)
        return VERDICT_OPEN;
    buf_printf(&condition->text, " has reached step %lld: it is %s", (long long)condition->step.value, newest->state);
    add_step(condition);
    return settle(condition, "step");
}

static enum verdict tell_nonfinite(struct condition *condition, const char *series, double value)
{
    begin_text(condition);
    buf_printf(&condition->text, ": %s is ", series);
    print_metric(&condition->text, value);
    add_step(condition);
    enum verdict verdict = settle(condition, "nonfinite");
    json_object_set_new(condition->told, "series", json_string(series));
    return verdict;
}

enum verdict condition_give_up(struct condition *condition)
{
    begin_text(condition);
    buf_printf(&condition->text, " has ended: it is %s", condition->newest.state);
    add_step(condition);
    buf_text(&condition->text, ", and what is waited for did not come");
    return settle(condition, NULL);
}

/* ---- events ---- */

static enum verdict take_scalars(struct condition *condition, const json_t *event)
{
    struct newest *newest = &condition->newest;
    newest_scalars(newest, event);
    for (size_t i = 0; condition->nonfinite && i < newest->count; i++) {
        const struct newest_series *series = &newest->series[i];
        if (series->not_finite > 0) {
            newest->step = series->at;
            return tell_nonfinite(condition, series->name ? series->name : "?", series->odd);
        }
    }
    return VERDICT_OPEN;
}

enum verdict condition_take(struct condition *condition, const json_t *event)
{
    const char *name = field_text(event, "event");
    if (strcmp(name, "declared") == 0)
        newest_declared(&condition->newest, event);
    if (strcmp(name, "scalars") == 0)
        return take_scalars(condition, event);
    if (strcmp(name, "run") != 0)
        return VERDICT_OPEN;
    newest_run(&condition->newest, event);
    condition->ended = print_state_is_end(condition->newest.state);
    return judge_run(condition);
}

/* ---- without a server ---- */

static bool is_chosen(const struct condition *condition, const char *series)
{
    for (size_t i = 0; i < condition->series->count; i++)
        if (glob_matches(condition->series->item[i], series))
            return true;
    return condition->series->count == 0;
}

enum verdict condition_take_summary(struct condition *condition, const json_t *run)
{
    const char *name;
    json_t *value;
    snprintf(condition->name, sizeof condition->name, "%s", field_text(run, "name"));
    newest_run(&condition->newest, run);
    json_object_foreach(json_object_get(run, "last"), name, value)
    {
        if (condition->nonfinite && json_is_string(value) && is_chosen(condition, name))
            return tell_nonfinite(condition, name, strtod(json_string_value(value), NULL));
    }
    enum verdict verdict = judge_run(condition);
    if (verdict == VERDICT_OPEN && print_state_is_end(condition->newest.state))
        return condition_give_up(condition);
    return verdict;
}
