#include "store/syntax.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static bool is_json(const char *text)
{
    /* without room behind it, so that a sanitizer sees what is read past the end */
    size_t size = strlen(text);
    char *exact = malloc(size ? size : 1);
    memcpy(exact, text, size);
    bool sound = syntax_is_json(text_of(exact, size));
    free(exact);
    return sound;
}

static void what_is_json(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        " [ ] ",
        "0",
        "-0",
        "12",
        "-1.5",
        "1e5",
        "1E+05",
        "0.0e-1",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u00e9\\uD83D\\ude00\"",
        "\"\\u0000\"",
        "\"\xc3\xa9\"",
        "\t{\r\n\"a\" : 1}",
        "{\"a\":{\"a\":[]},\"b\":[1,{}],\"\":null}",
        "[[[]],[],\"]\"]",
        "{\"a\":1,\"a\":2}",
        "\"\x7f\"",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!is_json(texts[i]))
            fail_msg("%s is JSON", texts[i]);
}

static void what_is_not(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        "[1}",
        "{\"a\":1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x1",
        "1 2",
        "tru",
        "nul",
        "True",
        "NaN",
        "Infinity",
        "'a'",
        "\"",
        "\"a",
        "\"\\",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\n\"",
        "\"\\ud83d\\ud83d\"",
        "\"\xff\"",
        "\"\xed\xa0\xbd\"",
        "[]]",
        "{}{}",
        "[] x",
        "\xef\xbb\xbf[]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (is_json(texts[i]))
            fail_msg("%s is no JSON", texts[i]);
    assert_false(syntax_is_json(text_of("[\0]", 3)));
    assert_false(syntax_is_json(text_of("\"a\0\"", 4)));
}

static void how_deep(void **state)
{
    char text[2 * SYNTAX_DEPTH_MAX + 3];
    (void)state;
    for (size_t depth = SYNTAX_DEPTH_MAX - 1; depth <= SYNTAX_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(syntax_is_json(text_of(text, 2 * depth)), depth <= SYNTAX_DEPTH_MAX);
        assert_false(syntax_is_json(text_of(text, 2 * depth - 1)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_json),
        cmocka_unit_test(what_is_not),
        cmocka_unit_test(how_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
