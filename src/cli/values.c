#include "cli/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/nearest.h"
#include "cli/print.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: every whole number up to here is a double */

static json_t *find_sized(json_t *list, const char *name, size_t size)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *known = field_text(item, "name");
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return item;
    }
    return NULL;
}

json_t *values_find(json_t *list, const char *name)
{
    return find_sized(list, name, strlen(name));
}

void values_unknown(json_t *list, const char *kind, const char *name, struct buf *why)
{
    struct nearest nearest = nearest_to(name);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) nearest_offer(&nearest, field_text(item, "name"));
    buf_printf(why, "no %s is called `%s`", kind, name);
    if (nearest.best)
        buf_printf(why, "; did you mean `%s`?", nearest.best);
    else if (json_array_size(list) == 0)
        buf_text(why, ": there is none");
}

/* ---- one value ---- */

static json_t *read_double(const char *text)
{
    char *end;
    double number = strtod(text, &end);
    return *text && !*end && isfinite(number) ? json_real(number) : NULL;
}

/* 1e4 is a whole number too. */
static json_t *read_int(const char *text)
{
    int64_t integer;
    char *end;
    if (args_read_integer(text, &integer))
        return json_integer(integer);
    double number = strtod(text, &end);
    if (!*text || *end || !(fabs(number) < EXACT_MAX) || number != (double)(json_int_t)number)
        return NULL;
    return json_integer((json_int_t)number);
}

static json_t *read_bool(const char *text)
{
    static const char *const words[][2] = {{"false", "true"}, {"off", "on"}, {"no", "yes"}, {"0", "1"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int value = 0; value < 2; value++)
            if (strcmp(words[i][value], text) == 0)
                return json_boolean(value);
    return NULL;
}

json_t *values_read(json_t *described, const char *text, struct buf *why)
{
    static const struct {
        const char *type;
        json_t *(*read)(const char *text);
        const char *what;
    } types[] = {
        {"double", read_double, "a number"},        {"int", read_int, "a whole number"},
        {"bool", read_bool, "true or false"},       {"choice", json_string, "a text in UTF-8"},
        {"string", json_string, "a text in UTF-8"},
    };
    const char *type = field_text(described, "type");
    json_t *value = NULL;
    size_t i = 0;
    while (i + 1 < sizeof types / sizeof *types && strcmp(types[i].type, type) != 0)
        i++;
    value = types[i].read(text);
    if (!value)
        buf_printf(why, "%s takes %s, not `%s`", field_text(described, "name"), types[i].what, text);
    return value;
}

/* ---- all of them ---- */

/* A name may hold '=' itself: the first '=' after a known name counts. The text after it. */
static const char *split(json_t *list, const char *operand, json_t **described)
{
    for (const char *equals = operand; (equals = strchr(equals, '=')); equals++)
        if ((*described = find_sized(list, operand, (size_t)(equals - operand))))
            return equals + 1;
    return NULL;
}

static bool read_one(json_t *values, json_t *list, const char *kind, const char *operand, struct buf *why)
{
    json_t *described = NULL;
    const char *text = split(list, operand, &described);
    if (!text && !strchr(operand, '=')) {
        buf_printf(why, "`%s` is not NAME=VALUE", operand);
        return false;
    }
    if (!text) {
        char *name = strndup(operand, strcspn(operand, "="));
        values_unknown(list, kind, name ? name : "", why);
        free(name);
        return false;
    }
    const char *name = field_text(described, "name");
    if (json_object_get(values, name)) {
        buf_printf(why, "%s is given twice", name);
        return false;
    }
    return json_object_set_new(values, name, values_read(described, text, why)) == 0;
}

json_t *values_read_all(json_t *list, const char *kind, char *const *operands, struct buf *why)
{
    json_t *values = json_object();
    for (; *operands; operands++) {
        if (read_one(values, list, kind, *operands, why))
            continue;
        json_decref(values);
        return NULL;
    }
    return values;
}
