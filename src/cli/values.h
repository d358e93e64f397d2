/* values.h: NAME=VALUE as given on the command line, typed by what `describe` says of NAME: the choice `1e3` is a text,
 * the number `1e3` is a number. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include <jansson.h>

#include "base/buf.h"

/* The described thing of that name in a list of describe, or NULL. */
json_t *values_find(json_t *list, const char *name);
/* "no setting is called `lrr`; did you mean `lr`?" */
void values_unknown(json_t *list, const char *kind, const char *name, struct buf *why);
/* The value of the text, or NULL with a sentence in `why`. A new reference. */
json_t *values_read(json_t *described, const char *text, struct buf *why);
/* All of NAME=VALUE..., as an object; a new reference, or NULL with a sentence. `kind`: "setting" or "parameter". */
json_t *values_read_all(json_t *list, const char *kind, char *const *operands, struct buf *why);

#endif
