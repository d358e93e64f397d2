/* setting.h: a named value that clients may change. */
#ifndef CORE_SETTING_H
#define CORE_SETTING_H

#include "domain.h"
#include "source.h"

extern PyType_Spec setting_spec;

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

#endif
