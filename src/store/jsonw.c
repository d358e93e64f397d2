#include "store/jsonw.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "base/utf8.h"
#include "store/syntax.h"

static void escape(struct buf *out, char c)
{
    static const char plain[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *p = plain; *p; p += 2)
        if (*p == c) {
            buf_char(out, '\\');
            buf_char(out, p[1]);
            return;
        }
    buf_printf(out, "\\u%04x", (unsigned char)c);
}

static void escaped(struct buf *out, const char *text, size_t size)
{
    size_t done = 0;
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] >= 0x20 && text[i] != '"' && text[i] != '\\')
            continue;
        buf_add(out, text + done, i - done);
        escape(out, text[i]);
        done = i + 1;
    }
    buf_add(out, text + done, size - done);
}

void jsonw_text(struct buf *out, struct text text)
{
    buf_char(out, '"');
    for (size_t at = 0; at < text.size;) {
        size_t sound = utf8_valid_prefix(text.data + at, text.size - at);
        escaped(out, text.data + at, sound);
        at += sound;
        if (at < text.size) {
            buf_text(out, "\xEF\xBF\xBD");
            at++;
        }
    }
    buf_char(out, '"');
}

void jsonw_number(struct buf *out, double number)
{
    if (buf_reserve(out, DIGITS_MAX))
        out->size = (size_t)(digits_double(out->data + out->size, number) - out->data);
}

void jsonw_integer(struct buf *out, int64_t integer)
{
    if (buf_reserve(out, DIGITS_MAX))
        out->size = (size_t)(digits_integer(out->data + out->size, integer) - out->data);
}

void jsonw_time_us(struct buf *out, int64_t time_us)
{
    if (buf_reserve(out, DIGITS_MAX))
        out->size = (size_t)(digits_time_us(out->data + out->size, time_us) - out->data);
}

void jsonw_time(struct buf *out, int64_t time_ns)
{
    if (buf_reserve(out, DIGITS_MAX))
        out->size = (size_t)(digits_time(out->data + out->size, time_ns) - out->data);
}

static bool is_fault_of_text(enum json_error_code code)
{
    return code == json_error_duplicate_key || code == json_error_numeric_overflow ||
           code == json_error_stack_overflow || code == json_error_null_byte_in_key;
}

/* Of JSON, jansson says whether a name is there twice; for want of memory it may find any fault in it. */
static bool is_sound(struct buf *out, struct text text)
{
    json_error_t why;
    if (!syntax_is_json(text))
        return false;
    json_t *json = json_loadb(text.data, text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
    out->failed |= !json && !is_fault_of_text(json_error_code(&why));
    json_decref(json);
    return json != NULL;
}

static void squeeze(struct buf *out, struct text text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!quoted && strchr(" \t\r\n", c))
            continue;
        buf_char(out, c);
        if (quoted && c == '\\')
            buf_char(out, text.data[++i]);
        else if (c == '"')
            quoted = !quoted;
    }
}

void jsonw_embed(struct buf *out, struct text text)
{
    if (text.size && is_sound(out, text))
        squeeze(out, text);
    else
        jsonw_text(out, text);
}

void jsonw_name(struct buf *out, const char *name)
{
    if (out->size && out->data[out->size - 1] != '{')
        buf_char(out, ',');
    jsonw_text(out, text_from(name));
    buf_char(out, ':');
}
