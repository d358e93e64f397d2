/* Heads of requests: the files of test/cases/http/head (or of the folder given). However the bytes come, what becomes
 * of them is the same. */
#include "wire/http_head.h"

#include <stdio.h>
#include <string.h>

#include "http_case.h"
#include "unit.h"

static const char *folder = "test/cases/http";

/* ---- the cases ---- */

static void add_text(struct buf *out, const char *before, struct text text)
{
    buf_text(out, before);
    buf_add(out, text.data, text.size);
}

static void tell_head(struct buf *out, const struct http_head *head)
{
    buf_text(out, "ok");
    add_text(out, " ", head->method);
    add_text(out, " ", head->path);
    add_text(out, head->query.size ? "?" : "", head->query);
    buf_printf(out, " 1.%d", head->minor);
    add_text(out, " ", head->host);
    if (head->body == HTTP_LENGTH)
        buf_printf(out, " length %llu", (unsigned long long)head->length);
    buf_text(out, head->body == HTTP_CHUNKED ? " chunked" : "");
    buf_text(out, head->keep_alive ? " keep" : " close");
    buf_text(out, head->upgrade ? " upgrade" : "");
    buf_text(out, head->expects_continue ? " continue" : "");
    for (size_t i = 0; i < head->fields; i++) {
        add_text(out, " ", head->field[i].name);
        add_text(out, "=", head->field[i].value);
    }
}

/* The first `size` bytes are there, in memory of just that size. */
static int tell_step(struct buf *out, const struct buf *bytes, size_t size, size_t *seen)
{
    struct http_head head;
    struct http_fault fault = {0};
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size)
        memcpy(copy, bytes->data, size);
    int rc = http_head_read(copy, size, seen, &head, &fault);
    if (rc > 0)
        tell_head(out, &head);
    if (rc > 0 && (size_t)rc < bytes->size)
        buf_printf(out, " rest %zu", bytes->size - (size_t)rc);
    if (rc < 0)
        buf_printf(out, "%d %s", fault.status, fault.detail);
    assert_true(rc >= -1 && rc <= (int)size && *seen <= size);
    free(copy);
    return rc;
}

/* With `step` bytes at a time, the first time `first`. */
static bool check_steps(const struct http_case *one, size_t first, size_t step)
{
    struct buf outcome;
    char how[64];
    size_t seen = 0, size = first;
    buf_init(&outcome);
    int rc = tell_step(&outcome, &one->bytes, size, &seen);
    while (rc == 0 && size < one->bytes.size) {
        size = one->bytes.size - size < step ? one->bytes.size : size + step;
        rc = tell_step(&outcome, &one->bytes, size, &seen);
    }
    if (rc == 0)
        buf_text(&outcome, "not yet");
    snprintf(how, sizeof how, "%zu bytes, then %zu at a time", first, step);
    bool right = http_case_is(one, how, &outcome);
    buf_finish(&outcome);
    return right;
}

static bool check_case(const struct http_case *one)
{
    size_t all = one->bytes.size, skip = 1 + all / 500;
    bool right = check_steps(one, all, 1) && check_steps(one, 0, skip);
    for (size_t first = 0; right && first < all; first += skip)
        right = check_steps(one, first, all);
    return right;
}

static void test_cases(void **state)
{
    (void)state;
    http_cases(folder, "head", 100, check_case);
}

/* ---- limits, each side of them ---- */

static int status_of(const struct buf *bytes)
{
    struct http_head head;
    struct http_fault fault = {0};
    size_t seen = 0;
    assert_false(bytes->failed);
    int rc = http_head_read(bytes->data, bytes->size, &seen, &head, &fault);
    return rc < 0 ? fault.status : rc;
}

static void add_times(struct buf *bytes, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_text(bytes, text);
}

static void test_longest_head(void **state)
{
    (void)state;
    static const char begin[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    for (size_t more = 0; more < 2; more++) {
        struct buf bytes;
        buf_init(&bytes);
        buf_text(&bytes, begin);
        add_times(&bytes, "x", LIMIT_HTTP_HEAD - strlen(begin) - 4 + more);
        buf_text(&bytes, "\r\n\r\n");
        assert_int_equal(status_of(&bytes), more ? 431 : LIMIT_HTTP_HEAD);
        buf_finish(&bytes);
    }
}

/* As soon as it is too long, not when it ends. */
static void test_endless_head(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes);
    buf_text(&bytes, "GET / HTTP/1.1\r\nX: ");
    add_times(&bytes, "x", LIMIT_HTTP_HEAD - 1 - bytes.size);
    assert_int_equal(status_of(&bytes), 0);
    buf_char(&bytes, 'x');
    assert_int_equal(status_of(&bytes), 431);
    buf_clear(&bytes);
    add_times(&bytes, "x", LIMIT_HTTP_HEAD);
    assert_int_equal(status_of(&bytes), 414);
    buf_finish(&bytes);
}

static void test_longest_target(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct buf bytes;
        buf_init(&bytes);
        buf_text(&bytes, "GET /");
        add_times(&bytes, "x", LIMIT_HTTP_TARGET - 1 + more);
        buf_text(&bytes, " HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(status_of(&bytes), more ? 414 : (int)bytes.size);
        buf_finish(&bytes);
    }
}

static void test_most_fields(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct buf bytes;
        buf_init(&bytes);
        buf_text(&bytes, "GET / HTTP/1.1\r\nHost: a\r\n");
        add_times(&bytes, "X: y\r\n", LIMIT_HTTP_FIELDS - 1 + more);
        buf_text(&bytes, "\r\n");
        assert_int_equal(status_of(&bytes), more ? 431 : (int)bytes.size);
        buf_finish(&bytes);
    }
}

/* ---- every byte in every place ---- */

