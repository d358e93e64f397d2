/* What a client sends: bytes into lines, into messages, into requests, into what is answered. Lines must not depend on
 * how the bytes were split; every answer is one line of JSON. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "wire/ndjson.h"
#include "wire/reply.h"
#include "wire/request.h"

enum { LIMIT = 200 };

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* Each line with its size before it; a last size of UINT32_MAX where one was too long. False after that. */
static bool take_lines(struct ndjson *in, struct buf *lines)
{
    const char *line;
    size_t size;
    int got;
    while ((got = ndjson_next(in, &line, &size)) == 1) {
        must(size > 0 && size <= LIMIT);
        buf_u32(lines, (uint32_t)size);
        buf_add(lines, line, size);
    }
    if (got < 0) {
        must(size == LIMIT + 1);
        buf_u32(lines, UINT32_MAX);
        buf_add(lines, line, size);
    }
    return got == 0;
}

static void split_lines(const char *data, size_t size, size_t at, struct buf *lines)
{
    struct ndjson in;
    ndjson_init(&in, LIMIT);
    must(ndjson_feed(&in, data, at));
    bool on = at == 0 || take_lines(&in, lines);
    if (on) {
        must(ndjson_feed(&in, data + at, size - at));
        ndjson_end(&in);
        on = take_lines(&in, lines);
        must(!on || ndjson_held(&in) == 0);
    }
    ndjson_finish(&in);
    must(!lines->failed);
}

static void check_refusal(const struct refusal *refusal, const struct message_head *head)
{
    struct buf reply;
    buf_init(&reply);
    reply_refusal(&reply, refusal, head->code_known, head->code, &head->id);
    must(json_is_sound(reply.data, reply.size, 4096, false) && !memchr(reply.data, '\n', reply.size));
    buf_finish(&reply);
}

static void answer_one(const struct message *message, size_t i)
{
    struct message_head head;
    struct refusal refusal = {0};
    struct request request = {0};
    if (message_head(message, i, &head, &refusal) < 0 || message_request(message, i, &head, &request, &refusal) < 0)
        check_refusal(&refusal, &head);
    request_finish(&request);
}

static void answer(const char *line, size_t size)
{
    struct message *message;
    struct message_head head;
    struct refusal refusal = {0};
    if (message_read(line, size, &message, &head, &refusal) < 0) {
        check_refusal(&refusal, &head);
        return;
    }
    for (size_t i = 0; i < message_count(message); i++)
        answer_one(message, i);
    message_destroy(message);
}

static void answer_all(const struct buf *lines)
{
    for (size_t at = 0; at < lines->size;) {
        uint32_t size;
        memcpy(&size, lines->data + at, sizeof size);
        at += sizeof size;
        size = size == UINT32_MAX ? LIMIT + 1 : size;
        answer(lines->data + at, size);
        at += size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct buf whole, split;
    buf_init(&whole);
    buf_init(&split);
    split_lines(bytes, size, 0, &whole);
    size_t at = size ? (size * 7 + data[0] + (size_t)data[size - 1] * 256) % (size + 1) : 0;
    split_lines(bytes, size, at, &split);
    must(whole.size == split.size && (whole.size == 0 || memcmp(whole.data, split.data, whole.size) == 0));
    answer_all(&whole);
    buf_finish(&whole);
    buf_finish(&split);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
