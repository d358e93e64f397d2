#include "curve.h"
#include "raised.h"

/* ---- values ---- */

/* Runs no code of Python's. */
static inline int64_t known_series(struct run *run, PyObject *name)
{
    struct run_curve *curve = &run->curve[((uintptr_t)name >> 4) % RUN_CURVES];

    return __builtin_expect(curve->name == name, 1) ? curve->id : run_find_series(run, name, curve);
}

/* At which step. */
struct when {
    bool given;
    int64_t step;
};

static inline void record(struct run *run, int64_t id, double number, struct when when)
{
    trimtab_series series = {(uint32_t)id};

    if (!when.given || (when.step == run->step && !run->in_control_point)) /* where a restore may have moved it */
        trimtab_log(run->trimtab, series, number);
    else
        trimtab_log_at(run->trimtab, series, when.step, number);
}

/* Runs no code of Python's. False: it takes more. */
static inline bool number_at_once(PyObject *value, double *number)
{
    if (__builtin_expect(PyFloat_Check(value), 1)) {
        *number = PyFloat_AS_DOUBLE(value);
        return true;
    }
    if (!PyLong_Check(value))
        return false;
    *number = PyLong_AsDouble(value);
    if (__builtin_expect(*number != -1.0 || !PyErr_Occurred(), 1))
        return true;
    PyErr_Clear();
    return false;
}

/* 1; 0: it is none, which is told; -1 with an exception. */
static int number_of(struct run *run, PyObject *name, PyObject *value, double *number)
{
    if (number_at_once(value, number))
        return 1;
    if (!core_has_float(value))
        return run_tell_reason(run, name, value, "%.100s is no number", Py_TYPE(value)->tp_name);
    PyObject *converted = PyNumber_Float(value);
    if (!converted)
        return run_tell_raised(run, name, value);
    *number = PyFloat_AS_DOUBLE(converted);
    Py_DECREF(converted);
    return 1;
}

/* A mapping that is being logged, and those that it lies in. */
struct level {
    PyObject *values, *prefix; /* the latter NULL: the outermost */
    const struct level *above;
};

static int log_level(struct run *run, const struct level *level, Py_ssize_t first, struct when when);

static bool is_mapping(PyObject *value)
{
    if (PyDict_Check(value))
        return true;
    if (core_has_float(value) || !PyMapping_Check(value) || PyUnicode_Check(value))
        return false;
    return PyObject_HasAttrString(value, "keys") != 0;
}

static int log_number(struct run *run, PyObject *name, PyObject *value, struct when when)
{
    double number;
    int code = number_of(run, name, value, &number);

    if (code <= 0)
        return code;
    int64_t id = run_series_of(run, name, value, NULL);
    if (id > 0)
        record(run, id, number, when);
    return id < 0 ? -1 : 0;
}

static bool is_within(const struct level *level, PyObject *values)
{
    for (; level; level = level->above)
        if (level->values == values)
            return true;
    return false;
}

/* `name` is exactly a str. */
static int log_value(struct run *run, const struct level *above, PyObject *name, PyObject *value, struct when when)
{
    if (PyFloat_Check(value) || !is_mapping(value))
        return log_number(run, name, value, when);
    if (is_within(above, value))
        return run_tell_reason(run, name, value, "%s", "the mapping holds itself");
    if (PyUnicode_GET_LENGTH(name) > TRIMTAB_NAME_MAX)
        return run_tell_reason(run, name, value, "%s", "a series' name is at most 128 bytes");
    struct level level = {.values = value, .prefix = name, .above = above};
    return log_level(run, &level, 0, when);
}

static int log_item(struct run *run, const struct level *level, PyObject *item, struct when when)
{
    PyObject *key = PyTuple_GET_ITEM(item, 0), *value = PyTuple_GET_ITEM(item, 1);

    if (!PyUnicode_Check(key)) {
        PyObject *shown = PyObject_Str(key);
        int code = shown ? run_tell_reason(run, shown, value, "a name is a text, not %.100s", Py_TYPE(key)->tp_name)
                         : run_tell_raised(run, Py_None, value);
        Py_XDECREF(shown);
        return code;
    }
    PyObject *name = level->prefix ? PyUnicode_FromFormat("%U/%U", level->prefix, key) : PyUnicode_FromObject(key);
    int code = name ? log_value(run, level, name, value, when) : -1;
    Py_XDECREF(name);
    return code;
}

static int log_items(struct run *run, const struct level *level, PyObject *items, Py_ssize_t first, struct when when)
{
    for (Py_ssize_t i = first; i < PyList_GET_SIZE(items); i++) {
        PyObject *item = PyList_GET_ITEM(items, i);
        if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2)
            continue;
        Py_INCREF(item);
        int code = log_item(run, level, item, when);
        Py_DECREF(item);
        if (code < 0)
            return -1;
    }
    return 0;
}

static int tell_broken(struct run *run, const struct level *level)
{
    PyObject *exception = raised_take();
    PyObject *name = level->prefix ? PyUnicode_FromObject(level->prefix) : PyUnicode_FromString("");

    raised_put(exception);
    int code = run_tell_raised(run, name, level->values);
    Py_XDECREF(name);
    return code;
}

