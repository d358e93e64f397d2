/* What a WebSocket is told and what it answers, however the bytes were split. */
#include "unit.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "no_memory.h"
#include "wire/websocket.h"

enum { LIMIT = 300, FRAMES = 6 };
enum { MORE = 0x00, TEXT = 0x81, BINARY = 0x82, LAST = 0x80, CLOSE = 0x88, PING = 0x89, PONG = 0x8a, BEGIN = 0x01 };

/* ---- what came of it: <text>, [binary], and what was sent ---- */

struct seen {
    struct websocket *socket;
    struct buf log;
    size_t sent;
    unsigned close_in_message; /* code, or 0 */
    bool was_once;             /* a close frame was sent */
};

static void on_message(void *context, const char *data, size_t size, bool binary)
{
    struct seen *seen = context;
    assert_non_null(data);
    buf_char(&seen->log, binary ? '[' : '<');
    buf_add(&seen->log, data, size);
    buf_char(&seen->log, binary ? ']' : '>');
    if (seen->close_in_message)
        websocket_close(seen->socket, seen->close_in_message, "enough");
}

static void log_close(struct seen *seen, const char *payload, size_t size)
{
    assert_false(seen->was_once);
    assert_true(size == 0 || size >= 2);
    assert_true(size < 2 || utf8_valid_prefix(payload + 2, size - 2) == size - 2);
    seen->was_once = true;
    if (size == 0)
        buf_text(&seen->log, "close");
    else
        buf_printf(&seen->log, "close%d", (uint8_t)payload[0] << 8 | (uint8_t)payload[1]);
}

/* Each call is one control frame. */
static void on_send(void *context, const void *data, size_t size)
{
    struct seen *seen = context;
    const uint8_t *frame = data;
    const char *payload = (const char *)data + 2;
    seen->sent += size;
    assert_true(size >= 2 && size <= 127 && frame[1] == size - 2);
    if (frame[0] == CLOSE) {
        log_close(seen, payload, size - 2);
        return;
    }
    assert_true(frame[0] == PONG || frame[0] == PING);
    assert_false(seen->was_once);
    buf_printf(&seen->log, frame[0] == PONG ? "pong(%.*s)" : "ping(%.*s)", (int)size - 2, payload);
}

static const struct websocket_events events = {on_message, on_send};

static void seen_begin(struct seen *seen, uint64_t limit)
{
    *seen = (struct seen){0};
    buf_init(&seen->log);
    seen->socket = websocket_create(limit, &events, seen);
    assert_non_null(seen->socket);
}

static void seen_end(struct seen *seen)
{
    websocket_destroy(seen->socket);
    buf_finish(&seen->log);
}

/* ---- what comes in ---- */

static void add_head(struct buf *out, int first, uint64_t size, int digits)
{
    buf_u8(out, (uint8_t)first);
    buf_u8(out, (uint8_t)(0x80 | (digits == 8 ? 127 : digits == 2 ? 126 : size)));
    for (int i = digits - 1; i >= 0; i--)
        buf_u8(out, (uint8_t)(size >> (8 * i)));
    buf_add(out, "\x11\x22\xf3\x84", 4);
}

static void add_frame(struct buf *out, int first, const char *payload, size_t size)
{
    add_head(out, first, size, size > UINT16_MAX ? 8 : size > 125 ? 2 : 0);
    for (size_t i = 0; i < size; i++)
        buf_u8(out, (uint8_t)(payload[i] ^ "\x11\x22\xf3\x84"[i % 4]));
}

struct piece {
    int first;
    const char *payload;
};

struct sample {
    const char *what;
    struct piece piece[FRAMES];
    const char *log;
};

#define FIFTY "12345678901234567890123456789012345678901234567890"

