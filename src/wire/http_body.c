#include "wire/http_body.h"

#define SIZE_DIGITS 16u

enum state {
    WHOLE,
    BYTES, /* of a length */
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_BYTES,
    CHUNK_CR, /* after its bytes */
    CHUNK_LF,
    TRAILER_BEGIN, /* of a line: a trailer, or the end */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF
};

static int too_large(const struct http_body *body, struct http_fault *fault)
{
    return http_refuse(fault, 413, "a body of more than %llu bytes", (unsigned long long)body->limit);
}

int http_body_init(struct http_body *body, const struct http_head *head, uint64_t limit, struct http_fault *fault)
{
    *body = (struct http_body){.kind = head->body, .limit = limit, .state = WHOLE};
    buf_init(&body->bytes);
    if (head->body == HTTP_CHUNKED)
        body->state = CHUNK_SIZE;
    if (head->body != HTTP_LENGTH)
        return 0;
    body->left = head->length;
    body->state = body->left > 0 ? BYTES : WHOLE;
    return body->left > limit ? too_large(body, fault) : 0;
}

void http_body_finish(struct http_body *body)
{
    buf_finish(&body->bytes);
}

static int go(struct http_body *body, enum state next)
{
    body->state = (int)next;
    return 0;
}

static int expect(struct http_body *body, char c, char expected, enum state next, struct http_fault *fault)
{
    if (c != expected)
        return http_refuse(fault, 400, "a chunk, or a line between chunks, does not end with CR LF");
    return go(body, next);
}

/* ---- the line before a chunk ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int size_ends(struct http_body *body, enum state next, struct http_fault *fault)
{
    if (body->line == 0)
        return http_refuse(fault, 400, "a chunk without its size");
    if (body->left > body->limit - body->bytes.size)
        return too_large(body, fault);
    body->line = 0;
    return go(body, next);
}

static int take_size(struct http_body *body, char c, struct http_fault *fault)
{
    int digit = hex_digit(c);
    if (digit < 0 && (c == '\r' || c == ';'))
        return size_ends(body, c == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION, fault);
    if (digit < 0 || ++body->line > SIZE_DIGITS)
        return http_refuse(fault, 400, "a chunk's size is malformed; expected 1 to 16 hexadecimal digits");
    body->left = body->left << 4 | (unsigned)digit;
    return 0;
}

static int take_extension(struct http_body *body, char c, struct http_fault *fault)
{
    if (c == '\r') {
        body->line = 0;
        return go(body, CHUNK_SIZE_LF);
    }
    if (!http_is_value(c))
        return http_refuse(fault, 400, "a control character in a chunk's extension");
    if (++body->line > LIMIT_HTTP_EXTENSION)
        return http_refuse(fault, 400, "a chunk's extension is longer than %d bytes", LIMIT_HTTP_EXTENSION);
    return 0;
}

/* ---- trailers ---- */

static int take_name(struct http_body *body, char c, struct http_fault *fault)
{
    if (c == ':' && body->state == TRAILER_NAME)
        return go(body, TRAILER_VALUE);
    if (!http_is_token(c))
        return http_refuse(fault, 400, "a trailer after the last chunk is malformed");
    return go(body, TRAILER_NAME);
}

static int take_value(struct http_body *body, char c, struct http_fault *fault)
{
    if (c == '\r')
        return go(body, TRAILER_LF);
    return http_is_value(c) ? 0 : http_refuse(fault, 400, "a control character in a trailer");
}

static int take_trailer(struct http_body *body, char c, struct http_fault *fault)
{
    if (c == '\r' && body->state == TRAILER_BEGIN)
        return go(body, LAST_LF);
    if (++body->trailer > LIMIT_HTTP_TRAILER)
        return http_refuse(fault, 431, "trailers of more than %d bytes", LIMIT_HTTP_TRAILER);
    if (body->state == TRAILER_LF)
        return expect(body, c, '\n', TRAILER_BEGIN, fault);
    return body->state == TRAILER_VALUE ? take_value(body, c, fault) : take_name(body, c, fault);
}

/* ---- all of it ---- */

/* Of what frames the body. */
static int take_byte(struct http_body *body, char c, struct http_fault *fault)
{
    switch ((enum state)body->state) {
    case CHUNK_SIZE:
        return take_size(body, c, fault);
    case CHUNK_EXTENSION:
        return take_extension(body, c, fault);
    case CHUNK_SIZE_LF:
        return expect(body, c, '\n', body->left ? CHUNK_BYTES : TRAILER_BEGIN, fault);
    case CHUNK_CR:
        return expect(body, c, '\r', CHUNK_LF, fault);
    case CHUNK_LF:
        return expect(body, c, '\n', CHUNK_SIZE, fault);
    case LAST_LF:
        return expect(body, c, '\n', WHOLE, fault);
    default:
        return take_trailer(body, c, fault);
    }
}

/* How many. */
static size_t take_bytes(struct http_body *body, const char *data, size_t size)
{
    size_t count = size < body->left ? size : (size_t)body->left;
    buf_add(&body->bytes, data, count);
    body->left -= count;
    if (body->left == 0)
        body->state = body->state == BYTES ? WHOLE : CHUNK_CR;
    return count;
}

int http_body_take(struct http_body *body, const char *data, size_t size, size_t *used, struct http_fault *fault)
{
    *used = 0;
    while (body->state != WHOLE && *used < size) {
        if (body->state == BYTES || body->state == CHUNK_BYTES)
            *used += take_bytes(body, data + *used, size - *used);
        else if (take_byte(body, data[(*used)++], fault) < 0)
            return -1;
        if (body->bytes.failed)
            return http_refuse(fault, 503, "out of memory");
    }
    return body->state == WHOLE;
}
