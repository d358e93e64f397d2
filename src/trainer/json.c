#include "trainer/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* The length of the next stretch of well-formed text in *valid; returns how many bad bytes (0 or 1) follow it. */
static size_t next_stretch(const char *text, size_t size, size_t *valid)
{
    *valid = utf8_valid_prefix(text, size);
    return *valid < size ? 1 : 0;
}

static void add_escape(struct buf *out, unsigned char c)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte, its letter */

    for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
        if ((unsigned char)shorts[i] == c) {
            buf_char(out, '\\');
            buf_char(out, shorts[i + 1]);
            return;
        }
    }
    buf_printf(out, "\\u%04x", c);
}

static void add_escaped(struct buf *out, const char *text, size_t size)
{
    size_t from = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(out, text + from, i - from);
        add_escape(out, c);
        from = i + 1;
    }
    buf_add(out, text + from, size - from);
}

void json_string(struct buf *out, const char *text, size_t size)
{
    buf_char(out, '"');
    while (size > 0) {
        size_t valid;
        size_t bad = next_stretch(text, size, &valid);
        add_escaped(out, text, valid);
        if (bad)
            buf_text(out, REPLACEMENT);
        text += valid + bad;
        size -= valid + bad;
    }
    buf_char(out, '"');
}

void text_clean(struct buf *out, const char *text, size_t size, size_t max)
{
    size_t end = out->size + max;

    while (size > 0 && out->size < end && !out->failed) {
        size_t valid, room = end - out->size;
        size_t bad = next_stretch(text, size, &valid);
        buf_add(out, text, valid <= room ? valid : utf8_valid_prefix(text, room));
        if (valid > room || (bad && room - valid < strlen(REPLACEMENT)))
            return;
        if (bad)
            buf_text(out, REPLACEMENT);
        text += valid + bad;
        size -= valid + bad;
    }
}

void json_int(struct buf *out, int64_t value)
{
    buf_printf(out, "%" PRId64, value);
}

/* printf writes the decimal point of the program's locale; whatever it is, it stands where no digit, sign or e does. */
static void point_of_c(char *text)
{
    size_t start = strspn(text, "0123456789+-e");
    size_t point = strcspn(text + start, "0123456789+-e");

    if (point == 0)
        return;
    text[start] = '.';
    memmove(text + start + 1, text + start + point, strlen(text + start + point) + 1);
}

void json_format_double(char out[JSON_DOUBLE_MAX], double value)
{
    if (!isfinite(value)) {
        (void)snprintf(out, JSON_DOUBLE_MAX, "%s", isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(out, JSON_DOUBLE_MAX, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    point_of_c(out);
}

void json_double(struct buf *out, double value)
{
    char text[JSON_DOUBLE_MAX];

    json_format_double(text, value);
    buf_printf(out, isfinite(value) ? "%s" : "\"%s\"", text);
}
