/* json.h: writing JSON by hand: what goes out is many times what comes in. (The names keep clear of jansson's.) */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/buf.h"
#include "base/value.h"

/* In quotes, escaped; bytes that are not UTF-8 become U+FFFD. */
void json_add_text(struct buf *out, struct text text);
void json_add_string(struct buf *out, const char *zero_terminated);
/* The shortest decimal that reads back as the same double; NaN and infinities as the strings "NaN", "Infinity" and
 * "-Infinity". */
void json_add_number(struct buf *out, double number);
void json_add_integer(struct buf *out, int64_t integer);
/* Seconds since the epoch with microseconds. */
void json_add_time(struct buf *out, int64_t time_ns);
/* JSON text that was found sound: a line end between its tokens becomes a space, so that it fits into a line. */
void json_add_one_line(struct buf *out, struct text json);

#endif
