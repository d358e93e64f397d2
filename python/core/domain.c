#include "domain.h"

#include <math.h>

#include "run.h"

#define SENTENCE_MAX 512

const char *domain_type_name(trimtab_type type)
{
    static const char *const names[] = {"", "double", "int", "bool", "choice", "string"};

    return names[type];
}

/* ---- what kind of value an object is ---- */

/* numpy's bool is no bool of Python's, and no number either. */
static bool is_bool(PyObject *value)
{
    const char *type = Py_TYPE(value)->tp_name;

    return PyBool_Check(value) || strcmp(type, "numpy.bool_") == 0 || strcmp(type, "numpy.bool") == 0;
}

/* A tensor has __index__ whatever is in it. */
static bool is_whole(PyObject *value)
{
    if (PyFloat_Check(value) || !PyIndex_Check(value))
        return false;
    PyObject *whole = PyNumber_Index(value);
    PyErr_Clear();
    Py_XDECREF(whole);
    return whole != NULL;
}

static const char *kind_name(PyObject *value)
{
    if (is_bool(value))
        return "a bool";
    if (PyLong_Check(value))
        return "an integer";
    if (PyFloat_Check(value))
        return "a number";
    if (PyUnicode_Check(value))
        return "a text";
    return value == Py_None ? "None" : Py_TYPE(value)->tp_name;
}

static PyObject *wrong_type(const char *name, const char *expected, PyObject *value)
{
    return PyErr_Format(PyExc_ValueError, "%s takes %s, not %.100s", name, expected, kind_name(value));
}

/* It looked like one, but could not be had: an array of several, an integer of a thousand digits. */
static PyObject *none_of_type(const char *name, const char *expected, PyObject *value)
{
    bool beyond = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;

    if (!beyond && !PyErr_ExceptionMatches(PyExc_TypeError))
        return NULL;
    PyErr_Clear();
    if (!beyond)
        return wrong_type(name, expected, value);
    return PyErr_Format(PyExc_ValueError, "%s takes %s", name, expected);
}

/* ---- making one ---- */

static int type_of(struct domain *domain, const char *name, PyObject *sample, const struct domain_given *given)
{
    bool wide =
        (core_is_given(given->min) && !is_whole(given->min)) || (core_is_given(given->max) && !is_whole(given->max));

    if (core_is_given(given->choices))
        domain->type = TRIMTAB_TYPE_CHOICE;
    else if (is_bool(sample))
        domain->type = TRIMTAB_TYPE_BOOL;
    else if (PyUnicode_Check(sample))
        domain->type = TRIMTAB_TYPE_STRING;
    else if (is_whole(sample))
        domain->type = wide ? TRIMTAB_TYPE_DOUBLE : TRIMTAB_TYPE_INT;
    else if (core_has_float(sample))
        domain->type = TRIMTAB_TYPE_DOUBLE;
    else {
        PyErr_Format(PyExc_TypeError, "setting %s: its value is a float, int, bool or str, not %.100s", name,
                     Py_TYPE(sample)->tp_name);
        return -1;
    }
    return 0;
}

