/* Bytes into lines: however they come, the lines are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/ndjson.h"

enum { LIMIT = 12 };

struct sample {
    const char *what, *bytes, *lines; /* a line: <...>; past the limit: ! */
};

static const struct sample samples[] = {
    {"nothing", "", ""},
    {"one", "ping\n", "<ping>"},
    {"three", "a\nbb\nccc\n", "<a><bb><ccc>"},
    {"unterminated", "a\nbb", "<a><bb>"},
    {"CRLF", "a\r\nbb\r\n", "<a><bb>"},
    {"both ends", "a\r\nbb\nc\r\n", "<a><bb><c>"},
    {"lines without a byte", "\n\r\n\n\na\n\n\r\n\n", "<a>"},
    {"spaces are bytes", " \n\t\r\n", "< ><\t>"},
    {"CR within", "a\rb\n\rc\r\r\n", "<a\rb><\rc\r>"},
    {"CR at the end of input", "a\r", "<a>"},
    {"only CR", "\r", ""},
    {"just the limit", "123456789012\nx\n", "<123456789012><x>"},
    {"just the limit, CRLF", "123456789012\r\nx\n", "<123456789012><x>"},
    {"just the limit, unterminated", "123456789012", "<123456789012>"},
    {"just the limit, unterminated CR", "123456789012\r", "<123456789012>"},
    {"one byte more", "a\n1234567890123\nx\n", "<a>!"},
    {"one byte more, unterminated", "a\n1234567890123", "<a>!"},
    {"one byte more, a CR", "123456789012\rx\n", "!"},
    {"two CR", "123456789012\r\r\n", "!"},
    {"much more", "a\n12345678901234567890123456789012345678901234567890\nb\n", "<a>!"},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

/* Adds the lines there are. False once a line was too long. */
static bool take_lines(struct ndjson *in, struct buf *lines)
{
    const char *line;
    size_t size;
    int got;
    while ((got = ndjson_next(in, &line, &size)) == 1) {
        buf_char(lines, '<');
        buf_add(lines, line, size);
        buf_char(lines, '>');
    }
    if (got == -1) {
        assert_int_equal(size, LIMIT + 1);
        assert_int_equal(ndjson_next(in, &line, &size), -1);
        buf_char(lines, '!');
    }
    return got == 0;
}

/* Feeds the bytes in parts that end at the offsets given; `eager`: takes lines after each part, not only at the end. */
static void check(const struct sample *sample, const size_t *ends, size_t parts, bool eager)
{
    struct ndjson in;
    struct buf lines;
    buf_init(&lines);
    ndjson_init(&in, LIMIT);
    bool on = true;
    size_t at = 0;
    for (size_t i = 0; i < parts && on; i++) {
        assert_true(ndjson_feed(&in, sample->bytes + at, ends[i] - at));
        at = ends[i];
        if (eager)
            on = take_lines(&in, &lines);
    }
    ndjson_end(&in);
    if (on)
        on = take_lines(&in, &lines);
    if (strcmp(buf_string(&lines), sample->lines) != 0)
        fail_msg("%s: %s, not %s", sample->what, buf_string(&lines), sample->lines);
    if (on)
        assert_int_equal(ndjson_held(&in), 0);
    ndjson_finish(&in);
    ndjson_finish(&in);
    buf_finish(&lines);
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t end = strlen(samples[i].bytes);
        check(&samples[i], &end, 1, true);
    }
}

static void test_every_split_in_two(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t split = 0; split <= strlen(samples[i].bytes); split++) {
            size_t ends[2] = {split, strlen(samples[i].bytes)};
            check(&samples[i], ends, 2, true);
            check(&samples[i], ends, 2, false);
        }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t ends[100];
        for (size_t j = 0; j < strlen(samples[i].bytes); j++)
            ends[j] = j + 1;
        check(&samples[i], ends, strlen(samples[i].bytes), true);
        check(&samples[i], ends, strlen(samples[i].bytes), false);
    }
}

static void test_zero_bytes_are_bytes(void **state)
{
    (void)state;
    struct ndjson in;
    const char *line;
    size_t size;
    ndjson_init(&in, LIMIT);
    assert_true(ndjson_feed(&in, "a\0b\n\0", 5));
    assert_int_equal(ndjson_next(&in, &line, &size), 1);
    assert_int_equal(size, 3);
    assert_memory_equal(line, "a\0b", 3);
    assert_int_equal(ndjson_held(&in), 1);
    assert_int_equal(ndjson_next(&in, &line, &size), 0);
    assert_int_equal(ndjson_held(&in), 1);
    ndjson_end(&in);
    assert_int_equal(ndjson_next(&in, &line, &size), 1);
    assert_int_equal(size, 1);
    assert_int_equal(ndjson_next(&in, &line, &size), 0);
    ndjson_finish(&in);
}

/* What is held is what has not been given out, whatever was fed before. */
static void test_long_stream(void **state)
{
    (void)state;
    struct ndjson in;
    ndjson_init(&in, LIMIT);
    const char *line;
    size_t size, lines = 0;
    for (int i = 0; i < 100000; i++) {
        assert_true(ndjson_feed(&in, "one\ntwo\nth", 10));
        assert_true(ndjson_feed(&in, "ree\n", 4));
        while (ndjson_next(&in, &line, &size) == 1)
            lines++;
        assert_true(in.pending.capacity <= 64);
    }
    assert_int_equal(lines, 300000);
    assert_int_equal(ndjson_held(&in), 0);
    assert_null(in.pending.data);
    ndjson_finish(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),        cmocka_unit_test(test_every_split_in_two),
        cmocka_unit_test(test_byte_by_byte), cmocka_unit_test(test_zero_bytes_are_bytes),
        cmocka_unit_test(test_long_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
