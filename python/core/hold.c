#include "hold.h"

#define GROUPS_MAX 65536

struct held {
    bool is_held;
    double value;
};

struct hold {
    PyObject_HEAD PyObject *optimizer, *key, *param_groups; /* the last: the text */
    double scale;
    struct held *group;
    Py_ssize_t groups;
};

/* ---- the groups ---- */

static PyObject *groups_of(const struct hold *hold)
{
    if (hold->optimizer)
        return PyObject_GetAttr(hold->optimizer, hold->param_groups);
    return PyErr_Format(PyExc_RuntimeError, "there is no optimizer");
}

/* What is in the group now; a new reference, NULL with an exception. */
static PyObject *group_value(const struct hold *hold, Py_ssize_t index)
{
    PyObject *groups = groups_of(hold);

    if (!groups)
        return NULL;
    PyObject *group = PySequence_GetItem(groups, index);
    Py_DECREF(groups);
    PyObject *value = group ? PyObject_GetItem(group, hold->key) : NULL;
    Py_XDECREF(group);
    return value;
}

static Py_ssize_t group_count(const struct hold *hold)
{
    PyObject *groups = groups_of(hold);
    Py_ssize_t count = groups ? PySequence_Size(groups) : -1;

    Py_XDECREF(groups);
    return count;
}

static bool is_held(const struct hold *hold, Py_ssize_t index)
{
    return index >= 0 && index < hold->groups && hold->group[index].is_held;
}

static bool is_any_held(const struct hold *hold)
{
    for (Py_ssize_t i = 0; i < hold->groups; i++)
        if (hold->group[i].is_held)
            return true;
    return false;
}

int hold_in_force(PyObject *self, Py_ssize_t index, double *value)
{
    const struct hold *hold = (struct hold *)self;

    if (is_held(hold, index)) {
        *value = hold->group[index].value;
        return 0;
    }
    PyObject *own = group_value(hold, index);
    if (!own)
        return -1;
    *value = PyFloat_AsDouble(own);
    Py_DECREF(own);
    if (*value == -1.0 && PyErr_Occurred())
        return -1;
    if (hold->scale != 1.0)
        *value *= hold->scale;
    return 0;
}

int hold_hold(PyObject *self, Py_ssize_t index, double value)
{
    struct hold *hold = (struct hold *)self;

    if (index < 0 || index >= GROUPS_MAX) {
        PyErr_SetString(PyExc_IndexError, "there is no such param group");
        return -1;
    }
    if (index >= hold->groups) {
        struct held *grown = PyMem_Realloc(hold->group, (size_t)(index + 1) * sizeof *grown);
        if (!grown) {
            PyErr_NoMemory();
            return -1;
        }
        memset(grown + hold->groups, 0, (size_t)(index + 1 - hold->groups) * sizeof *grown);
        hold->group = grown;
        hold->groups = index + 1;
    }
    hold->group[index] = (struct held){true, value};
    return 0;
}

/* Groups that have no number there are left out. */
static int hold_all(struct hold *hold)
{
    Py_ssize_t count = group_count(hold);

    for (Py_ssize_t i = 0; i < count; i++) {
        double value;
        if (is_held(hold, i))
            continue;
        if (hold_in_force((PyObject *)hold, i, &value) < 0) {
            if (!PyErr_ExceptionMatches(PyExc_KeyError) && !PyErr_ExceptionMatches(PyExc_TypeError))
                return -1;
            PyErr_Clear();
        } else if (hold_hold((PyObject *)hold, i, value) < 0) {
            return -1;
        }
    }
    return count < 0 ? -1 : 0;
}

static void release_all(struct hold *hold)
{
    for (Py_ssize_t i = 0; i < hold->groups; i++)
        hold->group[i].is_held = false;
}

/* ---- the object ---- */

static int hold_init(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"optimizer", "key", NULL};
    struct hold *hold = (struct hold *)self;
    PyObject *optimizer, *key;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OU:Hold", names, &optimizer, &key))
        return -1;
    if (hold->param_groups) { /* what reads a group reckons with its optimizer and key staying */
        PyErr_SetString(PyExc_RuntimeError, "this hold is made already");
        return -1;
    }
    hold->param_groups = PyUnicode_InternFromString("param_groups");
    if (!hold->param_groups)
        return -1;
    Py_INCREF(key);
    PyUnicode_InternInPlace(&key);
    hold->key = key;
    Py_INCREF(optimizer);
    hold->optimizer = optimizer;
    hold->scale = 1.0;
    return 0;
}

