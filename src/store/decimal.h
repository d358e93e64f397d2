/* decimal.h: numbers as decimal digits, quickly: an answer of history has tens of thousands of them. Each appends. */
#ifndef STORE_DECIMAL_H
#define STORE_DECIMAL_H

#include "base/buf.h"

void decimal_integer(struct buf *out, int64_t integer);
/* Seconds with six digits behind the point. */
void decimal_time(struct buf *out, int64_t time_us);
/* The shortest that reads back as the same double; NaN and infinities as the strings of the wire. */
void decimal_double(struct buf *out, double number);

#endif
