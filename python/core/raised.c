#include "raised.h"

#if PY_VERSION_HEX >= 0x030C0000

PyObject *raised_take(void)
{
    return PyErr_GetRaisedException();
}

void raised_put(PyObject *exception)
{
    PyErr_SetRaisedException(exception);
}

#else

PyObject *raised_take(void)
{
    PyObject *type, *value, *trace;

    PyErr_Fetch(&type, &value, &trace);
    if (!type)
        return NULL;
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace)
        (void)PyException_SetTraceback(value, trace);
    Py_DECREF(type);
    Py_XDECREF(trace);
    return value;
}

void raised_put(PyObject *exception)
{
    PyObject *type = (PyObject *)Py_TYPE(exception);

    Py_INCREF(type);
    PyErr_Restore(type, exception, PyException_GetTraceback(exception));
}

#endif

bool raised_is_local(PyObject *exception)
{
    return PyErr_GivenExceptionMatches(exception, PyExc_Exception) != 0;
}

static const char *short_name(PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');

    return dot ? dot + 1 : type->tp_name;
}

PyObject *raised_text(PyObject *exception, bool typed)
{
    const char *type = short_name(Py_TYPE(exception));
    PyObject *text = PyObject_Str(exception);

    PyErr_Clear(); /* a __str__ that fails says nothing */
    if (text && PyUnicode_GET_LENGTH(text) > 0) {
        if (!typed || PyErr_GivenExceptionMatches(exception, PyExc_ValueError))
            return text;
        PyObject *whole = PyUnicode_FromFormat("%.200s: %U", type, text);
        Py_DECREF(text);
        PyErr_Clear();
        return whole;
    }
    Py_XDECREF(text);
    text = PyUnicode_FromFormat("%.200s", type);
    PyErr_Clear();
    return text;
}

PyObject *raised_bytes(PyObject *exception, bool typed)
{
    PyObject *text = raised_text(exception, typed);
    PyObject *bytes = text ? PyUnicode_AsEncodedString(text, "utf-8", "replace") : NULL;

    Py_XDECREF(text);
    PyErr_Clear();
    return bytes;
}
