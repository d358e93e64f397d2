#include "raised.h"
#include "run.h"

static int is_for_one_value(PyObject *exception)
{
    if (!exception)
        return 0;
    if (!raised_is_local(exception)) {
        raised_put(exception);
        return -1;
    }
    Py_DECREF(exception);
    return 0;
}

int run_tell_unloggable(struct run *run, PyObject *name, PyObject *value, PyObject *reason)
{
    PyObject *function = run->unloggable;

    if (!function || !name || !reason) {
        PyErr_Clear();
        return 0;
    }
    Py_INCREF(function);
    PyObject *answer = PyObject_CallFunctionObjArgs(function, name, value, reason, NULL);
    Py_DECREF(function);
    Py_XDECREF(answer);
    return answer ? 0 : is_for_one_value(raised_take());
}

int run_tell_raised(struct run *run, PyObject *name, PyObject *value)
{
    PyObject *exception = raised_take();

    if (!raised_is_local(exception)) {
        raised_put(exception);
        return -1;
    }
    PyObject *reason = raised_text(exception, false);
    int code = run_tell_unloggable(run, name, value, reason);
    Py_XDECREF(reason);
    Py_DECREF(exception);
    return code;
}

int run_tell_reason(struct run *run, PyObject *name, PyObject *value, const char *format, const char *detail)
{
    PyObject *reason = PyUnicode_FromFormat(format, detail);
    int code = run_tell_unloggable(run, name, value, reason);

    Py_XDECREF(reason);
    return code;
}
