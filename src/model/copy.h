/* copy.h: texts and values that the model owns: what a record says lives no longer than the record. */
#ifndef MODEL_COPY_H
#define MODEL_COPY_H

#include "base/value.h"

/* Zero-terminated copy; NULL for want of memory. */
char *text_copy(struct text text);
/* Replaces *at by a copy; false for want of memory (then *at is unchanged). True in *differs where the text changed. */
bool text_replace(char **at, struct text text, bool *differs);

/* A value whose text is owned and zero-terminated. Replaces *at; false for want of memory (then *at is unchanged). */
bool value_replace(struct value *at, const struct value *value);
void value_finish(struct value *owned); /* twice is safe */

#endif