static int bound_double(PyObject *given, double *bound)
{
    if (!core_is_given(given))
        return 0;
    *bound = PyFloat_AsDouble(given);
    return *bound == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static int bound_int(PyObject *given, int64_t *bound)
{
    return core_is_given(given) ? run_int64(given, bound) : 0;
}

static int bounds_init(struct domain *domain, const char *name, const struct domain_given *given)
{
    bool of_int = domain->type == TRIMTAB_TYPE_INT, of_double = domain->type == TRIMTAB_TYPE_DOUBLE;

    domain->bounded = core_is_given(given->min) || core_is_given(given->max);
    if (!domain->bounded)
        return 0;
    if (!of_int && !of_double) {
        PyErr_Format(PyExc_ValueError, "setting %s: a %s has no min and max", name, domain_type_name(domain->type));
        return -1;
    }
    domain->min = -INFINITY;
    domain->max = INFINITY;
    domain->integer_min = INT64_MIN;
    domain->integer_max = INT64_MAX;
    if (of_double && (bound_double(given->min, &domain->min) < 0 || bound_double(given->max, &domain->max) < 0))
        return -1;
    if (of_int && (bound_int(given->min, &domain->integer_min) < 0 || bound_int(given->max, &domain->integer_max) < 0))
        return -1;
    bool ordered = of_int ? domain->integer_min < domain->integer_max : domain->min < domain->max;
    if (!ordered)
        PyErr_Format(PyExc_ValueError, "setting %s: min is not less than max", name);
    return ordered ? 0 : -1;
}

/* A tuple of exactly str, so that comparing runs no code of Python's. */
static PyObject *exact_texts(PyObject *given)
{
    PyObject *texts = PySequence_List(given);

    for (Py_ssize_t i = 0; texts && i < PyList_GET_SIZE(texts); i++) {
        PyObject *text = PyList_GET_ITEM(texts, i);
        PyObject *exact = run_utf8(text, "a choice") ? PyUnicode_FromObject(text) : NULL;
        if (!exact || PyList_SetItem(texts, i, exact) < 0)
            Py_CLEAR(texts);
    }
    PyObject *fixed = texts ? PyList_AsTuple(texts) : NULL;
    Py_XDECREF(texts);
    return fixed;
}

static int choices_init(struct domain *domain, const char *name, PyObject *given)
{
    domain->choices = PyUnicode_Check(given) ? PyTuple_New(0) : exact_texts(given);
    if (!domain->choices)
        return -1;
    Py_ssize_t count = PyTuple_GET_SIZE(domain->choices);
    if (count < 1 || count > TRIMTAB_CHOICES_MAX) {
        PyErr_Format(PyExc_ValueError, "setting %s: choices are 1 to %d texts", name, TRIMTAB_CHOICES_MAX);
        return -1;
    }
    return 0;
}

int domain_init(struct domain *domain, const char *name, PyObject *sample, const struct domain_given *given)
{
    *domain = (struct domain){0};
    if (type_of(domain, name, sample, given) < 0 || bounds_init(domain, name, given) < 0)
        return -1;
    return domain->type == TRIMTAB_TYPE_CHOICE ? choices_init(domain, name, given->choices) : 0;
}

void domain_finish(struct domain *domain)
{
    Py_CLEAR(domain->choices);
}

bool domain_equal(const struct domain *one, const struct domain *other)
{
    if (one->type != other->type)
        return false;
    if (one->type != TRIMTAB_TYPE_CHOICE)
        return true;
    int equal = PyObject_RichCompareBool(one->choices, other->choices, Py_EQ);
    PyErr_Clear();
    return equal == 1;
}

bool domain_same_range(const struct domain *one, const struct domain *other)
{
    return one->bounded == other->bounded && memcmp(&one->min, &other->min, sizeof one->min) == 0 &&
           memcmp(&one->max, &other->max, sizeof one->max) == 0 && one->integer_min == other->integer_min &&
           one->integer_max == other->integer_max;
}

/* ---- what is asked for ---- */

static PyObject *out_of_range(const char *name, bool low, bool high, const char *min, const char *max,
                              const char *given)
{
    if (low && high)
        return PyErr_Format(PyExc_ValueError, "%s takes %s to %s, not %s", name, min, max, given);
    if (low)
        return PyErr_Format(PyExc_ValueError, "%s takes %s or more, not %s", name, min, given);
    return PyErr_Format(PyExc_ValueError, "%s takes at most %s, not %s", name, max, given);
}

static PyObject *check_double(const struct domain *domain, const char *name, PyObject *value)
{
    char min[32], max[32], given[32];

    if (is_bool(value) || PyUnicode_Check(value) || !core_has_float(value))
        return wrong_type(name, "a number", value);
    double number = PyFloat_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred())
        return none_of_type(name, "a number", value);
    if (!isfinite(number))
        return PyErr_Format(PyExc_ValueError, "%s takes a finite number", name);
    if (!domain->bounded || (number >= domain->min && number <= domain->max))
        return PyFloat_FromDouble(number);
    (void)snprintf(min, sizeof min, "%.10g", domain->min);
    (void)snprintf(max, sizeof max, "%.10g", domain->max);
    (void)snprintf(given, sizeof given, "%.10g", number);
    return out_of_range(name, domain->min > -INFINITY, domain->max < INFINITY, min, max, given);
}

static PyObject *check_int(const struct domain *domain, const char *name, PyObject *value)
{
    char min[32], max[32], given[32];
    int64_t number;

    if (is_bool(value) || PyFloat_Check(value) || !PyIndex_Check(value))
        return wrong_type(name, "an integer", value);
    if (run_int64(value, &number) < 0)
        return none_of_type(name, "an integer of 64 bits", value);
    if (!domain->bounded || (number >= domain->integer_min && number <= domain->integer_max))
        return PyLong_FromLongLong(number);
    (void)snprintf(min, sizeof min, "%lld", (long long)domain->integer_min);
    (void)snprintf(max, sizeof max, "%lld", (long long)domain->integer_max);
    (void)snprintf(given, sizeof given, "%lld", (long long)number);
    return out_of_range(name, domain->integer_min > INT64_MIN, domain->integer_max < INT64_MAX, min, max, given);
}

static PyObject *check_choice(const struct domain *domain, const char *name, PyObject *value)
{
    if (!PyUnicode_Check(value))
        return wrong_type(name, "one of its choices as a text", value);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(domain->choices); i++) {
        PyObject *choice = PyTuple_GET_ITEM(domain->choices, i);
        if (PyUnicode_Compare(choice, value) == 0) {
            Py_INCREF(choice);
            return choice;
        }
    }
    PyObject *comma = PyUnicode_FromString(", ");
    PyObject *list = comma ? PyUnicode_Join(comma, domain->choices) : NULL;
    if (list)
        PyErr_Format(PyExc_ValueError, "%s has no choice \"%.100U\"; there are: %.240U", name, value, list);
    Py_XDECREF(comma);
    Py_XDECREF(list);
    return NULL;
}

