/* One message. The answer is sound JSON; what a request says in its canonical form, it says again when that is read;
 * and jansson's own parser finds the same values in the text, or the same want of JSON. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/parse.h"
#include "wire/reply.h"
#include "wire/request.h"

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* jansson takes "3\0" for 3, and nests deeper. */
static bool only_we_refuse(const char *why)
{
    return strcmp(why, "a NUL byte") == 0 || strcmp(why, "nested too deep") == 0;
}

static void check_against_jansson(const char *text, size_t size)
{
    struct parse parse;
    json_error_t error;
    parse_text(&parse, text, size, LIMIT_DEPTH);
    json_t *other = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    enum json_error_code code = other ? json_error_unknown : json_error_code(&error);
    if (!parse.root)
        must(!other || only_we_refuse(parse.wrong));
    else if (code == json_error_duplicate_key || code == json_error_null_byte_in_key)
        must(parse.oddity != ODDITY_NONE);
    else if (code != json_error_numeric_overflow)
        must(other && parse.oddity == ODDITY_NONE && json_equal(parse.root, other));
    json_decref(other);
    parse_finish(&parse);
}

static void check_text(struct text text)
{
    must(strlen(text.data) == text.size);
}

static void check_args(const struct request *request)
{
    for (size_t i = 0; i < ARG_COUNT; i++) {
        const struct request_arg *arg = &request->arg[i];
        if (arg->text.data)
            check_text(arg->text);
        must(arg->present || (arg->count == 0 && !arg->pairs));
        for (size_t j = 0; j < arg->count; j++) {
            if (arg->pairs[j].name.data)
                check_text(arg->pairs[j].name);
            if (arg->pairs[j].value.kind == SCALAR_TEXT)
                check_text(arg->pairs[j].value.text);
        }
    }
}

static void check_refusal(const struct refusal *refusal, const struct message_head *head)
{
    must(refusal->error == ERROR_CODE || refusal->error == ERROR_JSON || refusal->error == ERROR_PARAMETER);
    must(*refusal->detail && memchr(refusal->detail, '\0', sizeof refusal->detail));
    struct buf reply;
    buf_init(&reply);
    reply_refusal(&reply, refusal, head->code_known, head->code, &head->id);
    must(json_is_sound(reply.data, reply.size, 4096, false));
    check_against_jansson(reply.data, reply.size);
    buf_finish(&reply);
}

/* What a request says in its canonical form is one request, and says the same again. */
static void check_again(const struct request *request)
{
    struct message *message;
    struct request again;
    struct message_head head;
    struct refusal refusal;
    must(message_read(request->canonical.data, request->canonical.size, &message, &head, &refusal) == 0);
    must(message_count(message) == 1 && message_head(message, 0, &head, &refusal) == 0);
    must(message_request(message, 0, &head, &again, &refusal) == 0);
    must(again.code == request->code && again.canonical.size == request->canonical.size);
    must(memcmp(again.canonical.data, request->canonical.data, again.canonical.size) == 0);
    request_finish(&again);
    message_destroy(message);
}

/* Of a list no code may come a second time. */
static void check_one(const struct message *message, size_t i, uint64_t *codes)
{
    struct message_head head;
    struct refusal refusal;
    struct request request = {0};
    if (message_head(message, i, &head, &refusal) < 0) {
        check_refusal(&refusal, &head);
        return;
    }
    must(!(*codes >> head.entry->code & 1));
    *codes |= UINT64_C(1) << head.entry->code;
    if (message_request(message, i, &head, &request, &refusal) < 0) {
        check_refusal(&refusal, &head);
    } else {
        check_args(&request);
        check_again(&request);
    }
    request_finish(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message *message;
    struct message_head head;
    struct refusal refusal;
    uint64_t codes = 0;
    check_against_jansson((const char *)data, size);
    if (message_read((const char *)data, size, &message, &head, &refusal) < 0) {
        check_refusal(&refusal, &head);
        return 0;
    }
    must(message_count(message) >= 1 && message_count(message) <= CODE_LIMIT);
    for (size_t i = 0; i < message_count(message); i++)
        check_one(message, i, &codes);
    message_destroy(message);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
