#include "base/utf8.h"

#include <stdint.h>

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

size_t utf8_valid_prefix(const char *text, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t at = 0;
    while (at < size) {
        size_t length = utf8_sequence(bytes + at, size - at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

bool utf8_is_name(const char *text, size_t size)
{
    if (size < 1 || size > 128)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return utf8_valid_prefix(text, size) == size;
}
