/* Numbers as digits: each reads back as the same, and none could be shorter. */
#include "unit.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"

static uint64_t state = 88172645463325252u;

static uint64_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double from_bits(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static size_t digits_of(const char *text)
{
    size_t count = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && !count))
            continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

/* The fewest digits of which strtod makes the number. */
static size_t fewest_digits(double number)
{
    char text[40];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision - 1, number);
        if (strtod(text, NULL) == number)
            return digits_of(text);
    }
    return 17;
}

static void assert_shortest(double number)
{
    char text[DIGITS_MAX + 1];
    *digits_double(text, number) = '\0';
    if (strtod(text, NULL) != number || signbit(strtod(text, NULL)) != signbit(number) ||
        (fabs(number) >= DBL_MIN && digits_of(text) > fewest_digits(number)))
        fail_msg("%s is not %.17g", text, number);
}

static void doubles_read_back(void **unused)
{
    (void)unused;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_bits();
        double number = from_bits(bits);
        if (i % 5 == 1)
            number = (double)(float)((double)(bits % 1000000) / 1e5 * 0.37);
        else if (i % 5 == 2)
            number = (double)(bits >> 11) * 0x1p-53 * pow(10, (double)(bits % 20) - 4);
        else if (i % 5 == 3)
            number = ldexp(1 + ((double)(bits % 7) - 3) * 0x1p-52, (int)(bits >> 20 & 63) - 17); /* by powers of two */
        else if (i % 5 == 4)
            number = (double)(bits % 100000) / 1000;
        if (isfinite(number))
            assert_shortest(bits >> 63 ? -number : number);
    }
}

static void assert_told(double number, const char *text)
{
    char found[DIGITS_MAX + 1];
    *digits_double(found, number) = '\0';
    assert_string_equal(found, text);
}

static void as_on_the_wire(void **unused)
{
    (void)unused;
    assert_told(0, "0");
    assert_told(-0.0, "-0.0");
    assert_told(1, "1");
    assert_told(-2.5, "-2.5");
    assert_told(0.1, "0.1");
    assert_told(0.1 + 0.2, "0.30000000000000004");
    assert_told(0.00001, "0.00001");
    assert_told(123456.789, "123456.789");
    assert_told(9007199254740991, "9007199254740991");
    assert_told(1e300, "1e+300");
    assert_told(NAN, "\"NaN\"");
    assert_told(INFINITY, "\"Infinity\"");
    assert_told(-INFINITY, "\"-Infinity\"");
}

static void integers_and_times(void **unused)
{
    static const struct {
        int64_t integer;
        const char *as_integer, *as_time;
    } told[] = {
        {0, "0", "0.000000"},
        {-1, "-1", "-0.000001"},
        {1700000000123456, "1700000000123456", "1700000000.123456"},
        {-1000000, "-1000000", "-1.000000"},
        {INT64_MAX, "9223372036854775807", "9223372036854.775807"},
        {INT64_MIN, "-9223372036854775808", "-9223372036854.775808"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        char found[DIGITS_MAX + 1];
        *digits_integer(found, told[i].integer) = '\0';
        assert_string_equal(found, told[i].as_integer);
        *digits_time_us(found, told[i].integer) = '\0';
        assert_string_equal(found, told[i].as_time);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(doubles_read_back), cmocka_unit_test(as_on_the_wire),
                                       cmocka_unit_test(integers_and_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
