/* curve.h: the series that a run's names stand for. */
#ifndef CORE_CURVE_H
#define CORE_CURVE_H

#include "run.h"

enum { RUN_SERIES_UNKNOWN = -1 }; /* else an id; 0: refused */

/* Of a name that is met again; keeps it in *curve. Runs no code of Python's. */
int64_t run_find_series(struct run *run, PyObject *name, struct run_curve *curve);
/* Declares it where it must. An id; 0: there is none, which is told; -1 with an exception. */
int64_t run_series_of(struct run *run, PyObject *name, PyObject *value, const char *unit);

#endif