static const struct sample samples[] = {
    {"a text", {{TEXT, "hello"}}, "<hello>"},
    {"an empty text", {{TEXT, ""}}, "<>"},
    {"bytes", {{BINARY, "\xff\xfe"}}, "[\xff\xfe]"},
    {"two", {{TEXT, "a"}, {TEXT, "b"}}, "<a><b>"},
    {"fragments", {{BEGIN, "he"}, {MORE, "ll"}, {LAST, "o"}}, "<hello>"},
    {"empty fragments", {{BEGIN, ""}, {MORE, ""}, {MORE, "x"}, {MORE, ""}, {LAST, ""}}, "<x>"},
    {"fragments of nothing", {{BEGIN, ""}, {LAST, ""}, {TEXT, "on"}}, "<><on>"},
    {"binary fragments", {{2, "\xc3"}, {LAST, "\xc3"}}, "[\xc3\xc3]"},
    {"a ping", {{PING, "p"}, {PING, ""}}, "pong(p)pong()"},
    {"a pong is passed over", {{PONG, "p"}, {TEXT, "x"}}, "<x>"},
    {"a ping between fragments", {{BEGIN, "he"}, {PING, "p"}, {LAST, "llo"}}, "pong(p)<hello>"},
    {"a close between fragments", {{BEGIN, "he"}, {CLOSE, "\x03\xe8"}, {LAST, "llo"}}, "close1000"},
    {"a length of two bytes", {{TEXT, FIFTY FIFTY FIFTY}}, "<" FIFTY FIFTY FIFTY ">"},
    {"just the limit", {{TEXT, FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY}}, "<" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY ">"},
    {"one byte more", {{TEXT, FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY "1"}, {TEXT, "x"}}, "close1009"},
    {"the limit in fragments",
     {{BEGIN, FIFTY FIFTY FIFTY}, {LAST, FIFTY FIFTY FIFTY}, {TEXT, "x"}},
     "<" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY "><x>"},
    {"one byte more in fragments", {{BEGIN, FIFTY FIFTY FIFTY}, {MORE, FIFTY FIFTY FIFTY}, {LAST, "1"}}, "close1009"},

    {"a character in fragments",
     {{BEGIN, "\xf0\x9f"}, {PING, "p"}, {MORE, "\x98"}, {LAST, "\x80"}},
     "pong(p)<\xf0\x9f\x98\x80>"},
    {"the last character", {{TEXT, "\xf4\x8f\xbf\xbf"}}, "<\xf4\x8f\xbf\xbf>"},
    {"a text that is not UTF-8", {{TEXT, "a\xff"}, {TEXT, "x"}}, "close1007"},
    {"a surrogate", {{TEXT, "\xed\xa0\x80"}}, "close1007"},
    {"an overlong form", {{TEXT, "\xc0\xaf"}}, "close1007"},
    {"an overlong form of three", {{BEGIN, "\xe0\x9f"}, {PING, "late"}}, "close1007"},
    {"past the last character", {{BEGIN, "\xf4\x90"}, {PING, "late"}}, "close1007"},
    {"no character begins so", {{BEGIN, "\xf5"}, {PING, "late"}}, "close1007"},
    {"a character that may go on", {{BEGIN, "\xe0"}, {PING, "on"}, {LAST, "\xa0\x80"}}, "pong(on)<\xe0\xa0\x80>"},
    {"a text that ends within a character", {{TEXT, "\xf0\x9f\x98"}}, "close1007"},
    {"a fragment ends within a character", {{BEGIN, "\xc3"}, {LAST, ""}}, "close1007"},

    {"a close without a code", {{CLOSE, ""}, {TEXT, "x"}}, "close"},
    {"a close", {{CLOSE, "\x03\xe9gone"}, {PING, "x"}, {CLOSE, "\x03\xe8"}}, "close1001"},
    {"a close with one byte", {{CLOSE, "\x03"}}, "close1002"},
    {"999", {{CLOSE, "\x03\xe7"}}, "close1002"},
    {"1003", {{CLOSE, "\x03\xeb"}}, "close1003"},
    {"1004", {{CLOSE, "\x03\xec"}}, "close1002"},
    {"1005", {{CLOSE, "\x03\xed"}}, "close1002"},
    {"1006", {{CLOSE, "\x03\xee"}}, "close1002"},
    {"1007", {{CLOSE, "\x03\xef"}}, "close1007"},
    {"1012", {{CLOSE, "\x03\xf4"}}, "close1012"},
    {"1014", {{CLOSE, "\x03\xf6"}}, "close1014"},
    {"1015", {{CLOSE, "\x03\xf7"}}, "close1002"},
    {"2999", {{CLOSE, "\x0b\xb7"}}, "close1002"},
    {"3000", {{CLOSE, "\x0b\xb8"}}, "close3000"},
    {"4999", {{CLOSE, "\x13\x87"}}, "close4999"},
    {"5000", {{CLOSE, "\x13\x88"}}, "close1002"},
    {"a reason", {{CLOSE, "\x03\xe8x\xc3\xa9\xc3\xa9"}}, "close1000"},
    {"a reason that is not UTF-8", {{CLOSE, "\x03\xe8\xff"}}, "close1007"},
    {"a reason that ends within a character", {{CLOSE, "\x03\xe8xx\xc3"}}, "close1007"},

    {"a reserved bit", {{TEXT | 0x40, "x"}, {TEXT, "x"}}, "close1002"},
    {"another", {{PING | 0x20, "x"}}, "close1002"},
    {"the third", {{BINARY | 0x10, ""}}, "close1002"},
    {"a reserved bit on a continuation", {{BEGIN, "a"}, {LAST | 0x40, "x"}}, "close1002"},
    {"opcode 3", {{0x83, "x"}}, "close1002"},
    {"opcode 7", {{0x87, ""}}, "close1002"},
    {"opcode 11", {{0x8b, "x"}}, "close1002"},
    {"opcode 15", {{0x8f, ""}}, "close1002"},
    {"a continuation of nothing", {{LAST, "x"}}, "close1002"},
    {"a continuation after the end", {{BEGIN, "a"}, {LAST, "b"}, {LAST, "c"}}, "<ab>close1002"},
    {"a message within a message", {{BEGIN, "a"}, {TEXT, "b"}}, "close1002"},
    {"bytes within a text", {{BEGIN, "a"}, {2, "b"}}, "close1002"},
    {"a ping in fragments", {{0x09, "a"}}, "close1002"},
    {"a close in fragments", {{0x08, "\x03\xe8"}}, "close1002"},
    {"a long ping", {{PING, FIFTY FIFTY FIFTY}}, "close1002"},
    {"the longest ping",
     {{PING, FIFTY FIFTY "1234567890123456789012345"}},
     "pong(" FIFTY FIFTY "1234567890123456789012345)"},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static void sample_bytes(const struct sample *sample, struct buf *bytes)
{
    buf_clear(bytes);
    for (size_t i = 0; i < FRAMES && sample->piece[i].payload; i++)
        add_frame(bytes, sample->piece[i].first, sample->piece[i].payload, strlen(sample->piece[i].payload));
}

static void check_log(struct seen *seen, const char *log, const char *what)
{
    if (strcmp(buf_string(&seen->log), log) != 0)
        fail_msg("%s: expected %s, got %s", what, log, buf_string(&seen->log));
}

/* In steps of `step`, the first of them of `first` bytes. */
static void feed_split(const struct buf *bytes, size_t first, size_t step, const char *log, const char *what)
{
    struct seen seen;
    seen_begin(&seen, LIMIT);
    bool on = true;
    for (size_t at = 0, size = first; at < bytes->size; at += size, size = step) {
        size = size < bytes->size - at ? size : bytes->size - at;
        char *copy = malloc(size ? size : 1); /* so that reading past it is noticed */
        assert_non_null(copy);
        memcpy(copy, bytes->data + at, size);
        on = websocket_feed(seen.socket, copy, size);
        free(copy);
        assert_int_equal(on, !seen.was_once);
    }
    check_log(&seen, log, what);
    seen_end(&seen);
}

static void test_samples(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes);
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *sample = &samples[i];
        sample_bytes(sample, &bytes);
        feed_split(&bytes, bytes.size, 1, sample->log, sample->what);
        feed_split(&bytes, 1, 1, sample->log, sample->what);
        for (size_t at = 0; at <= bytes.size; at++)
            feed_split(&bytes, at, bytes.size, sample->log, sample->what);
    }
    buf_finish(&bytes);
}

