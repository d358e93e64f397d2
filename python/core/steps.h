/* steps.h: the loop as an iterator. */
#ifndef CORE_STEPS_H
#define CORE_STEPS_H

#include "run.h"

extern PyType_Spec steps_spec;

PyObject *steps_create(struct run *run, int64_t n, int64_t start);

#endif
