#include "http_case.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

/* Adds what one escape means, which begins after its backslash; where it ends. */
static const char *add_escape(struct buf *bytes, const char *at, const char *end);

/* Adds the bytes that are written from `at` on. */
static void add_bytes(struct buf *bytes, const char *at, const char *end)
{
    while (at < end) {
        char c = *at++;
        if (c == '\\')
            at = add_escape(bytes, at, end);
        else if (c != '\n')
            buf_char(bytes, c);
    }
}

static const char *add_repeated(struct buf *bytes, const char *at, const char *end)
{
    char *text;
    const char *close = memchr(at, ')', (size_t)(end - at));
    unsigned long times = strtoul(at, &text, 10);
    assert_true(close && *text == ':');
    for (unsigned long i = 0; i < times; i++)
        add_bytes(bytes, text + 1, close);
    return close + 1;
}

static const char *add_escape(struct buf *bytes, const char *at, const char *end)
{
    static const char letters[] = "rnt\\", meant[] = "\r\n\t\\";
    assert_true(at < end);
    char c = *at++;
    if (c == '(')
        return add_repeated(bytes, at, end);
    if (c == 'x') {
        unsigned byte = 0;
        assert_true(end - at >= 2 && sscanf(at, "%2x", &byte) == 1);
        buf_char(bytes, (char)byte);
        return at + 2;
    }
    const char *letter = strchr(letters, c);
    assert_true(c && letter);
    buf_char(bytes, meant[letter - letters]);
    return at;
}

static void read_case(struct http_case *one)
{
    static char text[65536];
    FILE *file = fopen(one->path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    assert_true(feof(file) && fclose(file) == 0);
    const char *line_end = strchr(text, '\n');
    assert_non_null(line_end);
    buf_init(&one->outcome);
    buf_init(&one->bytes);
    add_bytes(&one->outcome, text, line_end);
    add_bytes(&one->bytes, line_end + 1, text + size);
}

bool http_case_is(const struct http_case *one, const char *how, struct buf *outcome)
{
    bool right = !outcome->failed && outcome->size == one->outcome.size &&
                 memcmp(outcome->data, one->outcome.data, outcome->size) == 0;
    if (!right)
        print_message("%s, %s\n  expected %.*s\n  got      %.*s\n", one->path, how, (int)one->outcome.size,
                      one->outcome.data, (int)outcome->size, outcome->data);
    return right;
}

void http_cases(const char *folder, const char *below, size_t least, http_case_fn *check)
{
    char pattern[4096];
    size_t wrong = 0;
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/%s/*.case", folder, below);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct http_case one = {.path = found.gl_pathv[i]};
        read_case(&one);
        wrong += !check(&one);
        buf_finish(&one.outcome);
        buf_finish(&one.bytes);
    }
    assert_true(found.gl_pathc >= least);
    globfree(&found);
    assert_int_equal(wrong, 0);
}
