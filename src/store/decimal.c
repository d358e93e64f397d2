#include "store/decimal.h"

#include <math.h>
#include <string.h>

#include "store/jsonw.h"

#define DIGITS 17 /* tell every double apart */
#define LEAST 1e-5
#define MOST 0x1p53

__extension__ typedef unsigned __int128 wide;

static char *digits_put(char *end, uint64_t integer, int least)
{
    for (; integer || least > 0; integer /= 10, least--)
        *--end = (char)('0' + integer % 10);
    return end;
}

void decimal_integer(struct buf *out, int64_t integer)
{
    char text[24], *end = text + sizeof text;
    char *at = digits_put(end, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer, 1);
    if (integer < 0)
        *--at = '-';
    buf_add(out, at, (size_t)(end - at));
}

void decimal_time(struct buf *out, int64_t time_us)
{
    char text[32], *end = text + sizeof text;
    uint64_t distance = time_us < 0 ? 0 - (uint64_t)time_us : (uint64_t)time_us;
    char *at = digits_put(end, distance % 1000000, 6);
    *--at = '.';
    at = digits_put(at, distance / 1000000, 1);
    if (time_us < 0)
        *--at = '-';
    buf_add(out, at, (size_t)(end - at));
}

/* significand / 2^shift, from LEAST to MOST, not a whole number, times 10^places has DIGITS digits before the point. */
struct scaled {
    wide number; /* significand * 10^places: exact, less than 2^127 */
    wide unit;   /* 10^places: so far away are the neighbours */
    int shift, places;
};

static struct scaled scale(double number)
{
    uint64_t bits, hidden = UINT64_C(1) << 52;
    memcpy(&bits, &number, sizeof bits);
    struct scaled scaled = {.shift = 1075 - (int)(bits >> 52), .unit = 1};
    bits = (bits & (hidden - 1)) | hidden;
    wide full = (wide)UINT64_C(10000000000000000) << scaled.shift;
    for (; bits * scaled.unit < full; scaled.places++)
        scaled.unit *= 10;
    scaled.number = bits * scaled.unit;
    return scaled;
}

/* Does digits / 10^places lie nearer to the number than half way to its neighbour? (The one below a power of two is
 * only half as far away; but from LEAST on these have at most 16 digits, and are themselves.) */
static bool reads_back(const struct scaled *scaled, uint64_t digits)
{
    wide candidate = (wide)digits << scaled->shift;
    wide distance = candidate > scaled->number ? candidate - scaled->number : scaled->number - candidate;
    return 2 * distance < scaled->unit;
}

/* To the nearest 15 or 16 digits where they do: a shorter one is the same with zeros at its end. Else 17. */
static uint64_t shorten(const struct scaled *scaled)
{
    uint64_t whole = (uint64_t)(scaled->number >> scaled->shift);
    for (uint64_t step = 100; step > 1; step /= 10) {
        uint64_t rounded = (whole + step / 2) / step * step;
        if (reads_back(scaled, rounded))
            return rounded;
    }
    return whole + (uint64_t)(scaled->number >> (scaled->shift - 1) & 1);
}

static void put_scaled(struct buf *out, bool negative, uint64_t digits, int places)
{
    char text[48], *end = text + sizeof text;
    for (; digits % 10 == 0; places--)
        digits /= 10;
    uint64_t power = 1;
    char *at;
    if (places > DIGITS) {
        at = digits_put(end, digits, places);
    } else {
        for (int i = 0; i < places; i++)
            power *= 10;
        at = digits_put(end, digits % power, places);
    }
    *--at = '.';
    at = digits_put(at, places > DIGITS ? 0 : digits / power, 1);
    if (negative)
        *--at = '-';
    buf_add(out, at, (size_t)(end - at));
}

void decimal_double(struct buf *out, double number)
{
    double distance = fabs(number);
    if (distance < MOST && distance == (double)(int64_t)distance && !(number == 0 && signbit(number))) {
        decimal_integer(out, (int64_t)number);
    } else if (distance >= LEAST && distance < MOST) {
        struct scaled scaled = scale(distance);
        put_scaled(out, number < 0, shorten(&scaled), scaled.places);
    } else if (number == 0) {
        buf_text(out, "-0.0");
    } else {
        jsonw_number(out, number);
    }
}
