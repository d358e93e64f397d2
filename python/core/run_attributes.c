#include "run_attributes.h"

#include "run.h"

/* ---- questions ---- */

static PyObject *or_none(PyObject *object)
{
    PyObject *answer = object ? object : Py_None;

    Py_INCREF(answer);
    return answer;
}

static PyObject *get_step(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyLong_FromLongLong(((struct run *)self)->step);
}

static PyObject *get_total_steps(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyLong_FromLongLong(((struct run *)self)->total_steps);
}

static int set_total_steps(PyObject *self, PyObject *value, void *nothing)
{
    struct run *run = (struct run *)self;
    int64_t total_steps = 0;

    (void)nothing;
    if (value && value != Py_None && run_int64(value, &total_steps) < 0)
        return -1;
    if (total_steps < 0 || trimtab_total_steps(run->trimtab, total_steps) == TRIMTAB_INVALID) {
        PyErr_Format(PyExc_ValueError, "total_steps is 0 (unknown) to 2^55, not %lld", (long long)total_steps);
        return -1;
    }
    run->total_steps = total_steps;
    run->total_of_steps = false;
    return 0;
}

static PyObject *get_stopping(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyBool_FromLong(((struct run *)self)->stopping);
}

static PyObject *get_in_control_point(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyBool_FromLong(run_is_inside((struct run *)self));
}

static PyObject *get_looped(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyBool_FromLong(((struct run *)self)->looped);
}

static PyObject *get_declared(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyLong_FromUnsignedLong(((struct run *)self)->declared);
}

static PyObject *get_closed(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyBool_FromLong(((struct run *)self)->closed);
}

static PyObject *get_live(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyBool_FromLong(run_is_live((struct run *)self));
}

static PyObject *get_folder(PyObject *self, void *nothing)
{
    (void)nothing;
    return or_none(((struct run *)self)->folder);
}

static PyObject *get_name(PyObject *self, void *nothing)
{
    (void)nothing;
    return or_none(((struct run *)self)->name);
}

static PyObject *get_resumed(PyObject *self, void *nothing)
{
    (void)nothing;
    return or_none(((struct run *)self)->resumed);
}

static PyObject *get_error(PyObject *self, void *nothing)
{
    const struct run *run = (struct run *)self;
    const char *text = run->trimtab ? trimtab_error(run->trimtab) : "";

    (void)nothing;
    if (!run->trimtab && run->last_error)
        return or_none(run->last_error);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

static PyObject *get_dropped(PyObject *self, void *nothing)
{
    const struct run *run = (struct run *)self;

    (void)nothing;
    return PyLong_FromUnsignedLongLong(run->trimtab ? trimtab_dropped(run->trimtab) : run->last_dropped);
}

/* ---- what may be given ---- */

static int set_callable(PyObject **at, PyObject *value, const char *name)
{
    if (core_is_given(value) && !PyCallable_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s is a function or None, not %.100s", name, Py_TYPE(value)->tp_name);
        return -1;
    }
    core_hold(at, value);
    return 0;
}

static PyObject *get_unloggable(PyObject *self, void *nothing)
{
    (void)nothing;
    return or_none(((struct run *)self)->unloggable);
}

static int set_unloggable(PyObject *self, PyObject *value, void *nothing)
{
    (void)nothing;
    return set_callable(&((struct run *)self)->unloggable, value, "unloggable");
}

static PyObject *get_implicit(PyObject *self, void *nothing)
{
    (void)nothing;
    return or_none(((struct run *)self)->implicit);
}

static int set_implicit(PyObject *self, PyObject *value, void *nothing)
{
    (void)nothing;
    return set_callable(&((struct run *)self)->implicit, value, "implicit");
}

static PyObject *get_applied(PyObject *self, void *nothing)
{
    (void)nothing;
    return or_none(((struct run *)self)->applied);
}

static int set_applied(PyObject *self, PyObject *value, void *nothing)
{
    (void)nothing;
    if (core_is_given(value) && !PyList_Check(value)) {
        PyErr_Format(PyExc_TypeError, "applied is a list or None, not %.100s", Py_TYPE(value)->tp_name);
        return -1;
    }
    core_hold(&((struct run *)self)->applied, value);
    return 0;
}

/* ---- the table ---- */

PyGetSetDef run_attributes[] = {
    {"step", get_step, NULL, "the step of the last control point", NULL},
    {"total_steps", get_total_steps, set_total_steps, "the step at which the loop ends; 0: unknown", NULL},
    {"stopping", get_stopping, NULL, "did the last control point say that the loop ends?", NULL},
    {"in_control_point", get_in_control_point, NULL, NULL, NULL},
    {"looped", get_looped, NULL, "was a control point called, other than by `implicit`?", NULL},
    {"declared", get_declared, NULL, "how many settings and actions it has, the built-in one not counted", NULL},
    {"closed", get_closed, NULL, NULL, NULL},
    {"live", get_live, NULL, "is it recorded, by this process?", NULL},
    {"folder", get_folder, NULL, NULL, NULL},
    {"name", get_name, NULL, NULL, NULL},
    {"resumed", get_resumed, NULL, "None, or what the earlier lives of the run left", NULL},
    {"error", get_error, NULL, "why it is not recorded, or what was last refused", NULL},
    {"dropped", get_dropped, NULL, "how many records found no room", NULL},
    {"unloggable", get_unloggable, set_unloggable, "called with name, value, reason", NULL},
    {"implicit", get_implicit, set_implicit, "called with values, step, commit where there is no loop", NULL},
    {"applied", get_applied, set_applied, "a list that gets what clients set", NULL},
    {NULL, NULL, NULL, NULL, NULL}};
