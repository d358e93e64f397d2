/* members.h: the members of a JSON object, one after the other. The comma before a member (or an element) is left out
 * where the buffer is empty or an object (or a list) has just been opened. */
#ifndef WIRE_MEMBERS_H
#define WIRE_MEMBERS_H

#include "base/buf.h"
#include "model/run.h"

void element(struct buf *out);                  /* what follows is an element, or a member written by hand */
void member(struct buf *out, const char *name); /* what follows is its value */
void member_text(struct buf *out, const char *name, const char *text);         /* NULL is "" */
void member_text_or_null(struct buf *out, const char *name, const char *text); /* NULL and "" are null */
void member_integer(struct buf *out, const char *name, int64_t integer);
void member_count(struct buf *out, const char *name, uint64_t count);
void member_number(struct buf *out, const char *name, double number);
void member_seconds(struct buf *out, const char *name, double seconds); /* to the millisecond */
void member_time(struct buf *out, const char *name, int64_t time_ns);
void member_bool(struct buf *out, const char *name, bool truth);
void member_null(struct buf *out, const char *name);

/* "step" and "total"; "rate" and "eta". */
void members_progress(struct buf *out, const struct run *run);
void members_rate(struct buf *out, const struct run *run);
/* "id", "step", "time", "path", "bytes" */
void members_checkpoint(struct buf *out, const struct checkpoint *checkpoint);

#endif
