/* Which requests begin a WebSocket, and with what they are answered. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "no_memory.h"
#include "wire/websocket.h"

#define HOST "Host: localhost:7342\r\n"
#define UPGRADE "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ANSWER "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" /* RFC 6455, 1.3 */

/* The status, or 0 with the answer. */
static int answer(const char *head_text, char accept[29], struct http_fault *fault)
{
    struct http_head head;
    size_t seen = 0;
    memset(fault, 0, sizeof *fault);
    assert_int_equal(http_head_read(head_text, strlen(head_text), &seen, &head, fault), (int)strlen(head_text));
    memset(accept, '?', 29);
    return websocket_accept(&head, accept, fault) == 0 ? 0 : fault->status;
}

static void test_heads(void **state)
{
    (void)state;
    static const struct {
        const char *what, *head;
        int status;
    } heads[] = {
        {"as browsers do", "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY "Origin: http://localhost:7342\r\n\r\n", 0},
        {"words in other cases",
         "GET /ws HTTP/1.1\r\n" HOST "connection: UPGRADE\r\nUPGRADE: WebSocket\r\n" VERSION KEY "\r\n", 0},
        {"several to upgrade to",
         "GET /ws HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n" VERSION KEY "\r\n", 0},
        {"an empty body", "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY "Content-Length: 0\r\n\r\n", 0},
        {"extensions are passed over",
         "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 0},
        {"HEAD", "HEAD /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY "\r\n", 400},
        {"POST", "POST /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY "Content-Length: 0\r\n\r\n", 400},
        {"HTTP/1.0", "GET /ws HTTP/1.0\r\n" HOST UPGRADE VERSION KEY "\r\n", 400},
        {"no Connection", "GET /ws HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n" VERSION KEY "\r\n", 400},
        {"another Connection",
         "GET /ws HTTP/1.1\r\n" HOST "Connection: close\r\nUpgrade: websocket\r\n" VERSION KEY "\r\n", 400},
        {"no Upgrade", "GET /ws HTTP/1.1\r\n" HOST "Connection: Upgrade\r\n" VERSION KEY "\r\n", 400},
        {"another Upgrade",
         "GET /ws HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websockets\r\n" VERSION KEY "\r\n", 400},
        {"a body", "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY "Content-Length: 1\r\n\r\n", 400},
        {"a body in chunks", "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY "Transfer-Encoding: chunked\r\n\r\n", 400},
        {"no version", "GET /ws HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 400},
        {"two versions", "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION VERSION KEY "\r\n", 400},
        {"version 8", "GET /ws HTTP/1.1\r\n" HOST UPGRADE "Sec-WebSocket-Version: 8\r\n" KEY "\r\n", 426},
        {"version 013", "GET /ws HTTP/1.1\r\n" HOST UPGRADE "Sec-WebSocket-Version: 013\r\n" KEY "\r\n", 426},
        {"no key", "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "\r\n", 400},
        {"two keys", "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY KEY "\r\n", 400},
        {"an empty key", "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "Sec-WebSocket-Key: \r\n\r\n", 400},
        {"a key of 15 bytes",
         "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n", 400},
        {"a key of 17 bytes",
         "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU=\r\n\r\n", 400},
        {"a key and more",
         "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==AAAA\r\n\r\n", 400},
        {"a key without its end",
         "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n\r\n", 400},
        {"bits after the end",
         "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n\r\n", 400},
        {"base64 of another kind",
         "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "Sec-WebSocket-Key: d-hlIHNhbXBsZSBub25jZQ==\r\n\r\n", 400},
        {"a space within",
         "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhl HNhbXBsZSBub25jZQ==\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char accept[29];
        struct http_fault fault;
        int status = answer(heads[i].head, accept, &fault);
        if (status != heads[i].status)
            fail_msg("%s: expected %d, got %d (%s)", heads[i].what, heads[i].status, status, fault.detail);
        if (status == 0)
            assert_string_equal(accept, ANSWER);
        else
            assert_true(strlen(fault.detail) > 20);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    static const char text[] = "GET /ws HTTP/1.1\r\n" HOST UPGRADE VERSION KEY "\r\n";
    bool came = true;
    for (long n = 0; came; n++) {
        struct http_head head;
        struct http_fault fault = {0};
        size_t seen = 0;
        char accept[29];
        assert_true(http_head_read(text, sizeof text - 1, &seen, &head, &fault) > 0);
        no_memory_after(n);
        int got = websocket_accept(&head, accept, &fault);
        came = no_memory_came();
        if (got == 0)
            assert_string_equal(accept, ANSWER);
        else
            assert_int_equal(fault.status, 503);
        assert_true(came || got == 0);
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
