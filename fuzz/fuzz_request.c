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

static bool take(struct text text, struct request *request, struct message_head *head, struct refusal *refusal)
{
    struct message *message;
    *request = (struct request){0};
    bool ok = message_read(text.data, text.size, &message, head, refusal) == 0 &&
              message_request(message, head, request, refusal) == 0;
    message_destroy(message);
    return ok;
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

static void check_again(const struct request *request)
{
    struct request again;
    struct message_head head;
    struct refusal refusal;
    must(take(request->canonical, &again, &head, &refusal));
    must(again.code == request->code && again.canonical.size == request->canonical.size);
    must(memcmp(again.canonical.data, request->canonical.data, again.canonical.size) == 0);
    request_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = text_of((const char *)data, size);
    struct request request;
    struct message_head head;
    struct refusal refusal;
    check_against_jansson(text.data, text.size);
    if (take(text, &request, &head, &refusal)) {
        check_args(&request);
        check_again(&request);
    } else {
        check_refusal(&refusal, &head);
    }
    request_finish(&request);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
