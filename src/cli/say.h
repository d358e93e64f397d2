/* say.h: to standard output, and to standard error. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include "base/buf.h"

/* Writes it and empties it. */
void say_out(struct buf *out);
/* "trimtab: SENTENCE" on standard error, made harmless. */
void say_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
