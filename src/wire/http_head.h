/* http_head.h: the head of an HTTP/1.1 request, strictly (RFC 9112): what two readers could understand differently is
 * refused. Knows no socket.
 *
 * Refused (400 unless said otherwise): a bare CR or LF, a byte that may not stand where it stands (NUL, controls, bytes
 * over 0x7E in method, target or names, `#` in a target), obs-fold, white space before a colon or before the first
 * field, an empty field name, not exactly one Host (an empty or malformed one), Content-Length with Transfer-Encoding,
 * twice, or not 1 to 19 digits, Transfer-Encoding other than exactly `chunked` (501; case does not matter) or with
 * HTTP/1.0, a target that is not origin-form (or `*` of OPTIONS) or longer than LIMIT_HTTP_TARGET (414), more than
 * LIMIT_HTTP_FIELDS fields or LIMIT_HTTP_HEAD bytes (431; 414 where the request line alone is as long), a version that
 * is not HTTP/1.0 or 1.1 (505), an Expect other than 100-continue (417). One empty line before the request line is
 * passed over (RFC 9112, 2.2). */
#ifndef WIRE_HTTP_HEAD_H
#define WIRE_HTTP_HEAD_H

#include "base/value.h"
#include "protocol/protocol.h"

struct http_field {
    struct text name, value; /* value without the white space around it */
};

enum http_body_kind { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED };

/* Points into the bytes that were read. */
struct http_head {
    struct text method, path, query; /* query without its `?`; path is not decoded, begins with `/` or is `*` */
    int minor;                       /* HTTP/1.minor: 0 or 1 */
    struct text host;                /* the one Host; http_authority takes it apart */
    enum http_body_kind body;
    uint64_t length;       /* of HTTP_LENGTH */
    bool keep_alive;       /* by version and Connection */
    bool upgrade;          /* Connection names `upgrade` */
    bool expects_continue; /* and a body follows; never with HTTP/1.0 */
    size_t fields;
    struct http_field field[LIMIT_HTTP_FIELDS];
};

struct http_fault {
    int status;       /* 400, 414, ... */
    char detail[200]; /* one sentence without a full stop, of printable ASCII */
};

/* Always -1, so that a caller can write: return http_refuse(fault, 400, "..."). */
int http_refuse(struct http_fault *fault, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Is a whole head there? > 0: its bytes, with *head; 0: not yet; -1: *fault says why it never will be (at once for a
 * wrong byte or request line, and as soon as it is too long). `seen`: so many bytes were already looked at without
 * finding the end (0 before each head); moved on. However the bytes came, what is found is the same. */
int http_head_read(const char *data, size_t size, size_t *seen, struct http_head *head, struct http_fault *fault);

/* The only field of that name (case does not matter); NULL where there is none, or several: then *many. */
const struct text *http_field(const struct http_head *head, const char *name, bool *many);
/* Is `word` one of the comma-separated words of a field (in all fields of that name; case does not matter)? */
bool http_field_names(const struct http_head *head, const char *name, const char *word);

bool http_text_is(struct text text, const char *word); /* case does not matter */
/* May this byte stand in the name, or in the value, of a field? */
bool http_is_token(char c);
bool http_is_value(char c);

/* "127.0.0.1:7342", "[::1]:80", "localhost": the host (without brackets) and the port (a number from 1 to 65535 without
 * leading zeros; "" where none is given). False: malformed. */
bool http_authority(struct text authority, struct text *host, struct text *port);

#endif
