#include "setting.h"

#include <stddef.h>
#include <structmember.h>

#include "hold.h"
#include "run.h"

/* ---- making one ---- */

struct arguments {
    PyObject *name, *value, *unit, *doc, *object, *attribute, *container, *key, *setter, *getter, *hold;
    Py_ssize_t index;
    struct domain_given domain;
};

static int refuse(const struct setting *setting, const char *why)
{
    PyErr_Format(PyExc_TypeError, "setting %U: %s", setting->name, why);
    return -1;
}

static int check_source(const struct setting *setting, const struct arguments *given)
{
    int sources = core_is_given(given->object) + core_is_given(given->container) + core_is_given(given->setter) +
                  core_is_given(given->hold);

    if (sources > 1)
        return refuse(setting, "object, container, setter or hold: one of them says where it is");
    if (core_is_given(given->object) != core_is_given(given->attribute))
        return refuse(setting, "object and attribute come together");
    if (core_is_given(given->attribute) && !PyUnicode_Check(given->attribute))
        return refuse(setting, "attribute is a text");
    if (core_is_given(given->container) != (given->key != NULL))
        return refuse(setting, "container and key come together");
    if (core_is_given(given->getter) && !core_is_given(given->setter))
        return refuse(setting, "a getter needs a setter");
    if ((core_is_given(given->setter) && !PyCallable_Check(given->setter)) ||
        (core_is_given(given->getter) && !PyCallable_Check(given->getter)))
        return refuse(setting, "setter and getter are functions");
    struct core_state *state = core_state_of(Py_TYPE(setting));
    if (!state)
        return -1;
    if (core_is_given(given->hold) &&
        (!PyObject_TypeCheck(given->hold, state->hold) || core_is_given(given->domain.choices)))
        return refuse(setting, "hold is a Hold, whose values are numbers");
    return 0;
}

static void take_source(struct setting *setting, const struct arguments *given)
{
    if (core_is_given(given->object)) {
        setting->source = SOURCE_ATTRIBUTE;
        core_hold(&setting->place, given->object);
        core_hold(&setting->key, given->attribute);
        PyUnicode_InternInPlace(&setting->key);
    } else if (core_is_given(given->container)) {
        setting->source = SOURCE_ITEM;
        core_hold(&setting->place, given->container);
        Py_INCREF(given->key);
        Py_XSETREF(setting->key, given->key);
    } else if (core_is_given(given->setter)) {
        setting->source = SOURCE_SETTER;
        core_hold(&setting->place, given->setter);
        core_hold(&setting->key, given->getter);
    } else if (core_is_given(given->hold)) {
        setting->source = SOURCE_HOLD;
        core_hold(&setting->place, given->hold);
        setting->index = given->index;
    }
}

/* What its value is like: what was given, else what is there. A new reference. */
static PyObject *sample_of(const struct setting *setting, PyObject *value)
{
    if (setting->source == SOURCE_HOLD)
        return PyFloat_FromDouble(0);
    if (core_is_given(value)) {
        Py_INCREF(value);
        return value;
    }
    if (setting->source == SOURCE_OWN || (setting->source == SOURCE_SETTER && !setting->key)) {
        (void)refuse(setting, "it needs a value to begin with");
        return NULL;
    }
    return source_read(setting);
}

/* The first value may lie outside the range. */
static int begin(struct setting *setting, const struct arguments *given)
{
    trimtab_value ignored;
    const char *name = PyUnicode_AsUTF8(setting->name); /* setting_init looked at it: it is there */
    PyObject *sample = sample_of(setting, given->value);
    int code = sample ? domain_init(&setting->domain, name, sample, &given->domain) : -1;

    if (code == 0 && (setting->source == SOURCE_OWN || setting->source == SOURCE_SETTER)) {
        PyObject *first = domain_read(&setting->domain, name, sample);
        code = first ? 0 : -1;
        if (first)
            Py_XSETREF(setting->value, first);
    }
    Py_XDECREF(sample);
    return code < 0 ? -1 : setting_look(setting, &ignored);
}

static int setting_init(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"name",      "value",     "min", "max",    "choices", "unit", "doc",   "object",
                            "attribute", "container", "key", "setter", "getter",  "hold", "index", NULL};
    struct setting *setting = (struct setting *)self;
    struct arguments given = {0};

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "U|O$OOOOOOOOOOOOn:Setting", names, &given.name, &given.value,
                                     &given.domain.min, &given.domain.max, &given.domain.choices, &given.unit,
                                     &given.doc, &given.object, &given.attribute, &given.container, &given.key,
                                     &given.setter, &given.getter, &given.hold, &given.index))
        return -1;
    if (setting->name) {
        PyErr_SetString(PyExc_RuntimeError, "this setting is made already");
        return -1;
    }
    if (!run_utf8(given.name, "a name") || (core_is_given(given.unit) && !run_utf8(given.unit, "unit")) ||
        (core_is_given(given.doc) && !run_utf8(given.doc, "doc")))
        return -1;
    core_hold(&setting->name, given.name);
    core_hold(&setting->unit, given.unit);
    core_hold(&setting->doc, given.doc);
    if (check_source(setting, &given) < 0)
        return -1;
    take_source(setting, &given);
    return begin(setting, &given);
}

