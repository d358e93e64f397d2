/* The head of a request. What is found must not depend on how the bytes came, lies within them, ends where it ends and
 * not before, and means the same when it is written plainly. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/http_head.h"

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* Of just that many bytes, so that reading past them is noticed. */
static char *copy_of(const char *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    must(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* ---- what was found ---- */

static void must_be_within(struct text text, const char *data, size_t size)
{
    must(text.data >= data && text.size <= size && (size_t)(text.data - data) <= size - text.size);
}

static void must_make_sense(const struct http_head *head, const char *data, size_t size)
{
    struct text host, port;
    must(size >= 4 && memcmp(data + size - 4, "\r\n\r\n", 4) == 0);
    must(head->minor == 0 || head->minor == 1);
    must(head->fields >= 1 && head->fields <= LIMIT_HTTP_FIELDS);
    must(head->method.size > 0 && head->path.size > 0);
    must(head->path.size + head->query.size <= LIMIT_HTTP_TARGET);
    must(http_authority(head->host, &host, &port) && host.size > 0);
    must_be_within(head->method, data, size);
    must_be_within(head->path, data, size);
    must_be_within(head->query, data, size);
    must_be_within(head->host, data, size);
    must_be_within(host, data, size);
    must_be_within(port, data, size);
    for (size_t i = 0; i < head->fields; i++) {
        must_be_within(head->field[i].name, data, size);
        must_be_within(head->field[i].value, data, size);
    }
}

static void add_text(struct buf *out, struct text text)
{
    buf_u32(out, (uint32_t)text.size);
    buf_add(out, text.data, text.size);
}

static void tell_head(struct buf *out, const struct http_head *head)
{
    add_text(out, head->method);
    add_text(out, head->path);
    add_text(out, head->query);
    add_text(out, head->host);
    buf_printf(out, "%d %d %llu %d %d %d", head->minor, (int)head->body,
               head->body == HTTP_LENGTH ? (unsigned long long)head->length : 0, head->keep_alive, head->upgrade,
               head->expects_continue);
    for (size_t i = 0; i < head->fields; i++) {
        add_text(out, head->field[i].name);
        add_text(out, head->field[i].value);
    }
}

/* ---- how the bytes came ---- */

/* The first `size` bytes are there. What http_head_read gives; all that it tells into *told. */
static int read_some(const char *data, size_t size, size_t *seen, struct buf *told)
{
    struct http_head head;
    struct http_fault fault = {0};
    char *copy = copy_of(data, size);
    int rc = http_head_read(copy, size, seen, &head, &fault);
    must(rc >= -1 && rc <= (int)size && *seen <= size && *seen <= LIMIT_HTTP_HEAD);
    if (rc > 0) {
        must_make_sense(&head, copy, (size_t)rc);
        tell_head(told, &head);
    } else if (rc < 0) {
        must(fault.status >= 400 && fault.status < 600 && fault.detail[0]);
        buf_printf(told, "%d %s", fault.status, fault.detail);
    }
    free(copy);
    return rc;
}

static int read_split(const char *data, size_t size, size_t at, struct buf *told)
{
    size_t seen = 0;
    int rc = read_some(data, at, &seen, told);
    return rc ? rc : read_some(data, size, &seen, told);
}

static void must_be_same(const struct buf *a, const struct buf *b)
{
    must(!a->failed && !b->failed);
    must(a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0));
}

/* ---- written plainly ---- */

static void write_plainly(struct buf *out, const struct http_head *head)
{
    buf_add(out, head->method.data, head->method.size);
    buf_char(out, ' ');
    buf_add(out, head->path.data, head->path.size);
    buf_text(out, head->query.size ? "?" : "");
    buf_add(out, head->query.data, head->query.size);
    buf_printf(out, " HTTP/1.%d\r\n", head->minor);
    for (size_t i = 0; i < head->fields; i++) {
        buf_add(out, head->field[i].name.data, head->field[i].name.size);
        buf_text(out, ": ");
        buf_add(out, head->field[i].value.data, head->field[i].value.size);
        buf_text(out, "\r\n");
    }
    buf_text(out, "\r\n");
}

static void check_plain(const char *data, size_t size, const struct buf *told)
{
    struct http_head head;
    struct http_fault fault;
    struct buf plain, again;
    size_t seen = 0;
    buf_init(&plain);
    buf_init(&again);
    must(http_head_read(data, size, &seen, &head, &fault) > 0);
    write_plainly(&plain, &head);
    seen = 0;
    if (plain.size <= LIMIT_HTTP_HEAD) {
        must(read_some(plain.data, plain.size, &seen, &again) == (int)plain.size);
        must_be_same(told, &again);
    }
    buf_finish(&plain);
    buf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct buf whole, split;
    size_t seen = 0, at = size ? (size * 7 + data[0] + (size_t)data[size - 1] * 256) % (size + 1) : 0;
    buf_init(&whole);
    buf_init(&split);
    int rc = read_some(bytes, size, &seen, &whole);
    must(read_split(bytes, size, at, &split) == rc);
    must_be_same(&whole, &split);
    if (rc > 0) {
        seen = 0;
        buf_clear(&split);
        must(read_some(bytes, (size_t)rc - 1, &seen, &split) == 0);
        must(split.size == 0);
        check_plain(bytes, size, &whole);
    }
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
