/* core.h: what every file of the extension needs: Python, libtrimtab, the types of this module. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include <trimtab/trimtab.h>

struct core_state {
    PyTypeObject *run, *steps, *setting, *hold;
};

/* Of the module that `type`, or one that it is derived from, belongs to. NULL with TypeError. */
struct core_state *core_state_of(PyTypeObject *type);

/* None is as if nothing was given. */
static inline bool core_is_given(PyObject *object)
{
    return object && object != Py_None;
}

/* *at holds the object from now on; NULL where none is given. */
static inline void core_hold(PyObject **at, PyObject *object)
{
    PyObject *before = *at;

    if (!core_is_given(object))
        object = NULL;
    Py_XINCREF(object);
    *at = object;
    Py_XDECREF(before);
}

static inline bool core_has_float(PyObject *value)
{
    const PyNumberMethods *methods = Py_TYPE(value)->tp_as_number;

    return methods && (methods->nb_float || methods->nb_index);
}

/* A function that takes its arguments as an array. */
#define CORE_FAST(function) ((PyCFunction)(void (*)(void))(function))

#endif
