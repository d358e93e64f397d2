#include "action.h"

#include <math.h>

#include "raised.h"
#include "run.h"

struct action {
    struct run *run;    /* which owns the action */
    PyObject *name;     /* str */
    PyObject *params;   /* a tuple of tuples, as it was given */
    PyObject *function; /* NULL: it was collected */
    trimtab_param param[TRIMTAB_PARAMS_MAX + 1];
    bool required[TRIMTAB_PARAMS_MAX];
    struct action *next;
};

int actions_traverse(struct action *first, visitproc visit, void *arg)
{
    for (struct action *a = first; a; a = a->next) {
        Py_VISIT(a->params);
        Py_VISIT(a->function);
    }
    return 0;
}

void actions_clear(struct action *first)
{
    for (struct action *a = first; a; a = a->next)
        Py_CLEAR(a->function);
}

static void action_destroy(struct action *action)
{
    Py_XDECREF(action->name);
    Py_XDECREF(action->params);
    Py_XDECREF(action->function);
    PyMem_Free(action);
}

void actions_destroy(struct action *first)
{
    while (first) {
        struct action *next = first->next;
        action_destroy(first);
        first = next;
    }
}

/* ---- a call, inside a control point ---- */

static PyObject *argument(const trimtab_param *param, const trimtab_args *args)
{
    const char *text;

    switch (param->type) {
    case TRIMTAB_TYPE_DOUBLE:
        return PyFloat_FromDouble(trimtab_args_double(args, param->name));
    case TRIMTAB_TYPE_INT:
        return PyLong_FromLongLong(trimtab_args_int(args, param->name));
    case TRIMTAB_TYPE_BOOL:
        return PyBool_FromLong(trimtab_args_bool(args, param->name));
    default:
        text = trimtab_args_string(args, param->name);
        return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    }
}

static PyObject *arguments(const struct action *action, const trimtab_args *args)
{
    PyObject *all = PyDict_New();

    for (const trimtab_param *param = action->param; all && param->name; param++) {
        PyObject *value = argument(param, args);
        if (!value || PyDict_SetItemString(all, param->name, value) < 0)
            Py_CLEAR(all);
        Py_XDECREF(value);
    }
    return all;
}

/* The name of a parameter that must be given and was not; NULL: none. */
static const char *missing(const struct action *action, const trimtab_args *args)
{
    for (int i = 0; action->param[i].name; i++)
        if (action->required[i] && !trimtab_args_given(args, action->param[i].name))
            return action->param[i].name;
    return NULL;
}

static int answer_item(PyObject *item, trimtab_result *result)
{
    if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) {
        PyErr_SetString(PyExc_TypeError, "an action's result is no mapping");
        return -1;
    }
    const char *name = run_utf8(PyTuple_GET_ITEM(item, 0), "a result's name");
    const char *json = name ? run_utf8(PyTuple_GET_ITEM(item, 1), "a result's JSON") : NULL;
    if (json)
        trimtab_result_json(result, name, json);
    return json ? 0 : -1;
}

static int answer(PyObject *given, trimtab_result *result)
{
    PyObject *items = given == Py_None ? PyList_New(0) : PyMapping_Items(given);
    int code = items ? 0 : -1;

    for (Py_ssize_t i = 0; code == 0 && i < PyList_GET_SIZE(items); i++)
        code = answer_item(PyList_GET_ITEM(items, i), result);
    Py_XDECREF(items);
    return code;
}

static int call(PyObject *function, PyObject *keywords, trimtab_result *result)
{
    PyObject *none = PyTuple_New(0);
    PyObject *given = none ? PyObject_Call(function, none, keywords) : NULL;
    int code = given ? answer(given, result) : -1;

    Py_XDECREF(none);
    Py_XDECREF(given);
    return code;
}

static int act(void *user, const trimtab_args *args, trimtab_result *result)
{
    const struct action *action = user;
    struct run *run = action->run;
    PyObject *function = action->function;

    if (!function)
        return trimtab_result_fail(result, "the action is gone");
    const char *absent = missing(action, args);
    if (absent)
        return trimtab_result_fail(result, "parameter %s must be given", absent);
    Py_INCREF(function); /* it may be defined anew meanwhile */
    PyObject *keywords = arguments(action, args);
    run->result = result;
    run->actor = PyThread_get_thread_ident();
    int code = keywords ? call(function, keywords, result) : -1;
    run->result = NULL;
    if (code < 0)
        code = run_answer_raised(run, result, false);
    Py_XDECREF(keywords);
    Py_DECREF(function);
    return code;
}

/* ---- defining ---- */

/* Of a parameter that must be given: what clients are told, the number in its range that is nearest to 0. */
static double nearest_double(const trimtab_param *param)
{
    return param->min > 0 ? param->min : param->max < 0 ? param->max : 0;
}

static int64_t nearest_int(const trimtab_param *param)
{
    return param->integer_min > 0 ? param->integer_min : param->integer_max < 0 ? param->integer_max : 0;
}