/* Heads that nobody may send; the payload does not matter. */
static void test_bad_heads(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bytes;
        size_t size;
        const char *log;
    } heads[] = {
        {"not masked", "\x81\x01x", 3, "close1002"},
        {"not masked, nothing in it", "\x81\x00", 2, "close1002"},
        {"a ping that is not masked", "\x89\x01x", 3, "close1002"},
        {"a close that is not masked", "\x88\x00", 2, "close1002"},
        {"a continuation that is not masked",
         "\x01\x81\x00\x00\x00\x00"
         "a\x80\x01"
         "b",
         10, "close1002"},
        {"125 in two bytes", "\x81\xfe\x00\x7d\x00\x00\x00\x00x", 9, "close1002"},
        {"0 in two bytes", "\x81\xfe\x00\x00\x00\x00\x00\x00x", 9, "close1002"},
        {"65535 in eight", "\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00x", 15, "close1002"},
        {"2^63", "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00x", 15, "close1002"},
        {"2^64 - 1", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00x", 15, "close1002"},
        {"2^63 - 1 is too long", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00x", 15, "close1009"},
        {"301 is too long", "\x82\xfe\x01\x2d\x00\x00\x00\x00x", 9, "close1009"},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct buf bytes;
        buf_init(&bytes);
        buf_add(&bytes, heads[i].bytes, heads[i].size);
        add_frame(&bytes, TEXT, "late", 4);
        feed_split(&bytes, bytes.size, 1, heads[i].log, heads[i].what);
        feed_split(&bytes, 1, 1, heads[i].log, heads[i].what);
        buf_finish(&bytes);
    }
}

static void test_close_and_ping(void **state)
{
    (void)state;
    struct seen seen;
    struct buf bytes;
    char longest[124];
    memset(longest, 'r', 123);
    longest[123] = '\0';
    buf_init(&bytes);
    add_frame(&bytes, TEXT, "x", 1);
    seen_begin(&seen, LIMIT);
    websocket_ping(seen.socket);
    assert_true(websocket_feed(seen.socket, bytes.data, bytes.size));
    websocket_close(seen.socket, 1008, longest);
    websocket_close(seen.socket, 1001, "again");
    websocket_ping(seen.socket);
    assert_false(websocket_feed(seen.socket, bytes.data, bytes.size));
    assert_int_equal(seen.sent, 2 + 127);
    check_log(&seen, "ping()<x>close1008", "closed from here");
    seen_end(&seen);
    seen_begin(&seen, LIMIT);
    websocket_close(seen.socket, 1000, NULL);
    check_log(&seen, "close1000", "no reason");
    seen_end(&seen);
    buf_finish(&bytes);
    websocket_destroy(NULL);
}

/* As the server does with what is binary. */
static void test_close_in_a_message(void **state)
{
    (void)state;
    struct seen seen;
    struct buf bytes;
    buf_init(&bytes);
    add_frame(&bytes, BINARY, "x", 1);
    add_frame(&bytes, PING, "p", 1);
    add_frame(&bytes, TEXT, "y", 1);
    seen_begin(&seen, LIMIT);
    seen.close_in_message = 1003;
    assert_false(websocket_feed(seen.socket, bytes.data, bytes.size));
    check_log(&seen, "[x]close1003", "closed within a message");
    seen_end(&seen);
    buf_finish(&bytes);
}

static void test_set_limit(void **state)
{
    (void)state;
    struct seen seen;
    struct buf bytes;
    buf_init(&bytes);
    add_frame(&bytes, TEXT, "1234", 4);
    add_frame(&bytes, BEGIN, "1234", 4);
    seen_begin(&seen, 3);
    websocket_set_limit(seen.socket, 4);
    assert_true(websocket_feed(seen.socket, bytes.data, bytes.size));
    websocket_set_limit(seen.socket, 3);
    buf_clear(&bytes);
    add_frame(&bytes, LAST, "", 0);
    assert_false(websocket_feed(seen.socket, bytes.data, bytes.size));
    check_log(&seen, "<1234>close1009", "a limit that came down");
    seen_end(&seen);
    buf_finish(&bytes);
}

static void test_heard(void **state)
{
    (void)state;
    struct seen seen;
    struct buf bytes;
    buf_init(&bytes);
    add_frame(&bytes, PONG, "", 0);
    seen_begin(&seen, LIMIT);
    assert_false(websocket_heard(seen.socket));
    assert_true(websocket_feed(seen.socket, bytes.data, 0));
    assert_false(websocket_heard(seen.socket));
    assert_true(websocket_feed(seen.socket, bytes.data, bytes.size));
    assert_true(websocket_heard(seen.socket));
    assert_false(websocket_heard(seen.socket));
    assert_true(websocket_feed(seen.socket, bytes.data, 1));
    assert_true(websocket_heard(seen.socket));
    seen_end(&seen);
    buf_finish(&bytes);
}

/* ---- what a peer can make it hold and send ---- */

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

static void test_idle_holds_nothing(void **state)
{
    (void)state;
    enum { LONG = 66000 };
    static char payload[LONG];
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, LONG};
    struct seen seen;
    struct buf bytes;
    memset(payload, 'x', sizeof payload);
    buf_init(&bytes);
    assert_true(buf_reserve(&bytes, 4 * LONG));
    seen_begin(&seen, 2 * LONG);
    assert_true(buf_reserve(&seen.log, 4 * LONG));
    size_t before = in_use();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        buf_clear(&seen.log);
        buf_clear(&bytes);
        add_frame(&bytes, BEGIN, payload, sizes[i]);
        add_frame(&bytes, PING, payload, 50);
        add_frame(&bytes, LAST, payload, sizes[i]);
        assert_true(websocket_feed(seen.socket, bytes.data, bytes.size));
        assert_int_equal(in_use(), before);
        for (size_t at = 0; at < bytes.size; at++)
            assert_true(websocket_feed(seen.socket, bytes.data + at, 1));
        assert_int_equal(in_use(), before);
    }
    seen_end(&seen);
    buf_finish(&bytes);
}

