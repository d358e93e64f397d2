#include "curve.h"

#define REFUSED_MAX 4096u

static int64_t look_up(struct run *run, PyObject *name)
{
    PyObject *id = PyDict_GetItemWithError(run->series, name);

    if (id)
        return PyLong_AsLong(id);
    PyErr_Clear();
    return RUN_SERIES_UNKNOWN;
}

int64_t run_find_series(struct run *run, PyObject *name, struct run_curve *curve)
{
    int64_t id = PyUnicode_CheckExact(name) ? look_up(run, name) : RUN_SERIES_UNKNOWN;

    if (id != RUN_SERIES_UNKNOWN) {
        Py_INCREF(name);
        Py_XSETREF(curve->name, name);
        curve->id = (uint32_t)id;
    }
    return id;
}

static int remember(struct run *run, PyObject *name, uint32_t id)
{
    PyObject *number = PyLong_FromUnsignedLong(id);
    int code = number ? PyDict_SetItem(run->series, name, number) : -1;

    Py_XDECREF(number);
    return code;
}

/* A name that cannot be one is told once, as long as there are not too many to remember. */
static int refuse_name(struct run *run, PyObject *name, PyObject *value)
{
    bool full = PyDict_GET_SIZE(run->series) - (Py_ssize_t)run->refused >= TRIMTAB_SERIES_MAX;
    bool told = full && run->full;

    if (!run_is_live(run) || run->refused == REFUSED_MAX)
        return 0;
    run->full = run->full || full;
    run->refused++;
    if (remember(run, name, 0) < 0)
        PyErr_Clear();
    return told ? 0 : run_tell_reason(run, name, value, "%s", trimtab_error(run->trimtab));
}

int64_t run_series_of(struct run *run, PyObject *name, PyObject *value, const char *unit)
{
    int64_t id = look_up(run, name);

    if (id != RUN_SERIES_UNKNOWN || !run->trimtab || !run->recorded)
        return id != RUN_SERIES_UNKNOWN ? id : 0;
    const char *text = run_utf8(name, "a name");
    if (!text)
        return run_tell_raised(run, name, value);
    id = trimtab_series_declare(run->trimtab, text, unit).id;
    if (id == 0)
        return refuse_name(run, name, value);
    return remember(run, name, (uint32_t)id) < 0 ? -1 : id;
}

PyObject *run_series(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"name", "unit", NULL};
    struct run *run = (struct run *)self;
    PyObject *name;
    const char *unit = NULL;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "U|z:series", names, &name, &unit))
        return NULL;
    name = PyUnicode_FromObject(name);
    int64_t id = name ? run_series_of(run, name, Py_None, unit) : -1;
    Py_XDECREF(name);
    if (id < 0)
        return NULL;
    Py_RETURN_NONE;
}