static int setting_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct setting *setting = (struct setting *)self;

    Py_VISIT(Py_TYPE(self));
    Py_VISIT(setting->place);
    Py_VISIT(setting->key);
    return 0;
}

static int setting_clear(PyObject *self)
{
    struct setting *setting = (struct setting *)self;

    Py_CLEAR(setting->place);
    Py_CLEAR(setting->key);
    return 0;
}

static void setting_dealloc(PyObject *self)
{
    struct setting *setting = (struct setting *)self;
    PyTypeObject *type = Py_TYPE(self);

    PyObject_GC_UnTrack(self);
    if (setting->weakrefs)
        PyObject_ClearWeakRefs(self);
    (void)setting_clear(self);
    Py_CLEAR(setting->value);
    domain_finish(&setting->domain);
    Py_CLEAR(setting->name);
    Py_CLEAR(setting->unit);
    Py_CLEAR(setting->doc);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- the value object ---- */

static PyObject *value_now(PyObject *self)
{
    struct setting *setting = (struct setting *)self;
    trimtab_value ignored;

    if (!setting->value)
        return PyErr_Format(PyExc_RuntimeError, "this setting was not initialized");
    if (setting_look(setting, &ignored) < 0)
        return NULL;
    Py_INCREF(setting->value);
    return setting->value;
}

static PyObject *get_value(PyObject *self, void *nothing)
{
    (void)nothing;
    return value_now(self);
}

static PyObject *apply(PyObject *self, PyObject *value)
{
    struct setting *setting = (struct setting *)self;

    if (!setting->value)
        return PyErr_Format(PyExc_RuntimeError, "this setting was not initialized");
    if (setting_apply(setting, value) < 0)
        return NULL;
    Py_INCREF(setting->value);
    return setting->value;
}

static int set_value(PyObject *self, PyObject *value, void *nothing)
{
    (void)nothing;
    if (!value) {
        PyErr_SetString(PyExc_AttributeError, "a setting's value cannot be deleted");
        return -1;
    }
    PyObject *effective = apply(self, value);
    Py_XDECREF(effective);
    return effective ? 0 : -1;
}

static PyObject *get_name(PyObject *self, void *nothing)
{
    PyObject *name = ((struct setting *)self)->name;

    (void)nothing;
    return name ? PyUnicode_FromObject(name) : PyUnicode_FromString("");
}

static PyObject *get_type(PyObject *self, void *nothing)
{
    (void)nothing;
    return PyUnicode_FromString(domain_type_name(((struct setting *)self)->domain.type));
}

static PyObject *convert(PyObject *self, PyObject *(*how)(PyObject *))
{
    PyObject *value = value_now(self);
    PyObject *converted = value ? how(value) : NULL;

    Py_XDECREF(value);
    return converted;
}

static PyObject *to_float(PyObject *self)
{
    return convert(self, PyNumber_Float);
}

static PyObject *to_int(PyObject *self)
{
    return convert(self, PyNumber_Long);
}

static PyObject *to_index(PyObject *self)
{
    return convert(self, PyNumber_Index);
}

static int to_bool(PyObject *self)
{
    PyObject *value = value_now(self);
    int truth = value ? PyObject_IsTrue(value) : -1;

    Py_XDECREF(value);
    return truth;
}

static PyObject *represent(PyObject *self)
{
    struct setting *setting = (struct setting *)self;

    return PyUnicode_FromFormat("Setting(%R, %R)", setting->name ? setting->name : Py_None,
                                setting->value ? setting->value : Py_None);
}

static PyMethodDef methods[] = {{"apply", apply, METH_O, "apply(value) -> the value then in effect"},
                                {NULL, NULL, 0, NULL}};

static PyGetSetDef attributes[] = {{"name", get_name, NULL, NULL, NULL},
                                   {"type", get_type, NULL, "double, int, bool, choice or string", NULL},
                                   {"value", get_value, set_value, "reads and writes the source", NULL},
                                   {NULL, NULL, NULL, NULL, NULL}};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, (Py_ssize_t)offsetof(struct setting, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

static PyType_Slot slots[] = {{Py_tp_doc, "A named value that clients may change."},
                              {Py_tp_init, (void *)setting_init},
                              {Py_tp_dealloc, (void *)setting_dealloc},
                              {Py_tp_traverse, (void *)setting_traverse},
                              {Py_tp_clear, (void *)setting_clear},
                              {Py_tp_repr, (void *)represent},
                              {Py_nb_float, (void *)to_float},
                              {Py_nb_int, (void *)to_int},
                              {Py_nb_index, (void *)to_index},
                              {Py_nb_bool, (void *)to_bool},
                              {Py_tp_methods, methods},
                              {Py_tp_getset, attributes},
                              {Py_tp_members, members},
                              {0, NULL}};

PyType_Spec setting_spec = {.name = "trimtab._core.Setting",
                            .basicsize = sizeof(struct setting),
                            .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                            .slots = slots};
