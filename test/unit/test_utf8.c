#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

/* Independent of the code under test: encodes by the table of RFC 3629 section 3. */
static size_t encode(uint32_t point, uint8_t out[4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)((0xf00 >> length) | point);
    return length;
}

static void every_code_point(void **state)
{
    (void)state;
    uint8_t bytes[4];
    for (uint32_t point = 0; point < 0x200000; point++) {
        size_t length = encode(point, bytes);
        bool good = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
        size_t valid = utf8_valid_prefix((const char *)bytes, length);
        if ((valid == length) != good || (!good && valid != 0))
            fail_msg("U+%04X: %zu of %zu bytes taken", (unsigned)point, valid, length);
    }
}

/* All sequences of three bytes: those accepted whole must be what the encoder makes. */
static void every_three_bytes(void **state)
{
    (void)state;
    uint32_t accepted = 0;
    for (uint32_t bits = 0; bits < 1u << 24; bits++) {
        uint8_t bytes[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
        accepted += bytes[0] >= 0xe0 && utf8_valid_prefix((const char *)bytes, 3) == 3;
    }
    assert_int_equal(accepted, 0x10000 - 0x800 - 0x800);
}

static void the_prefix_ends_at_the_first_bad_byte(void **state)
{
    (void)state;
    assert_int_equal(utf8_valid_prefix("abc", 3), 3);
    assert_int_equal(utf8_valid_prefix("", 0), 0);
    assert_int_equal(utf8_valid_prefix("ab\x80", 3), 2);
    assert_int_equal(utf8_valid_prefix("a\xc3\xa9z", 4), 4);
    assert_int_equal(utf8_valid_prefix("a\xc3", 2), 1);
    assert_int_equal(utf8_valid_prefix("\xc0\xaf", 2), 0);
    assert_int_equal(utf8_valid_prefix("\xf5\x80\x80\x80", 4), 0);
    assert_int_equal(utf8_valid_prefix("ok\xf0\x9f\x98", 5), 2);
    assert_int_equal(utf8_valid_prefix("ok\xf0\x9f\x98\x80!", 7), 7);
}

/* A bad byte at each place of a longer text. */
static void every_place_is_looked_at(void **state)
{
    (void)state;
    char text[40];
    for (size_t size = 0; size <= sizeof text; size++) {
        memset(text, 'a', sizeof text);
        assert_int_equal(utf8_valid_prefix(text, size), size);
        for (size_t at = 0; at < size; at++) {
            text[at] = (char)0x80;
            assert_int_equal(utf8_valid_prefix(text, size), at);
            text[at] = 'a';
        }
    }
}

static void names(void **state)
{
    (void)state;
    char longest[129];
    memset(longest, 'n', sizeof longest);
    assert_true(utf8_is_name("train/loss", 10));
    assert_true(utf8_is_name("\xc3\xa9", 2));
    assert_true(utf8_is_name(longest, 128));
    assert_false(utf8_is_name(longest, 129));
    assert_false(utf8_is_name("", 0));
    assert_false(utf8_is_name("a\nb", 3));
    assert_false(utf8_is_name("a\0b", 3));
    assert_false(utf8_is_name("a\x7f", 2));
    assert_false(utf8_is_name("\xff", 1));
}

static void assert_harmless(const char *from, const char *to)
{
    char text[64];
    snprintf(text, sizeof text, "%s", from);
    utf8_make_harmless(text, strlen(text));
    assert_string_equal(text, to);
}

static void what_steers_a_terminal_is_made_harmless(void **state)
{
    (void)state;
    assert_harmless("loss 0.5 caf\xc3\xa9 \xf0\x9f\x98\x80", "loss 0.5 caf\xc3\xa9 \xf0\x9f\x98\x80");
    assert_harmless("\x1b[2J\n\x7f", "?[2J??");
    assert_harmless("a\xc2\x9b"
                    "b",
                    "a??b");
    assert_harmless("a\xe2\x80\xae"
                    "b",
                    "a???b");
    assert_harmless("a\xff\xc3", "a??");
    assert_harmless("", "");
}

static void characters_and_their_sizes(void **state)
{
    (void)state;
    uint8_t bytes[4];
    uint32_t read;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        size_t length = encode(point, bytes);
        if (utf8_character((const char *)bytes, &read) != length || read != point)
            fail_msg("U+%04X: read as U+%04X", (unsigned)point, (unsigned)read);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point),
        cmocka_unit_test(every_three_bytes),
        cmocka_unit_test(the_prefix_ends_at_the_first_bad_byte),
        cmocka_unit_test(every_place_is_looked_at),
        cmocka_unit_test(names),
        cmocka_unit_test(what_steers_a_terminal_is_made_harmless),
        cmocka_unit_test(characters_and_their_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
