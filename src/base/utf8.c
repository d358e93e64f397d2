#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* The length of the well-formed sequence at `at` (RFC 3629 section 4), 0 where there is none. */
static size_t utf8_sequence(const uint8_t *at, size_t size)
{
    uint8_t lead = at[0];
    if (lead < 0x80)
        return 1;
    size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                    : lead >= 0xe0 && lead <= 0xef ? 3
                    : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                   : 0;
    if (length == 0 || size < length)
        return 0;
    /* Four leads narrow their second byte: against overlong forms, surrogates, and what lies past U+10FFFF. */
    uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < least || at[1] > most)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static bool is_ascii(const uint8_t at[8])
{
    uint64_t word;
    memcpy(&word, at, 8);
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

size_t utf8_valid_prefix(const char *text, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t at = 0;
    while (at < size) {
        if (size - at >= 8 && is_ascii(bytes + at)) {
            at += 8;
            continue;
        }
        size_t length = utf8_sequence(bytes + at, size - at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

bool utf8_is_name(const char *text, size_t size)
{
    if (size < 1 || size > UTF8_NAME_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return utf8_valid_prefix(text, size) == size;
}

bool utf8_is_harmful(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c || (point >= 0x200e && point <= 0x200f) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

size_t utf8_character(const char *text, uint32_t *point)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t size = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    *point = size == 1 ? bytes[0] : bytes[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        *point = *point << 6 | (bytes[i] & 0x3fu);
    return size;
}

void utf8_make_harmless(char *text, size_t size)
{
    for (size_t at = 0, length = 0; at < size; at += length) {
        uint32_t point = 0; /* harmful, as is what is not UTF-8 */
        length = utf8_sequence((const uint8_t *)text + at, size - at);
        if (length > 0)
            utf8_character(text + at, &point);
        length = length ? length : 1;
        if (utf8_is_harmful(point))
            memset(text + at, '?', length);
    }
}
