/* canonical.h: a validated request as JSON in one form: no white space, members in the order of their bytes, shortest
 * numbers; without id (the asker's own) and token (a secret). What the audit keeps. */
#ifndef WIRE_CANONICAL_H
#define WIRE_CANONICAL_H

#include <jansson.h>

#include "base/buf.h"

/* `root` is an object. Want of memory shows as out->failed. */
void canonical_add(struct buf *out, const json_t *root);

#endif