/* Half a tebibyte is claimed, and then comes one byte. */
static void test_claims_are_not_believed(void **state)
{
    (void)state;
    struct seen seen;
    struct buf bytes;
    buf_init(&bytes);
    add_head(&bytes, TEXT, UINT64_C(1) << 39, 8);
    buf_char(&bytes, 'x' ^ 0x11);
    seen_begin(&seen, UINT64_C(1) << 40);
    size_t before = in_use();
    assert_true(websocket_feed(seen.socket, bytes.data, bytes.size));
    assert_in_range(in_use(), before, before + 8192);
    check_log(&seen, "", "a claim");
    seen_end(&seen);
    buf_finish(&bytes);
}

static void test_fragments_of_one_byte(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct seen seen;
    struct buf bytes;
    buf_init(&bytes);
    add_frame(&bytes, 2, "x", 1);
    for (int i = 1; i < COUNT; i++)
        add_frame(&bytes, MORE, "x", 1);
    seen_begin(&seen, COUNT);
    size_t before = in_use();
    assert_true(websocket_feed(seen.socket, bytes.data, bytes.size));
    assert_in_range(in_use(), before, before + 2 * COUNT + 8192);
    assert_int_equal(seen.log.size, 0);
    buf_clear(&bytes);
    add_frame(&bytes, LAST, "", 0);
    assert_true(websocket_feed(seen.socket, bytes.data, bytes.size));
    assert_int_equal(seen.log.size, COUNT + 2);
    seen_end(&seen);
    buf_finish(&bytes);
}

