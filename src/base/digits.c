#include "base/digits.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

char *digits_unsigned(char *at, uint64_t integer)
{
    char reversed[20];
    int count = 0;
    do
        reversed[count++] = (char)('0' + integer % 10);
    while ((integer /= 10) > 0);
    while (count > 0)
        *at++ = reversed[--count];
    return at;
}

char *digits_integer(char *at, int64_t integer)
{
    if (integer >= 0)
        return digits_unsigned(at, (uint64_t)integer);
    *at++ = '-';
    return digits_unsigned(at, 0 - (uint64_t)integer);
}

/* `places` digits of `fraction`, with leading zeros. */
static char *fixed_digits(char *at, uint64_t fraction, int places)
{
    for (int i = places - 1; i >= 0; i--) {
        at[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    return at + places;
}

char *digits_time(char *at, int64_t time_ns)
{
    return digits_time_us(at, time_ns / 1000 - (time_ns % 1000 < 0));
}

char *digits_time_us(char *at, int64_t time_us)
{
    uint64_t distance = time_us < 0 ? 0 - (uint64_t)time_us : (uint64_t)time_us;
    if (time_us < 0)
        *at++ = '-';
    at = digits_unsigned(at, distance / 1000000);
    *at++ = '.';
    return fixed_digits(at, distance % 1000000, 6);
}

/* ---- doubles ---- */

static uint64_t power_of_ten(int exponent)
{
    static const uint64_t powers[] = {UINT64_C(1),
                                      UINT64_C(10),
                                      UINT64_C(100),
                                      UINT64_C(1000),
                                      UINT64_C(10000),
                                      UINT64_C(100000),
                                      UINT64_C(1000000),
                                      UINT64_C(10000000),
                                      UINT64_C(100000000),
                                      UINT64_C(1000000000),
                                      UINT64_C(10000000000),
                                      UINT64_C(100000000000),
                                      UINT64_C(1000000000000),
                                      UINT64_C(10000000000000),
                                      UINT64_C(100000000000000),
                                      UINT64_C(1000000000000000),
                                      UINT64_C(10000000000000000),
                                      UINT64_C(100000000000000000),
                                      UINT64_C(1000000000000000000),
                                      UINT64_C(10000000000000000000)};
    return powers[exponent];
}

/* digits / 10^places */
struct decimal {
    uint64_t digits;
    int places;
};

/* All the integers that, as multiples of 10^-places, read back as the number: none but these lie nearer to it than to
 * its neighbours. `whole` and `half` tell the number itself, rounded down, and whether the rest is over a half. */
struct interval {
    uint64_t least, most, whole;
    bool half;
    int places;
};

/* The number is significand * 2^-scale, from 1e-5 to 2^53. There 128 bits hold it, times 4 * 10^places, exactly, and
 * the interval has room for at least one integer. It ends half way to the neighbours, at multiples of 2^-scale-1:
 * written out, these have more than `places` places, so that an end is never an integer itself. */
static struct interval interval_of(uint64_t significand, int scale)
{
    int places = 16 - ((52 - scale) * 1233 >> 12); /* 1233 / 4096 is log10(2) */
    places = places > 21 ? 21 : places;
    wide unit = places > 19 ? (wide)power_of_ten(19) * power_of_ten(places - 19) : power_of_ten(places);
    /* The neighbour below a power of two is only half as far away. */
    wide below = significand == UINT64_C(1) << 52 ? unit : 2 * unit;
    wide middle = 4 * unit * significand;
    int shift = scale + 2;
    wide fraction = middle & (((wide)1 << shift) - 1);
    return (struct interval){.least = (uint64_t)((middle - below) >> shift) + 1,
                             .most = (uint64_t)((middle + 2 * unit) >> shift),
                             .whole = (uint64_t)(middle >> shift),
                             .half = fraction >> (shift - 1) != 0,
                             .places = places};
}

/* The idea is that of Ryu (U. Adams, 2018): shorten while a decimal lies within the interval, then take the nearest. */
static struct decimal shortest(struct interval in)
{
    uint64_t least = in.least, most = in.most, step = 1;
    while ((least + 9) / 10 <= most / 10) {
        least = (least + 9) / 10;
        most /= 10;
        step *= 10;
        in.places--;
    }
    bool up = step == 1 ? in.half : in.whole % step >= step / 2;
    uint64_t nearest = in.whole / step + up;
    nearest = nearest < least ? least : nearest > most ? most : nearest;
    return (struct decimal){.digits = nearest, .places = in.places};
}

static char *decimal_text(char *at, struct decimal decimal)
{
    char digits[20];
    int count = (int)(digits_unsigned(digits, decimal.digits) - digits), whole = count - decimal.places;
    if (whole > 0) {
        memcpy(at, digits, (size_t)whole);
        at += whole;
        *at++ = '.';
        memcpy(at, digits + whole, (size_t)decimal.places);
        return at + decimal.places;
    }
    *at++ = '0';
    *at++ = '.';
    memset(at, '0', (size_t)-whole);
    memcpy(at - whole, digits, (size_t)count);
    return at + decimal.places;
}

/* Below DBL_MIN fewer than 15 digits may do. */
static char *by_trying(char *at, double number)
{
    int length = 0;
    for (int precision = fabs(number) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        length = snprintf(at, DIGITS_MAX, "%.*g", precision, number);
        if (strtod(at, NULL) == number)
            break;
    }
    return at + length;
}

static char *word(char *at, const char *text)
{
    size_t size = strlen(text);
    memcpy(at, text, size);
    return at + size;
}

char *digits_double(char *at, double number)
{
    if (!isfinite(number))
        return word(at, isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    if (number == 0 && signbit(number))
        return word(at, "-0.0");
    double distance = fabs(number);
    if (distance < 0x1p53 && distance == (double)(int64_t)distance)
        return digits_integer(at, (int64_t)number);
    if (distance < 1e-5 || distance >= 0x1p53)
        return by_trying(at, number);
    if (number < 0)
        *at++ = '-';
    uint64_t bits;
    memcpy(&bits, &distance, sizeof bits);
    uint64_t hidden = UINT64_C(1) << 52;
    return decimal_text(at, shortest(interval_of((bits & (hidden - 1)) | hidden, 1075 - (int)(bits >> 52))));
}