/* From the item at `first` on. It goes through a copy: what Python code that runs meanwhile does to the mapping does
 * not matter. */
static int log_level(struct run *run, const struct level *level, Py_ssize_t first, struct when when)
{
    PyObject *items = PyMapping_Items(level->values);
    int code;

    if (!items)
        return tell_broken(run, level);
    if (Py_EnterRecursiveCall(" in run.log")) {
        Py_DECREF(items);
        return tell_broken(run, level);
    }
    code = log_items(run, level, items, first, when);
    Py_LeaveRecursiveCall();
    Py_DECREF(items);
    return code;
}

static int log_mapping(struct run *run, PyObject *values, Py_ssize_t first, struct when when)
{
    struct level level = {.values = values};

    return log_level(run, &level, first, when);
}

/* The common case: constants as names, floats as values; nothing here runs code of Python's. */
static int log_dict(struct run *run, PyObject *values, struct when when)
{
    Py_ssize_t at = 0, done = 0;
    PyObject *name, *value;
    double number;

    for (; PyDict_Next(values, &at, &name, &value); done++) {
        int64_t id = known_series(run, name);
        if (__builtin_expect(id == RUN_SERIES_UNKNOWN || !number_at_once(value, &number), 0))
            return log_mapping(run, values, done, when);
        record(run, id, number, when);
    }
    return 0;
}

static int log_one(struct run *run, PyObject *name, PyObject *value, struct when when)
{
    int64_t id = known_series(run, name);
    double number;

    if (__builtin_expect(id != RUN_SERIES_UNKNOWN && number_at_once(value, &number), 1)) {
        record(run, id, number, when);
        return 0;
    }
    PyObject *exact = PyUnicode_FromObject(name);
    int code = exact ? log_value(run, NULL, exact, value, when) : -1;
    Py_XDECREF(exact);
    return code;
}

/* ---- the methods ---- */

struct call {
    PyObject *step, *commit; /* or NULL */
};

static int parse_keywords(PyObject *const *values, PyObject *keywords, struct call *call)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keywords); i++) {
        PyObject *name = PyTuple_GET_ITEM(keywords, i);
        PyObject *value = values[i] == Py_None ? NULL : values[i];
        if (PyUnicode_CompareWithASCIIString(name, "step") == 0) {
            call->step = value;
        } else if (PyUnicode_CompareWithASCIIString(name, "commit") == 0) {
            call->commit = value;
        } else {
            PyErr_Format(PyExc_TypeError, "log() has no argument %R", name);
            return -1;
        }
    }
    return 0;
}

/* 1; 0: it is none, which is told; -1 with an exception. */
static int step_of(struct run *run, PyObject *step, struct when *when)
{
    when->given = true;
    if (run_int64(step, &when->step) == 0)
        return 1;
    PyObject *name = PyUnicode_FromString("step");
    int code = name ? run_tell_raised(run, name, step) : -1;
    Py_XDECREF(name);
    return code;
}

static int call_implicit(struct run *run, PyObject *values, const struct call *call)
{
    PyObject *function = run->implicit;

    Py_INCREF(function);
    run->in_implicit = true;
    PyObject *answer = PyObject_CallFunctionObjArgs(function, values, call->step ? call->step : Py_None,
                                                    call->commit ? call->commit : Py_None, NULL);
    run->in_implicit = false;
    Py_DECREF(function);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

/* A mapping's second argument is its step. */
static int take_step(PyObject *step, struct call *call)
{
    if (call->step && step != Py_None) {
        PyErr_SetString(PyExc_TypeError, "log() takes one step");
        return -1;
    }
    if (step != Py_None)
        call->step = step;
    return 0;
}

static int log_call(struct run *run, PyObject *const *args, Py_ssize_t count, struct call *call)
{
    struct when when = {0};
    bool named = PyUnicode_Check(args[0]);

    if ((named && count != 2) || (!named && !is_mapping(args[0]))) {
        PyErr_SetString(PyExc_TypeError, "log() takes a mapping of names to values, or a name and a value");
        return -1;
    }
    if (!named && count == 2 && take_step(args[1], call) < 0)
        return -1;
    if (!named && run->implicit && !run->looped && !run->in_implicit)
        return call_implicit(run, args[0], call);
    if (!run->trimtab || !run->recorded)
        return 0;
    int code = call->step ? step_of(run, call->step, &when) : 1;
    if (code <= 0)
        return code;
    if (named)
        return log_one(run, args[0], args[1], when);
    return PyDict_CheckExact(args[0]) ? log_dict(run, args[0], when) : log_mapping(run, args[0], 0, when);
}

PyObject *run_log(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    struct call call = {NULL, NULL};

    if (keywords && parse_keywords(args + count, keywords, &call) < 0)
        return NULL;
    if (count < 1 || count > 2) {
        PyErr_SetString(PyExc_TypeError, "log() takes a mapping of names to values, or a name and a value");
        return NULL;
    }
    if (log_call((struct run *)self, args, count, &call) < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyObject *run_flush(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    trimtab_flush(((struct run *)self)->trimtab);
    Py_RETURN_NONE;
}
