#include "trainer/domain.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "trainer/json.h"

bool domain_double(struct domain *domain, double min, double max)
{
    bool endless = min == -INFINITY && max == INFINITY;

    *domain = (struct domain){.type = VALUE_DOUBLE, .bounded = !endless && (min != 0 || max != 0)};
    domain->min = value_double(min);
    domain->max = value_double(max);
    return min <= max && min < INFINITY && max > -INFINITY;
}

bool domain_int(struct domain *domain, int64_t min, int64_t max)
{
    bool endless = min == INT64_MIN && max == INT64_MAX;

    *domain = (struct domain){.type = VALUE_INT, .bounded = !endless && (min != 0 || max != 0)};
    domain->min = value_integer(VALUE_INT, min);
    domain->max = value_integer(VALUE_INT, max);
    return min <= max;
}

void domain_plain(struct domain *domain, enum value_type type, uint32_t choices)
{
    *domain = (struct domain){.type = type, .choices = choices, .bytes = UINT32_MAX};
    domain->min = domain->max = value_integer(type, 0);
}

void domain_string(struct domain *domain, uint32_t bytes)
{
    domain_plain(domain, VALUE_STRING, 0);
    domain->bytes = bytes;
}

static const char *type_name(enum value_type type)
{
    static const char *const names[] = {"nothing", "a double", "an int", "a bool", "a choice", "a string"};
    return (size_t)type < sizeof names / sizeof names[0] ? names[type] : "something unknown";
}

static int check_double(const struct domain *domain, const char *what, const char *name, double value, struct err *err)
{
    char given[JSON_DOUBLE_MAX], bound[JSON_DOUBLE_MAX];

    if (!isfinite(value))
        return err_set(err, ERR_INVALID, "%s %s takes a finite number", what, name);
    if (!domain->bounded || (value >= domain->min.number && value <= domain->max.number))
        return 0;
    bool below = value < domain->min.number;
    json_format_double(given, value);
    json_format_double(bound, below ? domain->min.number : domain->max.number);
    return err_set(err, ERR_INVALID, "%s %s cannot be %s: its %s is %s", what, name, given,
                   below ? "least" : "greatest", bound);
}

static int check_int(const struct domain *domain, const char *what, const char *name, int64_t value, struct err *err)
{
    if (!domain->bounded || (value >= domain->min.integer && value <= domain->max.integer))
        return 0;
    bool below = value < domain->min.integer;
    return err_set(err, ERR_INVALID, "%s %s cannot be %" PRId64 ": its %s is %" PRId64, what, name, value,
                   below ? "least" : "greatest", below ? domain->min.integer : domain->max.integer);
}

static int check_string(const struct domain *domain, const char *what, const char *name, struct text text,
                        struct err *err)
{
    if (text.size > domain->bytes)
        return err_set(err, ERR_INVALID, "%s %s takes at most %" PRIu32 " bytes of text, not %zu", what, name,
                       domain->bytes, text.size);
    if (text.size > 0 && memchr(text.data, 0, text.size))
        return err_set(err, ERR_INVALID, "%s %s takes a text without zero bytes", what, name);
    return 0;
}

int domain_check(const struct domain *domain, const char *what, const char *name, const struct value *value,
                 struct err *err)
{
    if (value->type != domain->type)
        return err_set(err, ERR_INVALID, "%s %s takes %s, not %s", what, name, type_name(domain->type),
                       type_name(value->type));
    switch (domain->type) {
    case VALUE_DOUBLE:
        return check_double(domain, what, name, value->number, err);
    case VALUE_INT:
        return check_int(domain, what, name, value->integer, err);
    case VALUE_BOOL:
        if (value->integer != 0 && value->integer != 1)
            return err_set(err, ERR_INVALID, "%s %s takes 0 or 1, not %" PRId64, what, name, value->integer);
        return 0;
    case VALUE_CHOICE:
        if (value->integer < 0 || value->integer >= domain->choices)
            return err_set(err, ERR_INVALID, "%s %s has %" PRIu32 " choices, none with index %" PRId64, what, name,
                           domain->choices, value->integer);
        return 0;
    case VALUE_STRING:
        return check_string(domain, what, name, value->text, err);
    default:
        return 0;
    }
}
