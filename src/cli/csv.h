/* csv.h: texts in a table of RFC 4180. */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "base/buf.h"
#include "base/value.h"

/* Appends it, in quotes where it needs them; an empty text is "". */
void csv_text(struct buf *out, struct text text);

#endif