static void test_pings_bring_no_more_than_they_are(void **state)
{
    (void)state;
    char payload[125];
    memset(payload, 'p', sizeof payload);
    for (size_t size = 0; size <= sizeof payload; size += 25) {
        struct seen seen;
        struct buf bytes;
        size_t count = 0;
        buf_init(&bytes);
        while (bytes.size + 6 + size <= 65536) {
            add_frame(&bytes, PING, payload, size);
            count++;
        }
        seen_begin(&seen, LIMIT);
        assert_true(websocket_feed(seen.socket, bytes.data, bytes.size));
        assert_int_equal(seen.sent, count * (2 + size));
        assert_true(seen.sent < bytes.size);
        seen_end(&seen);
        buf_finish(&bytes);
    }
}

/* The n-th allocation fails: then it closes, or all is as it should be. */
static bool told_with_allocations(const struct buf *bytes, long n)
{
    struct seen seen = {0};
    buf_init(&seen.log);
    assert_true(buf_reserve(&seen.log, 1000));
    no_memory_after(n);
    seen.socket = websocket_create(LIMIT, &events, &seen);
    bool on = seen.socket && websocket_feed(seen.socket, bytes->data, 60) &&
              websocket_feed(seen.socket, bytes->data + 60, bytes->size - 60);
    bool came = no_memory_came();
    assert_int_equal(on, !came);
    if (seen.socket)
        check_log(&seen, on ? "<" FIFTY FIFTY ">pong(p)" : "close1011", "no memory");
    websocket_destroy(seen.socket);
    buf_finish(&seen.log);
    return came;
}

