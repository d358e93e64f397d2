/* Messages into requests: the files of test/cases/request (or of the folder given), each NAME.in with its NAME.out: the
 * refusal as it goes out, or "ok CODE CANONICAL"; of a list a line each. Then the same with the n-th allocation
 * failing. Link with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "wire/reply.h"
#include "wire/request.h"

static const char *folder = "test/cases/request";

/* ---- memory that runs out ---- */

static long live;        /* blocks */
static long before_fail; /* allocations that still succeed; negative: all do */
static bool failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static bool fails(void)
{
    if (before_fail < 0 || before_fail-- > 0)
        return false;
    failed = true;
    return true;
}

static void *counted(void *block)
{
    live += block != NULL;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (fails())
        return NULL;
    void *moved = __real_realloc(block, size);
    return block ? moved : counted(moved);
}

void __wrap_free(void *block)
{
    live -= block != NULL;
    __real_free(block);
}

/* ---- the cases ---- */

static void read_file(const char *path, struct buf *bytes)
{
    buf_init(bytes);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char part[4096];
    for (size_t size; (size = fread(part, 1, sizeof part, file)) > 0;)
        buf_add(bytes, part, size);
    fclose(file);
    assert_false(bytes->failed);
}

struct result {
    struct buf answer; /* as in an .out file */
    bool short_of_memory;
};

static void answer_ok(struct result *result, const struct request *request)
{
    buf_printf(&result->answer, "ok %d ", (int)request->code);
    buf_add(&result->answer, request->canonical.data, request->canonical.size);
    buf_char(&result->answer, '\n');
}

static void answer_refusal(struct result *result, const struct refusal *refusal, const struct message_head *head)
{
    result->short_of_memory = result->short_of_memory || refusal->error == ERROR_INTERNAL;
    reply_refusal(&result->answer, refusal, head->code_known, head->code, &head->id);
    buf_char(&result->answer, '\n');
}

/* The answer is written without failing: what it needs is not what is tested. */
static void take_one(struct result *result, const struct message *message, size_t i)
{
    struct message_head head;
    struct refusal refusal = {0};
    struct request request = {0};
    bool understood = message_head(message, i, &head, &refusal) == 0;
    bool ok = understood && message_request(message, i, &head, &request, &refusal) == 0;
    long left = before_fail;
    before_fail = -1;
    if (ok)
        answer_ok(result, &request);
    else
        answer_refusal(result, &refusal, &head);
    request_finish(&request);
    request_finish(&request);
    before_fail = left;
}

/* With `allocations` of them succeeding; -1: all. */
static void take(struct result *result, const char *text, size_t size, long allocations)
{
    struct message *message;
    struct message_head head;
    struct refusal refusal = {0};
    *result = (struct result){0};
    failed = false;
    before_fail = allocations;
    bool read = message_read(text, size, &message, &head, &refusal) == 0;
    assert_true(read == (message != NULL));
    for (size_t i = 0; read && i < message_count(message); i++)
        take_one(result, message, i);
    before_fail = -1;
    if (!read)
        answer_refusal(result, &refusal, &head);
    message_destroy(message);
}