static PyObject *check_string(const char *name, PyObject *value)
{
    Py_ssize_t size;

    if (!PyUnicode_Check(value))
        return wrong_type(name, "a text", value);
    const char *text = PyUnicode_AsUTF8AndSize(value, &size);
    if (!text)
        return NULL;
    if (size > TRIMTAB_STRING_MAX)
        return PyErr_Format(PyExc_ValueError, "%s takes a text of at most %d bytes, not one of %zd", name,
                            TRIMTAB_STRING_MAX, size);
    if (strlen(text) != (size_t)size)
        return PyErr_Format(PyExc_ValueError, "%s takes a text without zero bytes", name);
    return PyUnicode_FromObject(value);
}

PyObject *domain_accept(const struct domain *domain, const char *name, PyObject *value)
{
    switch (domain->type) {
    case TRIMTAB_TYPE_DOUBLE:
        return check_double(domain, name, value);
    case TRIMTAB_TYPE_INT:
        return check_int(domain, name, value);
    case TRIMTAB_TYPE_BOOL:
        return is_bool(value) ? PyBool_FromLong(PyObject_IsTrue(value)) : wrong_type(name, "true or false", value);
    case TRIMTAB_TYPE_CHOICE:
        return check_choice(domain, name, value);
    default:
        return check_string(name, value);
    }
}

/* ---- what a program left there ---- */

static PyObject *read_int(PyObject *value)
{
    int64_t number;

    if (PyFloat_Check(value) && PyFloat_AS_DOUBLE(value) == floor(PyFloat_AS_DOUBLE(value)) &&
        fabs(PyFloat_AS_DOUBLE(value)) < 9e18)
        return PyLong_FromDouble(PyFloat_AS_DOUBLE(value));
    return run_int64(value, &number) < 0 ? NULL : PyLong_FromLongLong(number);
}

static PyObject *read_bool(const char *name, PyObject *value)
{
    if (value == Py_None || PyUnicode_Check(value))
        return wrong_type(name, "true or false", value);
    int truth = PyObject_IsTrue(value);
    return truth < 0 ? NULL : PyBool_FromLong(truth);
}

PyObject *domain_read(const struct domain *domain, const char *name, PyObject *value)
{
    switch (domain->type) {
    case TRIMTAB_TYPE_DOUBLE:
        if (PyUnicode_Check(value) || !core_has_float(value))
            return wrong_type(name, "a number", value);
        return PyNumber_Float(value);
    case TRIMTAB_TYPE_INT:
        return read_int(value);
    case TRIMTAB_TYPE_BOOL:
        return read_bool(name, value);
    case TRIMTAB_TYPE_CHOICE:
        return check_choice(domain, name, value);
    default:
        return check_string(name, value);
    }
}

/* ---- to libtrimtab and from it ---- */

static int64_t choice_index(const struct domain *domain, PyObject *value)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(domain->choices); i++)
        if (PyUnicode_Compare(PyTuple_GET_ITEM(domain->choices, i), value) == 0)
            return i;
    return 0;
}

void domain_to_c(const struct domain *domain, PyObject *value, trimtab_value *out)
{
    out->type = domain->type;
    switch (domain->type) {
    case TRIMTAB_TYPE_DOUBLE:
        out->number = PyFloat_AS_DOUBLE(value);
        break;
    case TRIMTAB_TYPE_INT:
        out->integer = PyLong_AsLongLong(value);
        break;
    case TRIMTAB_TYPE_BOOL:
        out->integer = value == Py_True;
        break;
    case TRIMTAB_TYPE_CHOICE:
        out->integer = choice_index(domain, value);
        break;
    case TRIMTAB_TYPE_STRING:
        out->text = PyUnicode_AsUTF8(value);
        break;
    }
}

static PyObject *choice_at(const struct domain *domain, int64_t index)
{
    if (index < 0 || index >= PyTuple_GET_SIZE(domain->choices))
        return PyErr_Format(PyExc_ValueError, "there is no choice %lld", (long long)index);
    PyObject *choice = PyTuple_GET_ITEM(domain->choices, (Py_ssize_t)index);
    Py_INCREF(choice);
    return choice;
}

PyObject *domain_from_c(const struct domain *domain, const trimtab_value *value)
{
    const char *text = value->text ? value->text : "";

    switch (domain->type) {
    case TRIMTAB_TYPE_DOUBLE:
        return PyFloat_FromDouble(value->number);
    case TRIMTAB_TYPE_INT:
        return PyLong_FromLongLong(value->integer);
    case TRIMTAB_TYPE_BOOL:
        return PyBool_FromLong(value->integer != 0);
    case TRIMTAB_TYPE_CHOICE:
        return choice_at(domain, value->integer);
    default:
        return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    }
}
