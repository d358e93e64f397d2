/* http_body.h: the body of an HTTP/1.1 request as it comes: by length or in chunks (RFC 9112, 7.1). Strict: a chunk's
 * size is 1 to 16 hexadecimal digits, extensions begin with `;` just behind it and are passed over (of at most 256
 * bytes), every line ends with CRLF, trailers are read by the rules of fields and forgotten (at most 4 KiB, else 431).
 * Memory is taken for bytes that came, never for a size that was claimed. */
#ifndef WIRE_HTTP_BODY_H
#define WIRE_HTTP_BODY_H

#include "base/buf.h"
#include "wire/http_head.h"

struct http_body {
    enum http_body_kind kind;
    uint64_t left;  /* of the length, or of the present chunk */
    uint64_t limit; /* of all */
    int state;
    uint32_t line;    /* bytes of the present chunk's size, then of its extension */
    uint32_t trailer; /* bytes of all trailers */
    struct buf bytes; /* the body so far */
};

/* 0, or -1: longer than `limit` by its head already (413). */
int http_body_init(struct http_body *body, const struct http_head *head, uint64_t limit, struct http_fault *fault);
void http_body_finish(struct http_body *body); /* twice is safe; also where init gave -1 */
/* Takes bytes, also none: *used of them belong to the body. 1: it is whole (at once where there is none); 0: more is to
 * come; -1: *fault (400, 413, 431; 503 for want of memory), then nothing more may be fed. */
int http_body_take(struct http_body *body, const char *data, size_t size, size_t *used, struct http_fault *fault);

#endif
