#include "wire/token.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *reader_wrong(struct reader *in, const char *why)
{
    in->parse->wrong = why;
    in->parse->offset = in->at;
    return NULL;
}

/* ---- texts ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after \u, or -1. */
static int32_t hex_four(struct reader *in)
{
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = more(in) ? hex_digit(in->text[in->at]) : -1;
        if (digit < 0) {
            reader_wrong(in, "expected four hexadecimal digits after \\u");
            return -1;
        }
        unit = unit * 16 + digit;
        in->at++;
    }
    return unit;
}

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_u8(out, (uint8_t)c);
        return;
    }
    int rest = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    buf_u8(out, (uint8_t)(lead[rest] | c >> (6 * rest)));
    while (rest-- > 0)
        buf_u8(out, (uint8_t)(0x80 | (c >> (6 * rest) & 0x3f)));
}

static bool read_unicode(struct reader *in)
{
    int32_t unit = hex_four(in);
    if (unit < 0)
        return false;
    if (unit < 0xd800 || unit > 0xdfff) {
        add_utf8(&in->token, (uint32_t)unit);
        return true;
    }
    if (unit < 0xdc00 && take(in, '\\') && take(in, 'u')) {
        int32_t low = hex_four(in);
        if (low < 0)
            return false;
        if (low >= 0xdc00 && low <= 0xdfff) {
            add_utf8(&in->token, 0x10000u + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
            return true;
        }
    }
    reader_wrong(in, "half of a surrogate pair");
    return false;
}

static bool read_escape(struct reader *in)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (take(in, 'u'))
        return read_unicode(in);
    const char *letter = more(in) && in->text[in->at] ? strchr(letters, in->text[in->at]) : NULL;
    if (!letter) {
        reader_wrong(in, "no such escape");
        return false;
    }
    in->at++;
    buf_char(&in->token, meant[letter - letters]);
    return true;
}

/* Decodes into in->token what stands between quotes; the first of them has been taken. */
bool token_text(struct reader *in)
{
    buf_clear(&in->token);
    while (!take(in, '"')) {
        size_t from = in->at;
        while (more(in) && in->text[in->at] != '"' && in->text[in->at] != '\\' && (uint8_t)in->text[in->at] >= 0x20)
            in->at++;
        buf_add(&in->token, in->text + from, in->at - from);
        if (take(in, '\\')) {
            if (!read_escape(in))
                return false;
        } else if (!at_char(in, '"')) {
            reader_wrong(in, more(in) ? "a control character within a text" : "a text without its closing quote");
            return false;
        }
    }
    return !in->token.failed;
}

json_t *token_string(struct reader *in)
{
    if (!token_text(in))
        return NULL;
    return json_stringn_nocheck(in->token.size ? in->token.data : "", in->token.size);
}

/* ---- numbers ---- */

static bool take_digits(struct reader *in)
{
    size_t from = in->at;
    while (more(in) && in->text[in->at] >= '0' && in->text[in->at] <= '9')
        in->at++;
    return in->at > from;
}

/* Moves over a number; *real: it has a fraction or an exponent. */
static bool scan_number(struct reader *in, bool *real)
{
    take(in, '-');
    if (!take(in, '0') && !take_digits(in))
        return false;
    *real = false;
    if (take(in, '.')) {
        *real = true;
        if (!take_digits(in))
            return false;
    }
    if (take(in, 'e') || take(in, 'E')) {
        *real = true;
        if (!take(in, '+'))
            take(in, '-');
        return take_digits(in);
    }
    return true;
}

json_t *token_number(struct reader *in)
{
    size_t from = in->at;
    bool real;
    if (!scan_number(in, &real))
        return reader_wrong(in, "expected a digit");
    buf_clear(&in->token);
    buf_add(&in->token, in->text + from, in->at - from);
    const char *token = buf_string(&in->token);
    if (in->token.failed)
        return NULL;
    errno = 0;
    if (!real) {
        long long integer = strtoll(token, NULL, 10);
        return errno == ERANGE ? json_incref(in->parse->vast) : json_integer(integer);
    }
    double number = strtod(token, NULL);
    return isinf(number) ? json_incref(in->parse->vast) : json_real(number);
}

/* ---- words ---- */

json_t *token_word(struct reader *in)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        size_t size = strlen(words[i]);
        if (in->size - in->at < size || memcmp(in->text + in->at, words[i], size) != 0)
            continue;
        in->at += size;
        return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
    }
    return reader_wrong(in, "expected a value");
}