static int hold_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct hold *)self)->optimizer);
    return 0;
}

static int hold_clear(PyObject *self)
{
    Py_CLEAR(((struct hold *)self)->optimizer);
    return 0;
}

static void hold_dealloc(PyObject *self)
{
    struct hold *hold = (struct hold *)self;
    PyTypeObject *type = Py_TYPE(self);

    PyObject_GC_UnTrack(self);
    (void)hold_clear(self);
    Py_CLEAR(hold->key);
    Py_CLEAR(hold->param_groups);
    PyMem_Free(hold->group);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *method_in_force(PyObject *self, PyObject *index)
{
    Py_ssize_t at = PyNumber_AsSsize_t(index, PyExc_IndexError);
    double value;

    if ((at == -1 && PyErr_Occurred()) || hold_in_force(self, at, &value) < 0)
        return NULL;
    return PyFloat_FromDouble(value);
}

static PyObject *method_is_held(PyObject *self, PyObject *index)
{
    Py_ssize_t at = PyNumber_AsSsize_t(index, PyExc_IndexError);

    if (at == -1 && PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(is_held((struct hold *)self, at));
}

static PyObject *method_hold(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"index", "value", NULL};
    Py_ssize_t index;
    double value;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "nd:hold", names, &index, &value) ||
        hold_hold(self, index, value) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *get_scale(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyFloat_FromDouble(((struct hold *)self)->scale);
}

static int refuse_delete(void)
{
    PyErr_SetString(PyExc_AttributeError, "it cannot be deleted");
    return -1;
}

static int set_scale(PyObject *self, PyObject *value, void *nothing)
{
    double scale = value ? PyFloat_AsDouble(value) : 0;

    (void)nothing;
    if (!value)
        return refuse_delete();
    if (scale == -1.0 && PyErr_Occurred())
        return -1;
    ((struct hold *)self)->scale = scale;
    return 0;
}

static PyObject *get_held(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyBool_FromLong(is_any_held((struct hold *)self));
}

static int set_held(PyObject *self, PyObject *value, void *nothing)
{
    int truth = value ? PyObject_IsTrue(value) : -1;

    (void)nothing;
    if (!value)
        return refuse_delete();
    if (truth == 0)
        release_all((struct hold *)self);
    return truth > 0 ? hold_all((struct hold *)self) : truth;
}

static PyObject *get_active(PyObject *self, void *nothing)
{
    const struct hold *hold = (struct hold *)self;

    (void)nothing;
    return PyBool_FromLong(hold->scale != 1.0 || is_any_held(hold));
}

static PyMethodDef methods[] = {{"in_force", method_in_force, METH_O, "in_force(index) -> the value for that group"},
                                {"is_held", method_is_held, METH_O, "is_held(index) -> bool"},
                                {"hold", CORE_FAST(method_hold), METH_VARARGS | METH_KEYWORDS, "hold(index, value)"},
                                {NULL, NULL, 0, NULL}};

static PyGetSetDef attributes[] = {
    {"scale", get_scale, set_scale, "multiplies what is not held", NULL},
    {"held", get_held, set_held, "is any held? True holds each at what is in force, False releases all", NULL},
    {"active", get_active, NULL, "is there something to put in?", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot slots[] = {{Py_tp_doc, "One key of an optimizer's groups, held and scaled."},
                              {Py_tp_init, (void *)hold_init},
                              {Py_tp_dealloc, (void *)hold_dealloc},
                              {Py_tp_traverse, (void *)hold_traverse},
                              {Py_tp_clear, (void *)hold_clear},
                              {Py_tp_methods, methods},
                              {Py_tp_getset, attributes},
                              {0, NULL}};

PyType_Spec hold_spec = {.name = "trimtab._core.Hold",
                         .basicsize = sizeof(struct hold),
                         .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                         .slots = slots};
