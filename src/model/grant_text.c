/* grant_text.c: what a grant allows, as texts. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "model/grant.h"

enum { TYPED_BYTES = 40, NUMBER_BYTES = 25 };

/* ---- what is allowed ---- */

/* No hexadecimal, no infinity, and all of the text. */
static bool read_number(const char *text, size_t size, double *number)
{
    char copy[TYPED_BYTES], *end;
    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    *number = strtod(copy, &end);
    return !*end && strspn(copy, "0123456789.eE+-") == size && isfinite(*number);
}

static bool read_range(struct grant_allow *allow, const char *text)
{
    const char *dots = strstr(text, "..");
    allow->bounded = true;
    return dots && read_number(text, (size_t)(dots - text), &allow->least) &&
           read_number(dots + 2, strlen(dots + 2), &allow->greatest);
}

static bool is_set_or_act(const struct grant_allow *allow)
{
    return !allow->bounded && (strcmp(allow->name, "set") == 0 || strcmp(allow->name, "act") == 0);
}

int grant_allow_read(struct grant_allow *allow, const char *text, struct err *err)
{
    const char *range = strrchr(text, '=');
    size_t size = range ? (size_t)(range - text) : strlen(text);
    *allow = (struct grant_allow){0};
    if (!utf8_is_name(text, size))
        return err_set(err, ERR_INVALID, "`%.100s` does not begin with the name of a setting, an action or a request",
                       text);
    memcpy(allow->name, text, size);
    if (range && !read_range(allow, range + 1))
        return err_set(err, ERR_INVALID, "`%.200s` holds no range of two numbers, as in lr=1e-5..1e-3", text);
    if (range && allow->least > allow->greatest)
        return err_set(err, ERR_INVALID, "the range of `%.200s` ends before it begins", text);
    if (is_set_or_act(allow))
        return err_set(err, ERR_INVALID, "%s is allowed by naming what: a setting (lr, lr=1e-5..1e-3) or an action",
                       allow->name);
    return 0;
}

/* The fewest digits that read back as the same. */
static void write_number(char text[NUMBER_BYTES], double number)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, NUMBER_BYTES, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            return;
    }
}

void grant_allow_write(const struct grant_allow *allow, char text[200])
{
    char least[NUMBER_BYTES], greatest[NUMBER_BYTES];
    if (!allow->bounded) {
        snprintf(text, 200, "%s", allow->name);
        return;
    }
    write_number(least, allow->least);
    write_number(greatest, allow->greatest);
    snprintf(text, 200, "%s=%s..%s", allow->name, least, greatest);
}

/* ---- how often ---- */

static const struct {
    const char *name;
    int64_t seconds;
} units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};

#define UNITS (sizeof units / sizeof *units)

static int64_t unit_ns(const char *name)
{
    for (size_t i = 0; i < UNITS; i++)
        if (strcmp(units[i].name, name) == 0)
            return units[i].seconds * 1000000000;
    return 0;
}

int grant_rate_read(struct grant *grant, const char *text, struct err *err)
{
    size_t digits = strspn(text, "0123456789");
    int64_t rate_ns = text[digits] == '/' ? unit_ns(text + digits + 1) : 0;
    long count = digits >= 1 && digits <= 7 ? strtol(text, NULL, 10) : 0;
    if (count < 1 || count > GRANT_RATE_MOST || rate_ns == 0)
        return err_set(err, ERR_INVALID, "`%.60s` is not a rate like 5/s, 3/min, 20/h or 100/d, from 1 to %d", text,
                       GRANT_RATE_MOST);
    grant->rate = (uint32_t)count;
    grant->rate_ns = rate_ns;
    return 0;
}

void grant_rate_write(const struct grant *grant, char text[32])
{
    const char *unit = "d";
    for (size_t i = 0; i < UNITS; i++)
        if (grant->rate_ns == units[i].seconds * 1000000000)
            unit = units[i].name;
    text[0] = '\0';
    if (grant->rate > 0)
        snprintf(text, 32, "%u/%s", grant->rate, unit);
}
