/* Bodies of requests: the files of test/cases/http/body (or of the folder given) are whole requests whose bodies may be
 * of 32 bytes. However the bytes come, what becomes of them is the same. */
#include "wire/http_body.h"

#include <stdio.h>
#include <string.h>

#include "http_case.h"
#include "no_memory.h"
#include "unit.h"

enum { LIMIT = 32 };

static const char *folder = "test/cases/http";

/* ---- the cases ---- */

/* Feeds the bytes from `at` on, in memory of just their size; what http_body_take gives. */
static int feed(struct http_body *body, const struct buf *bytes, size_t *at, size_t size, struct http_fault *fault)
{
    size_t used;
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size)
        memcpy(copy, bytes->data + *at, size);
    int rc = http_body_take(body, copy, size, &used, fault);
    assert_true(used <= size && (rc != 0 || used == size));
    assert_true(body->bytes.size <= LIMIT);
    *at += used;
    free(copy);
    return rc;
}

static void tell(struct buf *outcome, int rc, const struct http_body *body, size_t rest, const struct http_fault *fault)
{
    if (rc < 0) {
        buf_printf(outcome, "%d %s", fault->status, fault->detail);
        return;
    }
    buf_text(outcome, rc ? "ok <" : "not yet <");
    buf_add(outcome, body->bytes.data, body->bytes.size);
    buf_char(outcome, '>');
    if (rest)
        buf_printf(outcome, " rest %zu", rest);
}

/* The body's first bytes, `first` of them, at once, then `step` at a time. */
static bool check_steps(const struct http_case *one, const struct http_head *head, size_t at, size_t first, size_t step)
{
    struct buf outcome;
    struct http_body body;
    struct http_fault fault = {0};
    char how[64];
    buf_init(&outcome);
    int rc = http_body_init(&body, head, LIMIT, &fault);
    if (rc == 0)
        rc = feed(&body, &one->bytes, &at, first, &fault);
    while (rc == 0 && at < one->bytes.size) {
        size_t left = one->bytes.size - at;
        rc = feed(&body, &one->bytes, &at, left < step ? left : step, &fault);
    }
    tell(&outcome, rc, &body, one->bytes.size - at, &fault);
    snprintf(how, sizeof how, "%zu bytes, then %zu at a time", first, step);
    bool right = http_case_is(one, how, &outcome);
    buf_finish(&outcome);
    http_body_finish(&body);
    http_body_finish(&body);
    return right;
}

static bool check_case(const struct http_case *one)
{
    struct http_head head;
    struct http_fault fault;
    size_t seen = 0;
    int at = http_head_read(one->bytes.data, one->bytes.size, &seen, &head, &fault);
    if (at <= 0)
        fail_msg("%s: no head", one->path);
    size_t all = one->bytes.size - (size_t)at, skip = 1 + all / 500;
    bool right = check_steps(one, &head, (size_t)at, 0, 1);
    for (size_t first = 0; right && first <= all; first += skip)
        right = check_steps(one, &head, (size_t)at, first, all);
    return right;
}

static void test_cases(void **state)
{
    (void)state;
    http_cases(folder, "body", 40, check_case);
}

/* ---- what a file does not show ---- */

static void test_no_body(void **state)
{
    (void)state;
    struct http_body body;
    struct http_fault fault;
    size_t used = 7;
    struct http_head head = {.body = HTTP_NO_BODY};
    assert_int_equal(http_body_init(&body, &head, 0, &fault), 0);
    assert_int_equal(http_body_take(&body, NULL, 0, &used, &fault), 1);
    assert_int_equal(used, 0);
    http_body_finish(&body);
    head = (struct http_head){.body = HTTP_LENGTH, .length = 0};
    assert_int_equal(http_body_init(&body, &head, 0, &fault), 0);
    assert_int_equal(http_body_take(&body, "GET", 3, &used, &fault), 1);
    assert_int_equal(used, 0);
    http_body_finish(&body);
}

/* What is claimed takes no memory. */
static void test_claims(void **state)
{
    (void)state;
    struct http_body body;
    struct http_fault fault;
    size_t used;
    struct http_head head = {.body = HTTP_LENGTH, .length = UINT64_MAX / 2};
    assert_int_equal(http_body_init(&body, &head, UINT64_MAX, &fault), 0);
    assert_int_equal(http_body_take(&body, "a", 1, &used, &fault), 0);
    assert_true(body.bytes.capacity <= 4096);
    http_body_finish(&body);
    head.body = HTTP_CHUNKED;
    assert_int_equal(http_body_init(&body, &head, UINT64_MAX, &fault), 0);
    assert_int_equal(http_body_take(&body, "ffffffffffffffff\r\na", 19, &used, &fault), 0);
    assert_int_equal(used, 19);
    assert_true(body.bytes.capacity <= 4096);
    http_body_finish(&body);
    assert_int_equal(http_body_init(&body, &head, UINT64_MAX - 1, &fault), 0);
    assert_int_equal(http_body_take(&body, "ffffffffffffffff\r\na", 19, &used, &fault), -1);
    assert_int_equal(fault.status, 413);
    http_body_finish(&body);
}

static void test_without_memory(void **state)
{
    (void)state;
    struct http_head head = {.body = HTTP_CHUNKED};
    bool came = true;
    for (long n = 0; came; n++) {
        struct http_body body;
        struct http_fault fault;
        size_t used;
        int rc = http_body_init(&body, &head, 100000, &fault);
        no_memory_after(n);
        for (int i = 0; rc == 0 && i < 100; i++)
            rc = http_body_take(&body, "5\r\nhello\r\n", 10, &used, &fault);
        came = no_memory_came();
        assert_int_equal(rc, came ? -1 : 0);
        assert_true(!came || fault.status == 503);
        http_body_finish(&body);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_no_body),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_without_memory),
    };
    folder = argc > 1 ? argv[1] : folder;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
