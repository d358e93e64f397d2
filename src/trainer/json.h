/* json.h: JSON text, written only. */
#ifndef TRAINER_JSON_H
#define TRAINER_JSON_H

#include <stdint.h>

#include "base/buf.h"

#define JSON_DOUBLE_MAX 32

/* In quotes. A byte that is not UTF-8 becomes U+FFFD. */
void json_string(struct buf *out, const char *text, size_t size);
void json_int(struct buf *out, int64_t value);
/* The shortest digits that give the same double again; NaN and infinities as the strings "NaN", "Infinity",
 * "-Infinity". */
void json_double(struct buf *out, double value);
/* The same without quotes. A decimal comma of the program's locale does no harm. */
void json_format_double(char out[JSON_DOUBLE_MAX], double value);

/* Not JSON: the text itself, at most `max` bytes of it, with U+FFFD for each byte that is not UTF-8. */
void text_clean(struct buf *out, const char *text, size_t size, size_t max);

#endif
