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

/* A function that takes its arguments as an array. */
#define CORE_FAST(function) ((PyCFunction)(void (*)(void))(function))

#endif
