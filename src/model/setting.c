#include "model/setting.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char *kind_name(const struct request_scalar *scalar)
{
    static const char *const names[] = {"a bool", "an integer", "a number", "a text"};
    return names[scalar->kind];
}

static int wrong_type(struct refusal *refusal, const char *name, const char *expected,
                      const struct request_scalar *scalar)
{
    return refuse(refusal, ERROR_PARAMETER, "%s takes %s, not %s", name, expected, kind_name(scalar));
}

/* "0 to 1", "0 or more", "at most 1" */
static int refuse_range(struct refusal *refusal, const char *name, const char *min, const char *max, const char *given)
{
    if (min && max)
        return refuse(refusal, ERROR_PARAMETER, "%s takes %s to %s, not %s", name, min, max, given);
    if (min)
        return refuse(refusal, ERROR_PARAMETER, "%s takes %s or more, not %s", name, min, given);
    return refuse(refusal, ERROR_PARAMETER, "%s takes at most %s, not %s", name, max, given);
}

static int refuse_double(struct refusal *refusal, const char *name, double min, double max, double number)
{
    char least[32], most[32], given[32];
    snprintf(least, sizeof least, "%.10g", min);
    snprintf(most, sizeof most, "%.10g", max);
    snprintf(given, sizeof given, "%.10g", number);
    return refuse_range(refusal, name, min == -INFINITY ? NULL : least, max == INFINITY ? NULL : most, given);
}

static int refuse_int(struct refusal *refusal, const char *name, int64_t min, int64_t max, int64_t integer)
{
    char least[32], most[32], given[32];
    snprintf(least, sizeof least, "%" PRId64, min);
    snprintf(most, sizeof most, "%" PRId64, max);
    snprintf(given, sizeof given, "%" PRId64, integer);
    return refuse_range(refusal, name, min == INT64_MIN ? NULL : least, max == INT64_MAX ? NULL : most, given);
}

static int double_value(const char *name, bool bounded, const struct value *min, const struct value *max,
                        const struct request_scalar *scalar, struct value *value, struct refusal *refusal)
{
    if (scalar->kind != SCALAR_INTEGER && scalar->kind != SCALAR_NUMBER)
        return wrong_type(refusal, name, "a number", scalar);
    double number = scalar->kind == SCALAR_INTEGER ? (double)scalar->integer : scalar->number;
    if (!isfinite(number))
        return refuse(refusal, ERROR_PARAMETER, "%s takes a finite number", name);
    if (bounded && !(number >= min->number && number <= max->number))
        return refuse_double(refusal, name, min->number, max->number, number);
    *value = value_double(number);
    return 0;
}

static int int_value(const char *name, bool bounded, const struct value *min, const struct value *max,
                     const struct request_scalar *scalar, struct value *value, struct refusal *refusal)
{
    if (scalar->kind != SCALAR_INTEGER)
        return wrong_type(refusal, name, "an integer", scalar);
    if (bounded && !(scalar->integer >= min->integer && scalar->integer <= max->integer))
        return refuse_int(refusal, name, min->integer, max->integer, scalar->integer);
    *value = value_integer(VALUE_INT, scalar->integer);
    return 0;
}

static int bool_value(const char *name, const struct request_scalar *scalar, struct value *value,
                      struct refusal *refusal)
{
    if (scalar->kind != SCALAR_BOOL)
        return wrong_type(refusal, name, "true or false", scalar);
    *value = value_integer(VALUE_BOOL, scalar->truth);
    return 0;
}

static int choice_value(const struct setting *setting, const struct request_scalar *scalar, struct value *value,
                        struct refusal *refusal)
{
    if (scalar->kind != SCALAR_TEXT)
        return wrong_type(refusal, setting->name, "one of its choices as a text", scalar);
    for (uint32_t i = 0; i < setting->choices; i++)
        if (text_is(scalar->text, setting->choice[i].text)) {
            *value = value_integer(VALUE_CHOICE, i);
            return 0;
        }
    char list[240] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < setting->choices && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", setting->choice[i].text);
    return refuse(refusal, ERROR_PARAMETER, "%s has no choice \"%.*s\"; there are: %s", setting->name,
                  TEXT_SHOWN(scalar->text), list);
}

static int string_value(const char *name, const struct request_scalar *scalar, struct value *value,
                        struct refusal *refusal)
{
    if (scalar->kind != SCALAR_TEXT)
        return wrong_type(refusal, name, "a text", scalar);
    *value = (struct value){.type = VALUE_STRING, .text = scalar->text};
    return 0;
}

static int setting_string(const char *name, const struct request_scalar *scalar, struct value *value,
                          struct refusal *refusal)
{
    if (scalar->kind == SCALAR_TEXT && scalar->text.size > LIMIT_STRING_BYTES)
        return refuse(refusal, ERROR_PARAMETER, "%s takes a text of at most %d bytes, not one of %zu", name,
                      LIMIT_STRING_BYTES, scalar->text.size);
    return string_value(name, scalar, value, refusal);
}

int setting_value(const struct setting *setting, const struct request_scalar *scalar, struct value *value,
                  struct refusal *refusal)
{
    switch (setting->type) {
    case VALUE_DOUBLE:
        return double_value(setting->name, setting->bounded, &setting->min, &setting->max, scalar, value, refusal);
    case VALUE_INT:
        return int_value(setting->name, setting->bounded, &setting->min, &setting->max, scalar, value, refusal);
    case VALUE_BOOL:
        return bool_value(setting->name, scalar, value, refusal);
    case VALUE_CHOICE:
        return choice_value(setting, scalar, value, refusal);
    case VALUE_STRING:
        return setting_string(setting->name, scalar, value, refusal);
    default:
        return refuse(refusal, ERROR_INTERNAL, "%s has a type that this server does not know", setting->name);
    }
}

int param_value(const struct action *action, const struct param *param, const struct request_scalar *scalar,
                struct value *value, struct refusal *refusal)
{
    char name[300];
    snprintf(name, sizeof name, "parameter %s of %s", param->name, action->name);
    switch (param->value.type) {
    case VALUE_DOUBLE:
        return double_value(name, param->bounded, &param->min, &param->max, scalar, value, refusal);
    case VALUE_INT:
        return int_value(name, param->bounded, &param->min, &param->max, scalar, value, refusal);
    case VALUE_BOOL:
        return bool_value(name, scalar, value, refusal);
    case VALUE_STRING:
        return string_value(name, scalar, value, refusal);
    default:
        return refuse(refusal, ERROR_INTERNAL, "%s has a type that this server does not know", name);
    }
}
