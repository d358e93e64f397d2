/* source.h: where a setting is read from and written to. */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include "core.h"

enum source { SOURCE_OWN, SOURCE_ATTRIBUTE, SOURCE_ITEM, SOURCE_SETTER, SOURCE_HOLD };

struct setting;

/* What is there now, whatever it is; a new reference, NULL with an exception. */
PyObject *source_read(const struct setting *setting);

/* Reads what is in effect into `value` and *out; the text of a string lives until it is read again. 0, or -1 with an
 * exception and neither changed. */
int setting_look(struct setting *setting, trimtab_value *out);
/* Writes what is such a value already, whatever the range; then what is in effect is in `value`. 0, or -1 with what the
 * setter raised. */
int setting_put(struct setting *setting, PyObject *value);
/* Checks and writes; then what is in effect is in `value`. 0, or -1 with ValueError or what the setter raised. */
int setting_apply(struct setting *setting, PyObject *value);

#endif
