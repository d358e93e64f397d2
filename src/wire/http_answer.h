/* http_answer.h: what an HTTP answer begins with. */
#ifndef WIRE_HTTP_ANSWER_H
#define WIRE_HTTP_ANSWER_H

#include "base/buf.h"
#include "base/value.h"

struct http_answer {
    int status;       /* with the reason phrase of RFC 9110 */
    const char *type; /* Content-Type; NULL: none */
    const char *more; /* further fields, each ended by CRLF; NULL: none */
    uint64_t length;  /* Content-Length; not sent with 100, 101, 204 and 304 */
    bool close;       /* Connection: close */
    int64_t now_ns;   /* Date */
};

/* Status line, Date, the fields that every answer has (X-Content-Type-Options: nosniff, Referrer-Policy: no-referrer,
 * Content-Security-Policy: default-src 'self'; frame-ancestors 'none', Cache-Control: no-store unless `more` has one)
 * and the empty line. 100 has none of these fields. */
void http_answer(struct buf *out, const struct http_answer *answer);
const char *http_reason(int status); /* "" where it is not one that is given here */
/* The status that tells of a CodeError: 200 for none, 400 for 41-43, 403 for 44, 409 for 45-51 and 55, 429 for 52, 503
 * for 53 and 54. */
int http_status_of(int error);

#endif