enum place { IN_METHOD, IN_TARGET, IN_VERSION, IN_NAME, IN_VALUE, IN_HOST };

static bool stands(unsigned char c, enum place place)
{
    char byte[] = {(char)c, '\0'};
    struct buf bytes;
    buf_init(&bytes);
    const char *const parts[] = {"GE", "T /a", "b HTTP/1", ".1\r\nX-", "Y: a", "b\r\nHost: a", "b\r\n\r\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buf_text(&bytes, parts[i]);
        if (i == (size_t)place)
            buf_add(&bytes, byte, 1);
    }
    int rc = status_of(&bytes);
    bool whole = rc == (int)bytes.size;
    assert_true(whole || rc == 400);
    buf_finish(&bytes);
    return whole;
}

static bool one_of(unsigned char c, const char *set)
{
    return c && strchr(set, c);
}

static void test_every_byte(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        unsigned char c = (unsigned char)i;
        bool letter = one_of(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
        bool token = letter || one_of(c, "!#$%&'*+-.^_`|~");
        assert_int_equal(stands(c, IN_METHOD), token);
        assert_int_equal(stands(c, IN_TARGET), c > 0x20 && c < 0x7f && c != '#');
        assert_int_equal(stands(c, IN_VERSION), false);
        assert_int_equal(stands(c, IN_NAME), token || c == ':');
        assert_int_equal(stands(c, IN_VALUE), c == '\t' || (c >= 0x20 && c != 0x7f));
        assert_int_equal(stands(c, IN_HOST), letter || one_of(c, "-._"));
    }
}

/* ---- look-ups ---- */

static void read_head(const char *text, struct http_head *head)
{
    struct http_fault fault = {0};
    size_t seen = 0;
    int rc = http_head_read(text, strlen(text), &seen, head, &fault);
    assert_string_equal(fault.detail, "");
    assert_int_equal(rc, strlen(text));
}

static void test_look_up(void **state)
{
    (void)state;
    bool many;
    struct http_head head;
    read_head("GET /a?b?c HTTP/1.1\r\nhOST: a\r\nX-One: \t 1 2\t \r\nTwo: a\r\ntwo:\r\nUpgrade: h2c , WebSocket\r\n"
              "upgrade: ,,x y\r\n\r\n",
              &head);
    assert_true(text_is(head.path, "/a") && text_is(head.query, "b?c"));
    const struct text *one = http_field(&head, "x-oNE", &many);
    assert_true(one && !many && text_is(*one, "1 2"));
    assert_null(http_field(&head, "Two", &many));
    assert_true(many);
    assert_null(http_field(&head, "X-On", &many));
    assert_false(many);
    assert_null(http_field(&head, "X-One-", &many));
    assert_true(http_field_names(&head, "UPGRADE", "websocket"));
    assert_true(http_field_names(&head, "Upgrade", "H2C"));
    assert_true(http_field_names(&head, "Upgrade", "x y"));
    assert_false(http_field_names(&head, "Upgrade", "web"));
    assert_false(http_field_names(&head, "Upgrade", "websocket2"));
    assert_false(http_field_names(&head, "X-One", "1"));
    assert_false(http_field_names(&head, "Three", "1"));
}

static void test_texts(void **state)
{
    (void)state;
    assert_true(http_text_is(text_from("ChunKED"), "chunked"));
    assert_false(http_text_is(text_from("chunke"), "chunked"));
    assert_false(http_text_is(text_from("chunkedd"), "chunked"));
    assert_true(http_text_is(text_from(""), ""));
    assert_false(http_text_is(text_of("a\0b", 3), "a"));
    assert_false(http_text_is(text_from("@`"), "``")); /* not letters */
}

static void authority_is(const char *text, const char *host, const char *port)
{
    struct text h, p;
    assert_true(http_authority(text_from(text), &h, &p));
    assert_true(text_is(h, host));
    assert_true(text_is(p, port));
}

static void test_authority(void **state)
{
    (void)state;
    authority_is("localhost", "localhost", "");
    authority_is("127.0.0.1:7342", "127.0.0.1", "7342");
    authority_is("node-7.cluster_a.example.:1", "node-7.cluster_a.example.", "1");
    authority_is("[::1]:80", "::1", "80");
    authority_is("[::ffff:127.0.0.1]", "::ffff:127.0.0.1", "");
    authority_is("a:65535", "a", "65535");
    static const char *const malformed[] = {
        "",         ":",       ":80",    "a:",        "a:0",     "a:080",       "a:65536",
        "a:100000", "a:8 0",   "a: 80",  "a b",       "a,b",     "u@a",         "a/b",
        "a?b",      "a:80:80", "::1",    "[::1",      "[]",      "[]:80",       "[::1]a",
        "[::1]:",   "[::1]80", "[::1]]", "[a b]",     "[::1%1]", "[localhost]", "[127.0.0.1]:80",
        "a%41",     "a:+80",   "[",      "a\xc3\xa9", "*",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        struct text host, port;
        if (http_authority(text_from(malformed[i]), &host, &port))
            fail_msg("%s is taken for an authority", malformed[i]);
    }
}

static void test_refuse(void **state)
{
    (void)state;
    char longer[400];
    struct http_fault fault;
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(http_refuse(&fault, 400, "%s", longer), -1);
    assert_int_equal(strlen(fault.detail), sizeof fault.detail - 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),          cmocka_unit_test(test_longest_head), cmocka_unit_test(test_endless_head),
        cmocka_unit_test(test_longest_target), cmocka_unit_test(test_most_fields),  cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_look_up),        cmocka_unit_test(test_texts),        cmocka_unit_test(test_authority),
        cmocka_unit_test(test_refuse),
    };
    folder = argc > 1 ? argv[1] : folder;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