static int to_double(PyObject *value, double *number)
{
    *number = PyFloat_AsDouble(value);
    return *number == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static int param_double(trimtab_param *param, PyObject *value, PyObject *min, PyObject *max)
{
    bool bounded = core_is_given(min) || core_is_given(max);

    *param = bounded ? TRIMTAB_DOUBLE(param->name, 0, -INFINITY, INFINITY) : TRIMTAB_DOUBLE(param->name, 0, 0, 0);
    if ((core_is_given(value) && to_double(value, &param->number) < 0) ||
        (core_is_given(min) && to_double(min, &param->min) < 0) ||
        (core_is_given(max) && to_double(max, &param->max) < 0))
        return -1;
    if (!core_is_given(value))
        param->number = nearest_double(param);
    return 0;
}

static int param_int(trimtab_param *param, PyObject *value, PyObject *min, PyObject *max)
{
    bool bounded = core_is_given(min) || core_is_given(max);

    *param = TRIMTAB_INT(param->name, 0, bounded ? INT64_MIN : 0, bounded ? INT64_MAX : 0);
    if ((core_is_given(value) && run_int64(value, &param->integer) < 0) ||
        (core_is_given(min) && run_int64(min, &param->integer_min) < 0) ||
        (core_is_given(max) && run_int64(max, &param->integer_max) < 0))
        return -1;
    if (!core_is_given(value))
        param->integer = nearest_int(param);
    return 0;
}

static int param_init(struct action *action, Py_ssize_t at, PyObject *given)
{
    trimtab_param *param = &action->param[at];
    PyObject *name, *value, *min = Py_None, *max = Py_None;
    const char *type;

    if (!PyArg_ParseTuple(given, "UsO|OO;a parameter is (name, type, default, min, max)", &name, &type, &value, &min,
                          &max))
        return -1;
    param->name = run_utf8(name, "a parameter's name");
    if (!param->name)
        return -1;
    action->required[at] = !core_is_given(value);
    if (strcmp(type, "double") == 0)
        return param_double(param, value, min, max);
    if (strcmp(type, "int") == 0)
        return param_int(param, value, min, max);
    if (strcmp(type, "bool") == 0) {
        int truth = PyObject_IsTrue(value);
        *param = TRIMTAB_BOOL(param->name, truth == 1);
        return truth < 0 ? -1 : 0;
    }
    if (strcmp(type, "string") == 0) {
        *param = TRIMTAB_STRING(param->name, core_is_given(value) ? run_utf8(value, "the default of a parameter") : "");
        return param->text ? 0 : -1;
    }
    PyErr_Format(PyExc_ValueError, "parameter %s is a double, int, bool or string, not \"%s\"", param->name, type);
    return -1;
}

/* Tuples only, so that nobody changes what is compared and read later. */
static PyObject *copy_params(PyObject *given)
{
    PyObject *all = PySequence_List(given);

    for (Py_ssize_t i = 0; all && i < PyList_GET_SIZE(all); i++) {
        PyObject *one = PySequence_Tuple(PyList_GET_ITEM(all, i));
        if (!one || PyList_SetItem(all, i, one) < 0)
            Py_CLEAR(all);
    }
    PyObject *fixed = all ? PyList_AsTuple(all) : NULL;
    Py_XDECREF(all);
    return fixed;
}

static int params_init(struct action *action, PyObject *given)
{
    action->params = copy_params(given);
    if (!action->params)
        return -1;
    Py_ssize_t count = PyTuple_GET_SIZE(action->params);
    if (count > TRIMTAB_PARAMS_MAX) {
        PyErr_Format(PyExc_ValueError, "action %U has more than %d parameters", action->name, TRIMTAB_PARAMS_MAX);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (param_init(action, i, PyTuple_GET_ITEM(action->params, i)) < 0)
            return -1;
    return 0;
}

static struct action *action_create(struct run *run, PyObject *name, PyObject *params, PyObject *function)
{
    struct action *action = PyMem_Calloc(1, sizeof *action);

    if (!action) {
        PyErr_NoMemory();
        return NULL;
    }
    Py_INCREF(name);
    Py_INCREF(function);
    action->run = run;
    action->name = name;
    action->function = function;
    if (params_init(action, params) == 0)
        return action;
    action_destroy(action);
    return NULL;
}

static struct action *action_of(struct run *run, PyObject *name)
{
    for (struct action *a = run->actions; a; a = a->next)
        if (PyUnicode_Compare(a->name, name) == 0)
            return a;
    return NULL;
}

/* The same name with equal parameters gets the new function. -1 with an exception, 0: it is another one. */
static int take_over(struct action *known, const struct action *action)
{
    int equal = known ? PyObject_RichCompareBool(known->params, action->params, Py_EQ) : 0;

    if (equal == 1) {
        Py_INCREF(action->function);
        Py_XSETREF(known->function, action->function);
    }
    return equal;
}

static int define(struct run *run, struct action *action, const char *doc)
{
    trimtab_definition definition = {
        .name = PyUnicode_AsUTF8(action->name), .doc = doc, .params = action->param, .function = act, .user = action};

    return trimtab_action_define(run->trimtab, &definition);
}

PyObject *run_define(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"name", "doc", "params", "function", NULL};
    struct run *run = (struct run *)self;
    PyObject *name, *doc, *params, *function;
    int code = TRIMTAB_OK;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "UUOO:define", names, &name, &doc, &params, &function))
        return NULL;
    if (!PyCallable_Check(function))
        return PyErr_Format(PyExc_TypeError, "an action is a function, not %.100s", Py_TYPE(function)->tp_name);
    const char *sentence = run_utf8(name, "a name") ? run_utf8(doc, "doc") : NULL;
    struct action *action = sentence ? action_create(run, name, params, function) : NULL;
    if (!action)
        return NULL;
    int taken = take_over(action_of(run, name), action);
    if (taken == 0)
        code = define(run, action, sentence);
    if (taken == 0 && (code == TRIMTAB_OK || code == TRIMTAB_INERT)) {
        action->next = run->actions;
        run->actions = action;
        run->declared++;
    } else {
        action_destroy(action);
    }
    return taken < 0 ? NULL : PyLong_FromLong(code);
}
