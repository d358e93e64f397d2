#include "cli/print.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

#define WHOLE_MAX 1e15
#define REPLACEMENT "\xEF\xBF\xBD"

/* ---- texts ---- */

static void print_sound(struct buf *out, const char *text, size_t size, bool lines)
{
    for (size_t at = 0; at < size;) {
        uint32_t point;
        size_t length = utf8_character(text + at, &point);
        if (utf8_is_harmful(point) && !(lines && (point == '\n' || point == '\t')))
            buf_text(out, REPLACEMENT);
        else
            buf_add(out, text + at, length);
        at += length;
    }
}

static void print_harmless(struct buf *out, const char *text, bool lines)
{
    size_t size = text ? strlen(text) : 0;
    while (size > 0) {
        size_t sound = utf8_valid_prefix(text, size);
        print_sound(out, text, sound, lines);
        if (sound == size)
            return;
        buf_text(out, REPLACEMENT);
        text += sound + 1;
        size -= sound + 1;
    }
}

void print_text(struct buf *out, const char *text)
{
    print_harmless(out, text, false);
}

void print_lines(struct buf *out, const char *text)
{
    print_harmless(out, text, true);
}

void print_shell_word(struct buf *out, const char *text)
{
    static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=@%+,-";
    struct buf quoted = {0};
    bool needs_quotes = !*text || text[strspn(text, harmless)];
    buf_text(&quoted, needs_quotes ? "'" : "");
    for (; *text; text++) {
        if (*text == '\'')
            buf_text(&quoted, "'\\''");
        else
            buf_char(&quoted, *text);
    }
    buf_text(&quoted, needs_quotes ? "'" : "");
    print_text(out, buf_string(&quoted));
    buf_finish(&quoted);
}

void print_member(struct buf *out, const json_t *object, const char *name)
{
    print_text(out, field_text(object, name));
}

/* ---- numbers ---- */

void print_double(struct buf *out, double number)
{
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    buf_text(out, digits);
}

void print_metric(struct buf *out, double number)
{
    bool is_whole = fabs(number) < WHOLE_MAX && number == (double)(long long)number;
    buf_printf(out, is_whole ? "%.0f" : "%.6g", number);
}

void print_value(struct buf *out, const json_t *value)
{
    if (json_is_string(value)) {
        print_text(out, json_string_value(value));
    } else if (json_is_real(value)) {
        print_double(out, json_real_value(value));
    } else if (value) {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        print_text(out, text);
        free(text);
    }
}

bool print_same_value(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

void print_duration(struct buf *out, double seconds)
{
    if (!(seconds >= 0 && seconds < 1e9))
        buf_text(out, "?");
    else if (seconds < 9.95)
        buf_printf(out, "%.1f s", seconds);
    else {
        long long s = (long long)(seconds + 0.5), m = s / 60, h = m / 60;
        if (s < 60)
            buf_printf(out, "%lld s", s);
        else if (m < 60)
            buf_printf(out, "%lldm %02llds", m, s % 60);
        else if (h < 24)
            buf_printf(out, "%lldh %02lldm %02llds", h, m % 60, s % 60);
        else
            buf_printf(out, "%lldd %02lldh %02lldm", h / 24, h % 24, m % 60);
    }
}

void print_bytes(struct buf *out, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    for (; bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units; unit++)
        bytes /= 1000;
    buf_printf(out, unit == 0 ? "%.0f %s" : "%.3g %s", bytes, units[unit]);
}

void print_clock(struct buf *out, double seconds, const char *format)
{
    char text[64];
    struct tm local;
    time_t moment = seconds > 0 && seconds < 1e11 ? (time_t)seconds : 0;
    if (moment && localtime_r(&moment, &local) && strftime(text, sizeof text, format, &local) > 0)
        buf_text(out, text);
    else
        buf_text(out, "?");
}

/* ---- members ---- */

const char *field_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

double field_number(const json_t *object, const char *name)
{
    const json_t *number = json_object_get(object, name);
    return json_is_number(number) ? json_number_value(number) : NAN;
}

json_int_t field_integer(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}
