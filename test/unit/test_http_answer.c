#include "wire/http_answer.h"

#include <string.h>

#include "protocol/protocol.h"
#include "unit.h"

#define EVERY                                                                                                          \
    "X-Content-Type-Options: nosniff\r\n"                                                                              \
    "Referrer-Policy: no-referrer\r\n"                                                                                 \
    "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'\r\n"
#define NO_STORE "Cache-Control: no-store\r\n"

static void answer_is(const struct http_answer *answer, const char *expected)
{
    struct buf out;
    buf_init(&out);
    http_answer(&out, answer);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
}

static void test_answers(void **state)
{
    (void)state;
    answer_is(&(struct http_answer){.status = 200, .type = "application/json", .length = 12},
              "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" EVERY NO_STORE
              "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n");
    answer_is(&(struct http_answer){.status = 405, .more = "Allow: GET, HEAD\r\n", .close = true},
              "HTTP/1.1 405 Method Not Allowed\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" EVERY NO_STORE
              "Content-Length: 0\r\nConnection: close\r\nAllow: GET, HEAD\r\n\r\n");
    answer_is(&(struct http_answer){.status = 799},
              "HTTP/1.1 799 \r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" EVERY NO_STORE "Content-Length: 0\r\n\r\n");
}

static void test_without_length(void **state)
{
    (void)state;
    answer_is(&(struct http_answer){.status = 101, .more = "Upgrade: websocket\r\nConnection: Upgrade\r\n"},
              "HTTP/1.1 101 Switching Protocols\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" EVERY NO_STORE
              "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    answer_is(&(struct http_answer){.status = 304, .length = 7},
              "HTTP/1.1 304 Not Modified\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" EVERY NO_STORE "\r\n");
    answer_is(&(struct http_answer){.status = 204, .length = 7},
              "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" EVERY NO_STORE "\r\n");
    answer_is(&(struct http_answer){.status = 100, .length = 7}, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void test_own_cache_control(void **state)
{
    (void)state;
    answer_is(&(struct http_answer){.status = 200, .more = "ETag: \"1\"\r\ncache-control: no-cache\r\n"},
              "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" EVERY
              "Content-Length: 0\r\nETag: \"1\"\r\ncache-control: no-cache\r\n\r\n");
    answer_is(&(struct http_answer){.status = 200, .more = "Cache-Controls: a\r\nX: Cache-Control: b\r\n"},
              "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" EVERY NO_STORE
              "Content-Length: 0\r\nCache-Controls: a\r\nX: Cache-Control: b\r\n\r\n");
}

static void date_is(int64_t now_s, const char *expected)
{
    struct buf out;
    buf_init(&out);
    http_answer(&out, &(struct http_answer){.status = 200, .now_ns = now_s * 1000000000 + 999999999});
    const char *date = strstr(buf_string(&out), "Date: ");
    assert_non_null(date);
    assert_memory_equal(date + 6, expected, strlen(expected));
    assert_memory_equal(date + 6 + strlen(expected), "\r\n", 2);
    buf_finish(&out);
}

/* In the words of the RFC, whatever the locale. */
static void test_dates(void **state)
{
    (void)state;
    date_is(784111777, "Sun, 06 Nov 1994 08:49:37 GMT"); /* the example of RFC 9110, 5.6.7 */
    date_is(1709210096, "Thu, 29 Feb 2024 12:34:56 GMT");
    date_is(1798761599, "Thu, 31 Dec 2026 23:59:59 GMT");
    date_is(1798761600, "Fri, 01 Jan 2027 00:00:00 GMT");
}

static void test_statuses(void **state)
{
    (void)state;
    static const int expected[][2] = {
        {0, 200},  {41, 400}, {42, 400}, {43, 400}, {44, 403}, {45, 409}, {46, 409}, {47, 409}, {48, 409},
        {49, 409}, {50, 409}, {51, 409}, {52, 429}, {53, 503}, {54, 503}, {55, 409}, {40, 500}, {56, 500},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(http_status_of(expected[i][0]), expected[i][1]);
        assert_int_equal(protocol_message(expected[i][0]) == NULL, expected[i][1] == 200 || expected[i][1] == 500);
        assert_string_not_equal(http_reason(expected[i][1]), "");
    }
    assert_string_equal(http_reason(413), "Content Too Large");
    assert_string_equal(http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(http_reason(102), "");
}

static void test_without_memory(void **state)
{
    (void)state;
    struct buf out = {.failed = true};
    http_answer(&out, &(struct http_answer){.status = 200});
    assert_true(out.failed && out.size == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers), cmocka_unit_test(test_without_length), cmocka_unit_test(test_own_cache_control),
        cmocka_unit_test(test_dates),   cmocka_unit_test(test_statuses),       cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
