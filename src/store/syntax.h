/* syntax.h: is a text JSON (RFC 8259, UTF-8, one value of any kind)? Without an allocation, so that a shortage of
 * memory is never taken for a fault in the text. */
#ifndef STORE_SYNTAX_H
#define STORE_SYNTAX_H

#include "base/value.h"

#define SYNTAX_DEPTH_MAX 2048

/* Members of one object may have the same name. */
bool syntax_is_json(struct text text);

#endif
