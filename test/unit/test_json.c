/* JSON written by hand: numbers that read back as they were, texts that are always UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/json.h"

static struct buf out;

static int setup(void **state)
{
    (void)state;
    buf_init(&out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_finish(&out);
    return 0;
}

static const char *number_text(double number)
{
    buf_clear(&out);
    json_add_number(&out, number);
    return buf_string(&out);
}

static void test_numbers_as_written(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } samples[] = {
        {0, "0"},
        {-0.0, "-0.0"},
        {1, "1"},
        {-41230, "-41230"},
        {9007199254740991, "9007199254740991"},
        {1e22, "1e+22"},
        {0.1, "0.1"},
        {-0.0003, "-0.0003"},
        {14.2, "14.2"},
        {1.83, "1.83"},
        {123456.789, "123456.789"},
        {0.1f, "0.10000000149011612"},
        {1.0 / 3, "0.3333333333333333"},
        {0.82222270178735135, "0.8222227017873514"}, /* ...3 reads back too, and is farther */
        {0.00001, "0.00001"},
        {3e-7, "3e-07"},
        {2251799813685247.75, "2251799813685247.8"},
        {4503599627370495.5, "4503599627370495.5"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {NAN, "\"NaN\""},
        {-NAN, "\"NaN\""},
        {INFINITY, "\"Infinity\""},
        {-INFINITY, "\"-Infinity\""},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        assert_string_equal(number_text(samples[i].number), samples[i].text);
}

static uint64_t random_bits(void)
{
    static uint64_t state = UINT64_C(88172645463325252);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Digits from the first that is not zero to the last that is not. */
static size_t significant(const char *text)
{
    size_t digits = 0, to_last = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && digits == 0))
            continue;
        digits++;
        if (*text != '0')
            to_last = digits;
    }
    return to_last;
}

static void check_round_trip(double number)
{
    const char *text = number_text(number);
    double back = strtod(text, NULL);
    if (memcmp(&back, &number, sizeof back) != 0)
        fail_msg("%a is written %s", number, text);
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!json_is_number(json) || json_number_value(json) != number)
        fail_msg("%a is written %s, which is not JSON", number, text);
    json_decref(json);
    for (int digits = 1; digits < (int)significant(text); digits++) {
        char shorter[40];
        snprintf(shorter, sizeof shorter, "%.*e", digits - 1, number);
        if (strtod(shorter, NULL) == number)
            fail_msg("%s could be %s", text, shorter);
    }
}

static double from_bits(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static void test_random_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double any = from_bits(random_bits()), unit = (double)(random_bits() >> 11) * 0x1p-53;
        if (isfinite(any) && fabs(any) >= DBL_MIN)
            check_round_trip(any);
        check_round_trip(ldexp(unit + 0.5, (int)(random_bits() % 72) - 18));
        check_round_trip(-(double)(float)(unit * 10));
        check_round_trip((double)(random_bits() % 1000000) / 1e4);
    }
}

static void test_numbers_beside_powers_of_two(void **state)
{
    (void)state;
    for (int exponent = -40; exponent < 70; exponent++) {
        double power = ldexp(1, exponent);
        check_round_trip(power);
        check_round_trip(nextafter(power, 0));
        check_round_trip(nextafter(power, DBL_MAX));
        check_round_trip(-power * 1.5);
    }
}

static void test_integers_and_times(void **state)
{
    (void)state;
    json_add_integer(&out, INT64_MIN);
    json_add_integer(&out, INT64_MAX);
    json_add_integer(&out, 0);
    assert_string_equal(buf_string(&out), "-922337203685477580892233720368547758070");
    static const struct {
        int64_t time_ns;
        const char *text;
    } samples[] = {
        {0, "0.000000"},
        {1, "0.000000"},
        {1790000000123456789, "1790000000.123456"},
        {1790000000000001999, "1790000000.000001"},
        {-1, "-0.000001"},
        {-1500000000, "-1.500000"},
        {INT64_MAX, "9223372036.854775"},
        {INT64_MIN, "-9223372036.854776"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        buf_clear(&out);
        json_add_time(&out, samples[i].time_ns);
        assert_string_equal(buf_string(&out), samples[i].text);
    }
}

static void test_texts_as_written(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
        size_t size;
    } samples[] = {
        {"", "\"\"", 0},
        {"loss", "\"loss\"", 4},
        {"a\"b\\c/d", "\"a\\\"b\\\\c/d\"", 7},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"", 5},
        {"\0\x01\x1f\x7f", "\"\\u0000\\u0001\\u001f\x7f\"", 4},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"", 10},
        {"a\xff\xfe"
         "b",
         "\"a\xef\xbf\xbd\xef\xbf\xbd"
         "b\"",
         4},
        {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 3},
        {"x\xc3", "\"x\xef\xbf\xbd\"", 2},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        buf_clear(&out);
        json_add_text(&out, text_of(samples[i].bytes, samples[i].size));
        assert_string_equal(buf_string(&out), samples[i].text);
    }
    buf_clear(&out);
    json_add_string(&out, NULL);
    assert_string_equal(buf_string(&out), "\"\"");
}

static void test_random_bytes_become_json(void **state)
{
    (void)state;
    for (int i = 0; i < 5000; i++) {
        char bytes[48];
        size_t size = random_bits() % sizeof bytes;
        for (size_t j = 0; j < size; j++)
            bytes[j] = (char)(random_bits() & (j % 3 ? 0xff : 0x7f));
        buf_clear(&out);
        json_add_text(&out, text_of(bytes, size));
        assert_null(memchr(out.data, '\n', out.size));
        json_t *json = json_loadb(out.data, out.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_true(json_is_string(json));
        json_decref(json);
    }
}

static void test_one_line(void **state)
{
    (void)state;
    json_add_one_line(&out, text_from("{\n \"a\": \"\\n\",\r\n \"b\": [\n]}\n"));
    assert_string_equal(buf_string(&out), "{  \"a\": \"\\n\",   \"b\": [ ]} ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numbers_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_beside_powers_of_two, setup, teardown),
        cmocka_unit_test_setup_teardown(test_integers_and_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_bytes_become_json, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_line, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
