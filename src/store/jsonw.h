/* jsonw.h: the little JSON that an audit record needs. (wire/ formats all other JSON; this room does not know it.) */
#ifndef STORE_JSONW_H
#define STORE_JSONW_H

#include "base/buf.h"
#include "base/value.h"

void jsonw_text(struct buf *out, struct text text); /* bytes that are not UTF-8 become U+FFFD */
/* The shortest decimal that reads back as the same double; NaN and infinities as strings. */
void jsonw_number(struct buf *out, double number);
void jsonw_integer(struct buf *out, int64_t integer);
void jsonw_time(struct buf *out, int64_t time_ns); /* seconds with microseconds */
void jsonw_time_us(struct buf *out, int64_t time_us);
/* The text itself without white space where it is sound JSON, else the text as a string. */
void jsonw_embed(struct buf *out, struct text text);

/* Begins a member: a comma unless it is the first of its object. */
void jsonw_name(struct buf *out, const char *name);

#endif
