#include "binding.h"

#include "raised.h"
#include "run.h"

struct binding {
    struct run *run;         /* which owns the binding */
    struct setting *setting; /* a reference; NULL: it was collected */
    bool declared;           /* before that nothing of Python's is called */
    bool ranged;             /* its range is not the one that libtrimtab was told */
    struct binding *next;
};

int bindings_traverse(struct binding *first, visitproc visit, void *arg)
{
    for (struct binding *b = first; b; b = b->next)
        Py_VISIT(b->setting);
    return 0;
}

void bindings_clear(struct binding *first)
{
    for (struct binding *b = first; b; b = b->next)
        Py_CLEAR(b->setting);
}

void bindings_destroy(struct binding *first)
{
    while (first) {
        struct binding *next = first->next;
        Py_XDECREF(first->setting);
        PyMem_Free(first);
        first = next;
    }
}

/* Can it be read, so that what the program changes is seen? */
static bool is_polled(const struct setting *setting)
{
    return setting->source != SOURCE_SETTER || setting->key;
}

/* ---- what libtrimtab calls, inside control points ---- */

/* What has the wrong type is told once, until it has the right one; the value that was told last stays. */
static void tell_odd(struct run *run, struct setting *setting)
{
    bool told = setting->odd_told;
    PyObject *exception = raised_take();

    setting->odd_told = true;
    if (told && raised_is_local(exception)) {
        Py_DECREF(exception);
        return;
    }
    raised_put(exception);
    if (run_tell_raised(run, setting->name, Py_None) < 0)
        run_keep_raised(run);
}

static void get(void *user, trimtab_value *value)
{
    struct binding *binding = user;
    struct setting *setting = binding->setting;
    trimtab_value found;

    if (!setting || !binding->declared)
        return;
    Py_INCREF(setting);
    if (setting_look(setting, &found) < 0) {
        tell_odd(binding->run, setting);
    } else {
        setting->odd_told = false;
        if (binding->setting == setting) /* else its text may end here */
            *value = found;
    }
    Py_DECREF(setting);
}

/* libtrimtab has checked it; but for what is set back, which may lie outside the range. */
static int put(const struct binding *binding, struct setting *setting, PyObject *asked)
{
    return binding->ranged ? setting_apply(setting, asked) : setting_put(setting, asked);
}

/* `applied` is for those who apply it elsewhere, too: it gets what was asked for. */
static int note(struct run *run, const struct setting *setting, PyObject *value)
{
    PyObject *list = run->applied, *item = list ? PyTuple_Pack(2, setting->name, value) : NULL;
    int code = list && (!item || PyList_Append(list, item) < 0) ? -1 : 0;

    Py_XDECREF(item);
    return code;
}

static int set(void *user, trimtab_value *value, trimtab_result *why)
{
    struct binding *binding = user;
    struct setting *setting = binding->setting;

    if (!setting)
        return trimtab_result_fail(why, "the setting is gone");
    Py_INCREF(setting);
    PyObject *asked = domain_from_c(&setting->domain, value);
    int code = asked ? put(binding, setting, asked) : -1;
    if (code == 0)
        code = note(binding->run, setting, asked);
    if (code < 0)
        code = run_answer_raised(binding->run, why, true);
    else if (binding->setting == setting) /* else its text may end here */
        domain_to_c(&setting->domain, setting->value, value);
    Py_XDECREF(asked);
    Py_DECREF(setting);
    return code;
}

/* ---- declaring ---- */

static const char *text_of(PyObject *object)
{
    return object ? PyUnicode_AsUTF8(object) : NULL;
}

static int declare(struct run *run, struct binding *binding)
{
    const struct setting *setting = binding->setting;
    const struct domain *domain = &setting->domain;
    const char *choices[TRIMTAB_CHOICES_MAX + 1] = {NULL};
    trimtab_setting given = {.name = text_of(setting->name),
                             .unit = text_of(setting->unit),
                             .doc = text_of(setting->doc),
                             .min = domain->min,
                             .max = domain->max,
                             .integer_min = domain->integer_min,
                             .integer_max = domain->integer_max,
                             .choices = choices,
                             .set = set,
                             .get = is_polled(setting) ? get : NULL,
                             .user = binding};

    domain_to_c(domain, setting->value, &given.value);
    for (Py_ssize_t i = 0; domain->choices && i < PyTuple_GET_SIZE(domain->choices); i++)
        choices[i] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(domain->choices, i));
    int code = trimtab_setting_declare(run->trimtab, &given);
    binding->declared = true;
    return code;
}

static struct binding *binding_of(struct run *run, PyObject *name)
{
    for (struct binding *b = run->bindings; b; b = b->next)
        if (b->setting && PyUnicode_Compare(b->setting->name, name) == 0)
            return b;
    return NULL;
}

static struct binding *binding_create(struct run *run, struct setting *setting)
{
    struct binding *binding = PyMem_Calloc(1, sizeof *binding);

    if (!binding) {
        PyErr_NoMemory();
        return NULL;
    }
    Py_INCREF(setting);
    binding->run = run;
    binding->setting = setting;
    return binding;
}

/* A notebook's cell that runs again: the same name and type take the new source. */
static bool take_over(struct run *run, struct setting *setting)
{
    struct binding *binding = binding_of(run, setting->name);

    if (!binding || !domain_equal(&binding->setting->domain, &setting->domain))
        return false;
    if (is_polled(setting) && !is_polled(binding->setting))
        return false;
    binding->ranged = binding->ranged || !domain_same_range(&binding->setting->domain, &setting->domain);
    Py_INCREF(setting);
    Py_SETREF(binding->setting, setting);
    return true;
}

PyObject *run_declare(PyObject *self, PyObject *object)
{
    struct run *run = (struct run *)self;
    struct setting *setting = (struct setting *)object;
    trimtab_value ignored;

    if (!PyObject_TypeCheck(object, run->state->setting) || !setting->value)
        return PyErr_Format(PyExc_TypeError, "declare() takes a Setting, not %.100s", Py_TYPE(object)->tp_name);
    if (take_over(run, setting))
        return PyLong_FromLong(TRIMTAB_OK);
    if (setting_look(setting, &ignored) < 0)
        return NULL;
    struct binding *binding = binding_create(run, setting);
    if (!binding)
        return NULL;
    int code = declare(run, binding);
    if (code == TRIMTAB_OK || code == TRIMTAB_INERT) {
        binding->next = run->bindings;
        run->bindings = binding;
        run->declared++;
    } else {
        bindings_destroy(binding);
    }
    return PyLong_FromLong(code);
}
