#include "wire/json.h"

#include <string.h>

#include "base/utf8.h"
#include "base/digits.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static void add_escaped(struct buf *out, char c)
{
    static const char meant[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *letter = c ? strchr(meant, c) : NULL;
    if (letter) {
        char pair[2] = {'\\', letters[letter - meant]};
        buf_add(out, pair, 2);
    } else {
        buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
    }
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* UTF-8, without quotes around it. */
static void add_characters(struct buf *out, const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t from = at;
        while (at < size && is_plain(text[at]))
            at++;
        buf_add(out, text + from, at - from);
        if (at < size)
            add_escaped(out, text[at++]);
    }
}

void json_add_text(struct buf *out, struct text text)
{
    buf_char(out, '"');
    size_t at = 0;
    while (at < text.size) {
        size_t valid = utf8_valid_prefix(text.data + at, text.size - at);
        add_characters(out, text.data + at, valid);
        at += valid;
        if (at++ < text.size)
            buf_text(out, replacement);
    }
    buf_char(out, '"');
}

void json_add_string(struct buf *out, const char *zero_terminated)
{
    json_add_text(out, text_from(zero_terminated));
}

void json_add_number(struct buf *out, double number)
{
    char digits[DIGITS_MAX];
    buf_add(out, digits, (size_t)(digits_double(digits, number) - digits));
}

void json_add_integer(struct buf *out, int64_t integer)
{
    char digits[DIGITS_MAX];
    buf_add(out, digits, (size_t)(digits_integer(digits, integer) - digits));
}

void json_add_time(struct buf *out, int64_t time_ns)
{
    char digits[DIGITS_MAX];
    buf_add(out, digits, (size_t)(digits_time(digits, time_ns) - digits));
}

void json_add_one_line(struct buf *out, struct text json)
{
    size_t at = 0;
    while (at < json.size) {
        size_t from = at;
        while (at < json.size && json.data[at] != '\n' && json.data[at] != '\r')
            at++;
        buf_add(out, json.data + from, at - from);
        if (at++ < json.size)
            buf_char(out, ' ');
    }
}
