/* hold.h: one key of an optimizer's groups, held and scaled. */
#ifndef CORE_HOLD_H
#define CORE_HOLD_H

#include "core.h"

extern PyType_Spec hold_spec;

/* The value in force for that group. -1 with IndexError, KeyError, TypeError. */
int hold_in_force(PyObject *hold, Py_ssize_t index, double *value);
int hold_hold(PyObject *hold, Py_ssize_t index, double value);

#endif
