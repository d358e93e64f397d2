/* The body of a request: by its first byte in chunks or of a length, and with a limit. What it holds must not depend on
 * how the bytes came, is never more than the limit, ends where it ends and not before, and is the same when it is sent
 * in other chunks. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "wire/http_body.h"

static void must(bool truth)
{
    if (!truth)
        abort();
}

static int take(struct http_body *body, const char *data, size_t size, size_t *all, struct http_fault *fault)
{
    size_t used = 0;
    char *copy = malloc(size ? size : 1);
    must(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    int rc = http_body_take(body, copy, size, &used, fault);
    must(used <= size && (rc != 0 || used == size));
    must(body->bytes.size <= body->limit && body->bytes.capacity <= 2 * body->limit + 64);
    *all += used;
    free(copy);
    return rc;
}

/* In parts of `part` bytes. *used: so many are of the body. */
static int read_parts(struct http_body *body, const struct http_head *head, uint64_t limit, const char *data,
                      size_t size, size_t part, size_t *used, struct http_fault *fault)
{
    *used = 0;
    *fault = (struct http_fault){0};
    int rc = http_body_init(body, head, limit, fault);
    if (rc == 0)
        rc = take(body, data, size < part ? size : part, used, fault);
    while (rc == 0 && *used < size) {
        size_t left = size - *used;
        rc = take(body, data + *used, left < part ? left : part, used, fault);
    }
    must((rc < 0) == (fault->status != 0));
    return rc;
}

static void must_be_same(const struct buf *a, const struct buf *b)
{
    must(!a->failed && !b->failed);
    must(a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0));
}

static void check_split(const struct http_head *head, uint64_t limit, const char *data, size_t size, size_t part)
{
    struct http_body whole, split;
    struct http_fault fault, split_fault;
    size_t used, split_used;
    int rc = read_parts(&whole, head, limit, data, size, size, &used, &fault);
    int split_rc = read_parts(&split, head, limit, data, size, part, &split_used, &split_fault);
    must(rc == split_rc && used == split_used);
    must(fault.status == split_fault.status && strcmp(fault.detail, split_fault.detail) == 0);
    must_be_same(&whole.bytes, &split.bytes);
    http_body_finish(&split);
    if (rc == 1 && used > 0) {
        must(read_parts(&split, head, limit, data, used - 1, size, &split_used, &fault) == 0);
        http_body_finish(&split);
    }
    http_body_finish(&whole);
}

/* Once more in chunks of `part` bytes. */
static void check_again(const struct buf *bytes, uint64_t limit, size_t part)
{
    struct buf chunks;
    struct http_body body;
    struct http_fault fault;
    size_t used;
    const struct http_head head = {.body = HTTP_CHUNKED};
    buf_init(&chunks);
    for (size_t at = 0; at < bytes->size; at += part) {
        size_t size = bytes->size - at < part ? bytes->size - at : part;
        buf_printf(&chunks, "%zX;x=\"y\"\r\n", size);
        buf_add(&chunks, bytes->data + at, size);
        buf_text(&chunks, "\r\n");
    }
    buf_text(&chunks, "0\r\nX-Y: z\r\n\r\n");
    must(read_parts(&body, &head, limit, chunks.data, chunks.size, chunks.size, &used, &fault) == 1);
    must(used == chunks.size);
    must_be_same(bytes, &body.bytes);
    http_body_finish(&body);
    buf_finish(&chunks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct http_head head = {.body = data[0] % 4 == 0 ? HTTP_LENGTH : HTTP_CHUNKED, .length = data[1]};
    uint64_t limit = data[0];
    const char *bytes = (const char *)data + 2;
    size_t part = 1 + data[1] % 17u, used;
    struct http_body body;
    struct http_fault fault;
    size -= 2;
    check_split(&head, limit, bytes, size, part);
    if (read_parts(&body, &head, limit, bytes, size, size, &used, &fault) == 1)
        check_again(&body.bytes, limit, part);
    http_body_finish(&body);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
