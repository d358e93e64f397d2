#include "cli/columns.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/utf8.h"

struct range {
    uint32_t first, last;
};

/* East_Asian_Width W or F of Unicode 14 (UAX #11), with what is not assigned between them. */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},
    {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},
    {0x2E80, 0x303E},   {0x3041, 0x3247},   {0x3250, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x16FE0, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E},
    {0x1F191, 0x1F19A}, {0x1F1E6, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7FF}, {0x1F900, 0x1FAFF},
    {0x20000, 0x3FFFF},
};

/* What is put over the character before it. */
static const struct range none[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200D}, {0x20D0, 0x20F0}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t point)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (point > ranges[middle].last)
            low = middle + 1;
        else if (point < ranges[middle].first)
            count = middle;
        else
            return true;
    }
    return false;
}

static size_t width_of(uint32_t point)
{
    if (point < none[0].first)
        return 1; /* most text by far */
    if (is_in(none, sizeof none / sizeof *none, point))
        return 0;
    return is_in(wide, sizeof wide / sizeof *wide, point) ? 2 : 1;
}

/* Walks up to the first character that goes past `width`; *at is where it stands. */
static size_t walk(const char *text, size_t size, size_t width, size_t *at)
{
    size_t columns = 0;
    for (*at = 0; *at < size;) {
        uint32_t point;
        size_t length = utf8_character(text + *at, &point), more = width_of(point);
        if (columns + more > width)
            break;
        columns += more;
        *at += length;
    }
    return columns;
}

size_t columns_of(const char *text, size_t size)
{
    size_t at;
    return walk(text, size, SIZE_MAX, &at);
}

size_t columns_fit(const char *text, size_t size, size_t width)
{
    size_t at;
    walk(text, size, width, &at);
    return at;
}