static void test_no_memory(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes);
    add_frame(&bytes, BEGIN, FIFTY, 50);
    add_frame(&bytes, LAST, FIFTY, 50);
    add_frame(&bytes, PING, "p", 1);
    long n = 0;
    while (told_with_allocations(&bytes, n))
        assert_true(++n < NO_MEMORY_ROUNDS_MAX);
    buf_finish(&bytes);
}

/* ---- what goes out ---- */

static void test_frame_heads(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *head;
        size_t head_size;
    } heads[] = {
        {0, "\x81\x00", 2},
        {1, "\x81\x01", 2},
        {125, "\x81\x7d", 2},
        {126, "\x81\x7e\x00\x7e", 4},
        {65535, "\x81\x7e\xff\xff", 4},
        {65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10},
    };
    static char payload[65536];
    memset(payload, 'x', sizeof payload);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct buf out;
        buf_init(&out);
        websocket_frame(&out, false, payload, heads[i].size);
        assert_int_equal(out.size, heads[i].head_size + heads[i].size);
        assert_memory_equal(out.data, heads[i].head, heads[i].head_size);
        assert_memory_equal(out.data + heads[i].head_size, payload, heads[i].size);
        buf_finish(&out);
    }
}

static void test_frame_lines(void **state)
{
    (void)state;
    static const char expected[] = "\x81\x01"
                                   "a"
                                   "\x81\x00"
                                   "\x81\x03"
                                   "b\rc";
    struct buf out;
    buf_init(&out);
    websocket_frame_lines(&out, "a\n\nb\rc\n", 7);
    assert_int_equal(out.size, sizeof expected - 1);
    assert_memory_equal(out.data, expected, out.size);
    buf_clear(&out);
    websocket_frame_lines(&out, NULL, 0);
    assert_int_equal(out.size, 0);
    websocket_frame(&out, true, "\xff", 1);
    assert_memory_equal(out.data, "\x82\x01\xff", 3);
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_bad_heads),
        cmocka_unit_test(test_close_and_ping),
        cmocka_unit_test(test_close_in_a_message),
        cmocka_unit_test(test_set_limit),
        cmocka_unit_test(test_heard),
        cmocka_unit_test(test_idle_holds_nothing),
        cmocka_unit_test(test_claims_are_not_believed),
        cmocka_unit_test(test_fragments_of_one_byte),
        cmocka_unit_test(test_pings_bring_no_more_than_they_are),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_frame_heads),
        cmocka_unit_test(test_frame_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
