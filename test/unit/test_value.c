#include "base/value.h"

#include <math.h>

#include "unit.h"

static void same_is_by_type_and_bits(void **state)
{
    (void)state;
    struct value nan = value_double(NAN), zero = value_double(0.0), minus = value_double(-0.0);
    struct value one = value_integer(VALUE_INT, 1), yes = value_integer(VALUE_BOOL, 1);
    struct value none = {0};
    assert_true(value_same(&nan, &nan));
    assert_true(value_same(&zero, &zero));
    assert_false(value_same(&zero, &minus));
    assert_false(value_same(&one, &yes));
    assert_true(value_same(&yes, &yes));
    assert_true(value_same(&none, &none));
    assert_false(value_same(&none, &zero));
    struct value two = value_integer(VALUE_INT, 2);
    assert_false(value_same(&one, &two));
    one.number = 5; /* not a field of an integer */
    struct value again = value_integer(VALUE_INT, 1);
    assert_true(value_same(&one, &again));
}

static void strings_are_compared_by_content(void **state)
{
    (void)state;
    char other[] = "cosine";
    struct value a = {.type = VALUE_STRING, .text = text_from("cosine")};
    struct value b = {.type = VALUE_STRING, .text = text_of(other, 6)};
    struct value c = {.type = VALUE_STRING, .text = text_of(other, 5)};
    struct value empty = {.type = VALUE_STRING};
    assert_true(value_same(&a, &b));
    assert_false(value_same(&a, &c));
    assert_true(value_same(&empty, &empty));
    other[0] = 'k';
    assert_false(value_same(&a, &b));
}

static void texts(void **state)
{
    (void)state;
    assert_int_equal(text_from(NULL).size, 0);
    assert_true(text_is(text_from(NULL), ""));
    assert_true(text_is(text_of("abcd", 3), "abc"));
    assert_false(text_is(text_of("abcd", 3), "abcd"));
    assert_false(text_is(text_of("a\0c", 3), "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_is_by_type_and_bits),
        cmocka_unit_test(strings_are_compared_by_content),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