static bool same(const struct buf *a, const struct buf *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* False, and told, where the answer is another. */
static bool check_case(const char *name, const struct buf *in, const struct buf *expected)
{
    struct result result;
    take(&result, in->size ? in->data : "", in->size, -1);
    bool right = same(&result.answer, expected);
    if (!right)
        print_message("%s\n  expected %.*s  got      %.*s", name, (int)expected->size, expected->data,
                      (int)result.answer.size, result.answer.data);
    buf_finish(&result.answer);
    return right;
}

/* Whichever allocation fails: 54, or the proper answer; nothing is lost. */
static bool check_without_memory(const char *name, const struct buf *in, const struct buf *expected)
{
    bool right = true;
    failed = true;
    for (long n = 0; failed && right; n++) {
        long held = live;
        struct result result;
        take(&result, in->size ? in->data : "", in->size, n);
        right = (failed && result.short_of_memory) || same(&result.answer, expected);
        if (!right)
            print_message("%s, allocation %ld fails\n  got %.*s", name, n, (int)result.answer.size, result.answer.data);
        buf_finish(&result.answer);
        if (live != held)
            print_message("%s, allocation %ld fails: %ld blocks lost\n", name, n, live - held);
        right = right && live == held;
    }
    return right;
}

static void each_case(bool (*check)(const char *name, const struct buf *in, const struct buf *expected))
{
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s/*.in", folder);
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    size_t wrong = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char path[4096];
        struct buf in, expected;
        read_file(found.gl_pathv[i], &in);
        snprintf(path, sizeof path, "%.*s.out", (int)strlen(found.gl_pathv[i]) - 3, found.gl_pathv[i]);
        read_file(path, &expected);
        wrong += !check(found.gl_pathv[i], &in, &expected);
        buf_finish(&in);
        buf_finish(&expected);
    }
    assert_true(found.gl_pathc >= 80);
    globfree(&found);
    assert_int_equal(wrong, 0);
}

static void test_cases(void **state)
{
    (void)state;
    each_case(check_case);
}

static void test_cases_without_memory(void **state)
{
    (void)state;
    json_set_alloc_funcs(malloc, free);
    each_case(check_without_memory);
}

/* ---- what a file does not show ---- */

/* A ping of just so many bytes. */
static void long_ping(struct buf *text, size_t size)
{
    buf_init(text);
    buf_text(text, "{\"code\":2");
    while (text->size < size - 1)
        buf_char(text, ' ');
    buf_char(text, '}');
}

static void test_longest_message(void **state)
{
    (void)state;
    struct buf text;
    struct result result;
    long_ping(&text, LIMIT_MESSAGE_BYTES);
    take(&result, text.data, text.size, -1);
    assert_string_equal(buf_string(&result.answer), "ok 2 {\"code\":2}\n");
    buf_finish(&result.answer);
    buf_finish(&text);
}

static void test_too_long_message(void **state)
{
    (void)state;
    struct buf text;
    struct message *message;
    struct message_head head;
    struct refusal refusal;
    long_ping(&text, LIMIT_MESSAGE_BYTES + 1);
    assert_int_equal(message_read(text.data, text.size, &message, &head, &refusal), -1);
    assert_int_equal(refusal.error, ERROR_JSON);
    assert_true(refusal.fatal);
    assert_false(head.code_known);
    assert_null(message);
    assert_string_equal(refusal.detail, "longer than 1048576 bytes at line 1, column 1048577, byte 1048577");
    buf_finish(&text);
}

static void read_request(const char *text, struct request *request)
{
    struct message *message;
    struct message_head head;
    struct refusal refusal;
    assert_int_equal(message_read(text, strlen(text), &message, &head, &refusal), 0);
    assert_int_equal(message_count(message), 1);
    assert_int_equal(message_head(message, 0, &head, &refusal), 0);
    assert_int_equal(message_request(message, 0, &head, request, &refusal), 0);
    message_destroy(message);
}

static void test_values_of_a_request(void **state)
{
    (void)state;
    struct request request;
    read_request("{\"code\":20,\"id\":\"a1\",\"settings\":{\"lr\":3e-4,\"n\":-7,\"on\":true,\"how\":\"cos\"},"
                 "\"revisions\":{\"lr\":3},\"at_step\":500,\"wait\":2,\"reason\":\"why\"}",
                 &request);
    assert_int_equal(request.code, CODE_SET);
    assert_int_equal(request.id.kind, REQUEST_ID_TEXT);
    assert_string_equal(request.id.text, "a1");
    const struct request_arg *settings = &request.arg[ARG_SETTINGS];
    assert_int_equal(settings->count, 4);
    assert_string_equal(settings->pairs[0].name.data, "lr");
    assert_int_equal(settings->pairs[0].value.kind, SCALAR_NUMBER);
    assert_true(settings->pairs[0].value.number == 3e-4);
    assert_int_equal(settings->pairs[1].value.kind, SCALAR_INTEGER);
    assert_int_equal(settings->pairs[1].value.integer, -7);
    assert_int_equal(settings->pairs[2].value.kind, SCALAR_BOOL);
    assert_true(settings->pairs[2].value.truth);
    assert_int_equal(settings->pairs[3].value.kind, SCALAR_TEXT);
    assert_true(text_is(settings->pairs[3].value.text, "cos"));
    assert_int_equal(request.arg[ARG_REVISIONS].pairs[0].value.integer, 3);
    assert_int_equal(request.arg[ARG_AT_STEP].integer, 500);
    assert_true(request.arg[ARG_WAIT].present && request.arg[ARG_WAIT].number == 2);
    assert_string_equal(request.arg[ARG_REASON].text.data, "why");
    assert_false(request.arg[ARG_DEADLINE].present || request.arg[ARG_UNTIL_STEP].present);
    request_finish(&request);
    assert_null(request.canonical.data);
}

static void test_values_of_a_subscription(void **state)
{
    (void)state;
    struct request request;
    read_request("{\"code\":5,\"id\":-4,\"topics\":[\"run\",\"scalars\"],\"series\":[\"a/*\"],"
                 "\"since\":{\"epoch\":1790000000000000,\"n\":9223372036854775807}}",
                 &request);
    assert_int_equal(request.id.kind, REQUEST_ID_INTEGER);
    assert_int_equal(request.id.integer, -4);
    assert_int_equal(request.arg[ARG_TOPICS].count, 2);
    assert_true(text_is(request.arg[ARG_TOPICS].pairs[1].value.text, "scalars"));
    assert_true(text_is(request.arg[ARG_SERIES].pairs[0].value.text, "a/*"));
    assert_int_equal(request.arg[ARG_SINCE].epoch, 1790000000000000);
    assert_int_equal(request.arg[ARG_SINCE].n, INT64_MAX);
    request_finish(&request);
}

static void test_a_truth(void **state)
{
    (void)state;
    struct request request;
    read_request("{\"code\":23,\"on\":true}", &request);
    assert_true(request.arg[ARG_ON].present && request.arg[ARG_ON].truth);
    request_finish(&request);
    read_request("[{\"on\":false,\"code\":23}]", &request);
    assert_true(request.arg[ARG_ON].present && !request.arg[ARG_ON].truth);
    request_finish(&request);
}

/* What is echoed of a list that is refused as a whole: the code that stands twice, and nothing else. */
static void test_head_of_a_list(void **state)
{
    (void)state;
    static const char twice[] = "[{\"code\":2,\"id\":\"a\"},{\"code\":16},{\"code\":16,\"id\":\"b\"}]";
    struct message *message;
    struct message_head head;
    struct refusal refusal;
    assert_int_equal(message_read(twice, sizeof twice - 1, &message, &head, &refusal), -1);
    assert_true(refusal.error == ERROR_CODE && refusal.same_code);
    assert_true(head.code_known && head.code == 16 && head.id.kind == REQUEST_ID_NONE);
    assert_int_equal(message_read("[]", 2, &message, &head, &refusal), -1);
    assert_true(refusal.error == ERROR_CODE && !refusal.same_code && !head.code_known);
}

/* As many elements as codes may be; one more is refused before any is looked at. */
static void test_longest_list(void **state)
{
    (void)state;
    for (int count = CODE_LIMIT; count <= CODE_LIMIT + 1; count++) {
        struct buf text;
        struct message *message;
        struct message_head head;
        struct refusal refusal;
        buf_init(&text);
        for (int i = 0; i < count; i++)
            buf_printf(&text, "%c{\"code\":%d}", i ? ',' : '[', 100 + i);
        buf_char(&text, ']');
        assert_int_equal(message_read(text.data, text.size, &message, &head, &refusal), count > CODE_LIMIT ? -1 : 0);
        assert_true(message ? message_count(message) == CODE_LIMIT : refusal.error == ERROR_CODE);
        message_destroy(message);
        buf_finish(&text);
    }
}

static bool sound(const char *text, bool any)
{
    return json_is_sound(text, strlen(text), 100, any);
}

static void test_soundness(void **state)
{
    (void)state;
    assert_true(sound("{\"loss\":1.5,\"big\":123456789012345678901234567890}", false));
    assert_true(sound(" {\n} ", false));
    assert_true(sound("[1,{}]", true));
    assert_true(sound("null", true));
    assert_false(sound("[1]", false));
    assert_false(sound("", true));
    assert_false(sound("{", false));
    assert_false(sound("NaN", true));
    assert_false(sound("{\"a\":1,\"a\":2}", false));
    assert_false(sound("{\"\\u0000\":1}", false));
    assert_false(sound("\"\xff\"", true));
    assert_false(json_is_sound("{}", 2, 1, false));
    assert_true(json_is_sound("{}x", 2, 2, false));
    assert_false(json_is_sound(NULL, 0, 10, true));
    char deep[130];
    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    assert_false(json_is_sound(deep, 130, 200, true));
    assert_true(json_is_sound(deep + 1, 128, 200, true));
}

static void test_sentences_are_cut_between_characters(void **state)
{
    (void)state;
    struct refusal refusal;
    char long_text[1000];
    for (size_t lead = 0; lead < 4; lead++) {
        memset(long_text, 'a', lead);
        for (size_t at = lead; at < 900; at += 3)
            memcpy(long_text + at, "\xe2\x82\xac", 4);
        assert_int_equal(refuse(&refusal, ERROR_MODEL, "%s", long_text), -1);
        size_t kept = strlen(refusal.detail);
        assert_int_equal(kept, lead + (sizeof refusal.detail - 1 - lead) / 3 * 3);
        assert_int_equal(text_shown_size(text_from(long_text)), lead + (60 - lead) / 3 * 3);
    }
    memset(long_text, 'b', 399);
    long_text[399] = '\0';
    refuse(&refusal, ERROR_MODEL, "%s", long_text);
    assert_int_equal(strlen(refusal.detail), 399);
    refuse(&refusal, ERROR_MODEL, "lr: %s", refusal.detail);
    assert_memory_equal(refusal.detail, "lr: bbb", 7);
    assert_int_equal(text_shown_size(text_of(NULL, 0)), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        folder = argv[1];
    before_fail = -1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_longest_message),
        cmocka_unit_test(test_too_long_message),
        cmocka_unit_test(test_values_of_a_request),
        cmocka_unit_test(test_values_of_a_subscription),
        cmocka_unit_test(test_a_truth),
        cmocka_unit_test(test_head_of_a_list),
        cmocka_unit_test(test_longest_list),
        cmocka_unit_test(test_soundness),
        cmocka_unit_test(test_sentences_are_cut_between_characters),
        cmocka_unit_test(test_cases_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
