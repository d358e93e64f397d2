#include "trainer/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/json.h"

void result_init(struct trimtab_result *result)
{
    buf_init(&result->json);
    result->cut = result->failed = result->moves = false;
    result->next_step = 0;
    result->why[0] = 0;
}

void result_finish(struct trimtab_result *result)
{
    buf_finish(&result->json);
}

struct text result_text(struct trimtab_result *result)
{
    size_t size = result->json.size;

    if (size == 0)
        return text_of("", 0);
    buf_char(&result->json, '}');
    struct text text = text_of(result->json.data, result->json.size);
    if (result->json.failed) {
        result->cut = true;
        return text_of("", 0);
    }
    result->json.size = size;
    return text;
}

/* Every member is added whole or not at all: what `member_end` finds too long is taken back to where it began. */
static size_t member_begin(struct trimtab_result *result, const char *name)
{
    size_t start = result->json.size;

    buf_char(&result->json, start == 0 ? '{' : ',');
    json_string(&result->json, name, strnlen(name, TRIMTAB_RESULT_MAX));
    buf_char(&result->json, ':');
    return start;
}

static void member_end(struct trimtab_result *result, size_t start)
{
    bool failed = result->json.failed;

    if (!failed && result->json.size < TRIMTAB_RESULT_MAX)
        return;
    result->json.size = start;
    result->json.failed = false;
    result->cut = true;
}

void trimtab_result_string(trimtab_result *result, const char *name, const char *text)
{
    if (!result || !name)
        return;
    size_t start = member_begin(result, name);
    if (text)
        json_string(&result->json, text, strnlen(text, TRIMTAB_RESULT_MAX));
    else
        buf_text(&result->json, "null");
    member_end(result, start);
}

void trimtab_result_int(trimtab_result *result, const char *name, int64_t value)
{
    if (!result || !name)
        return;
    size_t start = member_begin(result, name);
    json_int(&result->json, value);
    member_end(result, start);
}

void trimtab_result_double(trimtab_result *result, const char *name, double value)
{
    if (!result || !name)
        return;
    size_t start = member_begin(result, name);
    json_double(&result->json, value);
    member_end(result, start);
}

void trimtab_result_bool(trimtab_result *result, const char *name, bool value)
{
    trimtab_result_json(result, name, value ? "true" : "false");
}

void trimtab_result_json(trimtab_result *result, const char *name, const char *json)
{
    if (!result || !name)
        return;
    size_t start = member_begin(result, name);
    buf_add(&result->json, json ? json : "null", json ? strnlen(json, TRIMTAB_RESULT_MAX) : 4);
    member_end(result, start);
}

void trimtab_result_next_step(trimtab_result *result, int64_t step)
{
    if (!result)
        return;
    result->moves = true;
    result->next_step = step;
}

int trimtab_result_fail(trimtab_result *result, const char *format, ...)
{
    char text[RESULT_WHY_MAX];
    struct buf clean;
    va_list ap;

    if (!result)
        return -1;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    buf_init(&clean);
    text_clean(&clean, text, strlen(text), sizeof result->why - 1);
    (void)snprintf(result->why, sizeof result->why, "%s", buf_string(&clean));
    buf_finish(&clean);
    result->failed = true;
    return -1;
}
