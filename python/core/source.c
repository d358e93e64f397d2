#include "source.h"

#include "hold.h"
#include "setting.h"

/* It was looked at when the setting was made: it is there. */
static const char *name_of(const struct setting *setting)
{
    return PyUnicode_AsUTF8(setting->name);
}

/* ---- the source ---- */

PyObject *source_read(const struct setting *setting)
{
    PyObject *place = setting->place, *key = setting->key;
    PyObject *found = NULL;
    double number;

    if (setting->source == SOURCE_OWN || (setting->source == SOURCE_SETTER && !key)) {
        Py_XINCREF(setting->value);
        return setting->value;
    }
    Py_XINCREF(place);
    Py_XINCREF(key);
    if (!place)
        PyErr_SetString(PyExc_RuntimeError, "it is gone");
    else if (setting->source == SOURCE_ATTRIBUTE)
        found = PyObject_GetAttr(place, key);
    else if (setting->source == SOURCE_ITEM)
        found = PyObject_GetItem(place, key);
    else if (setting->source == SOURCE_SETTER)
        found = PyObject_CallNoArgs(key);
    else if (hold_in_force(place, setting->index, &number) == 0)
        found = PyFloat_FromDouble(number);
    Py_XDECREF(place);
    Py_XDECREF(key);
    return found;
}

/* What the setter said that it took, where that is a value. */
static PyObject *call_setter(const struct setting *setting, PyObject *setter, PyObject *value)
{
    PyObject *answer = PyObject_CallOneArg(setter, value);

    if (!answer)
        return NULL;
    PyObject *taken = answer == Py_None ? NULL : domain_read(&setting->domain, name_of(setting), answer);
    bool local = !PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_Exception);
    Py_DECREF(answer);
    if (!local)
        return NULL;
    PyErr_Clear();
    if (!taken) {
        Py_INCREF(value);
        taken = value;
    }
    return taken;
}

static PyObject *taken_if(int code, PyObject *value)
{
    if (code < 0)
        return NULL;
    Py_INCREF(value);
    return value;
}

/* What it then took, so far as the source says; a new reference, NULL with an exception. */
static PyObject *source_write(const struct setting *setting, PyObject *value)
{
    PyObject *place = setting->place, *key = setting->key;
    PyObject *taken = NULL;

    if (setting->source == SOURCE_OWN)
        return taken_if(0, value);
    if (!place)
        return PyErr_Format(PyExc_RuntimeError, "setting %U has nothing to set any more", setting->name);
    Py_INCREF(place);
    Py_XINCREF(key);
    if (setting->source == SOURCE_ATTRIBUTE)
        taken = taken_if(PyObject_SetAttr(place, key, value), value);
    else if (setting->source == SOURCE_ITEM)
        taken = taken_if(PyObject_SetItem(place, key, value), value);
    else if (setting->source == SOURCE_SETTER)
        taken = call_setter(setting, place, value);
    else
        taken = taken_if(hold_hold(place, setting->index, PyFloat_AS_DOUBLE(value)), value);
    Py_DECREF(place);
    Py_XDECREF(key);
    return taken;
}

/* ---- reading and writing ---- */

int setting_look(struct setting *setting, trimtab_value *out)
{
    PyObject *found = source_read(setting);

    if (!found)
        return -1;
    if (found != setting->value && !(setting->domain.type == TRIMTAB_TYPE_DOUBLE && PyFloat_CheckExact(found))) {
        PyObject *value = domain_read(&setting->domain, name_of(setting), found);
        Py_DECREF(found);
        found = value;
    }
    if (!found)
        return -1;
    Py_XSETREF(setting->value, found);
    domain_to_c(&setting->domain, found, out);
    return 0;
}

int setting_put(struct setting *setting, PyObject *value)
{
    trimtab_value ignored;
    PyObject *taken = source_write(setting, value);

    if (!taken)
        return -1;
    Py_XSETREF(setting->value, taken);
    if (setting_look(setting, &ignored) == 0)
        return 0;
    bool local = PyErr_ExceptionMatches(PyExc_Exception) != 0;
    if (local)
        PyErr_Clear(); /* it was set; that it cannot be read is told by the next control point */
    return local ? 0 : -1;
}

int setting_apply(struct setting *setting, PyObject *value)
{
    PyObject *checked = domain_accept(&setting->domain, name_of(setting), value);
    int code = checked ? setting_put(setting, checked) : -1;

    Py_XDECREF(checked);
    return code;
}
