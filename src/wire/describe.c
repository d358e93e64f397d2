#include "wire/describe.h"

#include <math.h>

#include "wire/json.h"
#include "wire/members.h"
#include "wire/reply.h"

static const char *type_name(enum value_type type)
{
    static const char *const names[] = {"none", "double", "int", "bool", "choice", "string"};
    return names[type <= VALUE_STRING ? type : VALUE_NONE];
}

/* An infinite bound, or the end of what an int can hold, is none. */
static void member_bound(struct buf *out, const char *name, const struct value *bound)
{
    if (bound->type == VALUE_DOUBLE && isfinite(bound->number))
        member_number(out, name, bound->number);
    if (bound->type == VALUE_INT && bound->integer != INT64_MIN && bound->integer != INT64_MAX)
        member_integer(out, name, bound->integer);
}

static void members_bounds(struct buf *out, bool bounded, const struct value *min, const struct value *max)
{
    if (!bounded)
        return;
    member_bound(out, "min", min);
    member_bound(out, "max", max);
}

void describe_series(struct buf *out, uint32_t id, const struct series *series)
{
    buf_char(out, '{');
    member_integer(out, "id", id);
    member_text(out, "name", series->name);
    member_text_or_null(out, "unit", series->unit);
    member_count(out, "count", series->count);
    if (series->logged) {
        member_integer(out, "step", series->step);
        member_time(out, "time", series->time_ns);
        member_number(out, "last", series->value);
    }
    buf_char(out, '}');
}

static void member_choices(struct buf *out, const struct setting *setting)
{
    member(out, "choices");
    buf_char(out, '[');
    for (uint32_t i = 0; i < setting->choices; i++) {
        element(out);
        json_add_string(out, setting->choice[i].text);
    }
    buf_char(out, ']');
}

void describe_setting(struct buf *out, const struct setting *setting)
{
    buf_char(out, '{');
    member_text(out, "name", setting->name);
    member_text(out, "type", type_name(setting->type));
    member(out, "value");
    setting_value_json(out, setting, &setting->value);
    member_count(out, "revision", setting->revision);
    members_bounds(out, setting->bounded, &setting->min, &setting->max);
    if (setting->type == VALUE_CHOICE)
        member_choices(out, setting);
    member_text_or_null(out, "unit", setting->unit);
    member_text(out, "doc", setting->doc);
    member_bool(out, "attached", setting->attached);
    buf_char(out, '}');
}

static void describe_param(struct buf *out, const struct param *param)
{
    static const struct setting no_choices = {0};
    buf_char(out, '{');
    member_text(out, "name", param->name);
    member_text(out, "type", type_name(param->value.type));
    member(out, "default");
    if (param->value.type == VALUE_STRING)
        json_add_string(out, param->text);
    else
        setting_value_json(out, &no_choices, &param->value);
    members_bounds(out, param->bounded, &param->min, &param->max);
    buf_char(out, '}');
}

void describe_action(struct buf *out, const struct action *action)
{
    buf_char(out, '{');
    member_text(out, "name", action->name);
    member_text(out, "doc", action->doc);
    member(out, "params");
    buf_char(out, '[');
    for (uint32_t i = 0; i < action->params; i++) {
        element(out);
        describe_param(out, &action->param[i]);
    }
    buf_char(out, ']');
    member_bool(out, "attached", action->attached);
    buf_char(out, '}');
}

static bool may(const struct grant *grant, const struct protocol_code *code)
{
    struct refusal refusal = {0};
    return grant_permits_code(grant, code, &refusal) == 0;
}

static void member_may(struct buf *out, const struct grant *grant)
{
    size_t count;
    const struct protocol_code *codes = protocol_codes(&count);
    member(out, "may");
    buf_char(out, '[');
    for (size_t i = 0; i < count; i++)
        if (may(grant, &codes[i])) {
            element(out);
            json_add_string(out, codes[i].name);
        }
    buf_char(out, ']');
}

static void member_allow(struct buf *out, const struct grant *grant)
{
    char text[200];
    member(out, "allow");
    buf_char(out, '[');
    for (uint32_t i = 0; i < grant->allows; i++) {
        grant_allow_write(&grant->allow[i], text);
        element(out);
        json_add_string(out, text);
    }
    buf_char(out, ']');
}

static void members_limits(struct buf *out, const struct grant *grant)
{
    char rate[32];
    if (grant->allows > 0)
        member_allow(out, grant);
    if (grant->rate > 0) {
        grant_rate_write(grant, rate);
        member_text(out, "rate", rate);
    }
    if (grant->expires_ns)
        member_time(out, "expires", grant->expires_ns);
}

void result_describe(struct buf *out, const struct run *run, const struct grant *grant)
{
    buf_text(out, "{\"settings\":[");
    for (uint32_t i = 0; i < run->settings_count; i++) {
        element(out);
        describe_setting(out, &run->settings[i]);
    }
    buf_text(out, "],\"actions\":[");
    for (uint32_t i = 0; i < run->actions_count; i++) {
        element(out);
        describe_action(out, &run->actions[i]);
    }
    buf_text(out, "],\"series\":[");
    for (uint32_t i = 0; i < run->series_count; i++) {
        element(out);
        describe_series(out, i, &run->series[i]);
    }
    buf_char(out, ']');
    member_may(out, grant);
    if (grant)
        members_limits(out, grant);
    buf_char(out, '}');
}
