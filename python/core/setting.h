/* setting.h: a named value that clients may change, and where it is read from and written to. */
#ifndef CORE_SETTING_H
#define CORE_SETTING_H

#include "domain.h"

extern PyType_Spec setting_spec;

enum source { SOURCE_OWN, SOURCE_ATTRIBUTE, SOURCE_ITEM, SOURCE_SETTER, SOURCE_HOLD };

struct setting {
    PyObject_HEAD PyObject *name, *unit, *doc; /* str; the last two may be NULL */
    struct domain domain;
    enum source source;
    PyObject *value; /* its own, or the last one that was set or read: exactly a float, int, bool or str */
    PyObject *place; /* object, container, setter or hold */
    PyObject *key;   /* attribute, key or getter; may be NULL */
    Py_ssize_t index;
    bool odd_told; /* that what was read is no value of its type */
    PyObject *weakrefs;
};

/* Reads what is in effect into `value` and *out; the text of a string lives until it is read again. 0, or -1 with an
 * exception and neither changed. */
int setting_look(struct setting *setting, trimtab_value *out);
/* Writes what is such a value already, whatever the range; then what is in effect is in `value`. 0, or -1 with what the
 * setter raised. */
int setting_put(struct setting *setting, PyObject *value);
/* Checks and writes; then what is in effect is in `value`. 0, or -1 with ValueError or what the setter raised. */
int setting_apply(struct setting *setting, PyObject *value);

#endif
