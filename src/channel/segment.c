#include "channel/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

_Static_assert(offsetof(struct segment_header, written) == 128, "the words that change stand on a line of their own");

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int journal_position_compare(const struct journal_position *a, const struct journal_position *b)
{
    int order = compare(a->ordinal, b->ordinal);
    if (order == 0)
        order = compare(a->sequence, b->sequence);
    return order ? order : compare(a->offset, b->offset);
}

void incarnation_text(char text[33], const struct incarnation *incarnation)
{
    for (size_t i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", incarnation->bytes[i]);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_incarnation(const char *text, struct incarnation *incarnation)
{
    for (size_t i = 0; i < 16; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        incarnation->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool incarnation_parse(const char *text, struct incarnation *incarnation)
{
    return parse_incarnation(text, incarnation) && text[32] == '\0';
}

bool incarnation_same(const struct incarnation *a, const struct incarnation *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

void segment_name(char name[SEGMENT_NAME], const struct incarnation *incarnation, uint64_t sequence)
{
    incarnation_text(name, incarnation);
    snprintf(name + 32, SEGMENT_NAME - 32, ".%010" PRIu64, sequence % UINT64_C(10000000000));
}

bool segment_parse_name(const char *name, struct incarnation *incarnation, uint64_t *sequence)
{
    if (!parse_incarnation(name, incarnation) || name[32] != '.')
        return false;
    *sequence = 0;
    const char *digit = name + 33;
    for (; *digit >= '0' && *digit <= '9' && digit < name + 43; digit++)
        *sequence = *sequence * 10 + (uint64_t)(*digit - '0');
    return digit == name + 43 && *digit == '\0';
}
