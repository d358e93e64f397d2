#include "run.h"

/* ---- other things worth telling: 0 or a negative code ---- */

/* What has no UTF-8 (a file's name may be any bytes) is replaced; a new reference, NULL with an exception. None: NULL.
 */
static PyObject *bytes_of(PyObject *text)
{
    return text == Py_None ? NULL : PyUnicode_AsEncodedString(text, "utf-8", "replace");
}

static const char *chars(PyObject *bytes)
{
    return bytes ? PyBytes_AS_STRING(bytes) : NULL;
}

PyObject *run_config_json(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"name", "json", NULL};
    const char *name, *json;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "ss:config_json", names, &name, &json))
        return NULL;
    return PyLong_FromLong(trimtab_config(((struct run *)self)->trimtab, name, json));
}

PyObject *run_checkpoint_told(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"id", "path", "bytes", NULL};
    PyObject *id_given, *path_given, *size, *answer = NULL;
    int64_t bytes;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "UOO:checkpoint_told", names, &id_given, &path_given, &size) ||
        run_int64(size, &bytes) < 0)
        return NULL;
    if (path_given != Py_None && !PyUnicode_Check(path_given))
        return PyErr_Format(PyExc_TypeError, "path is a text or None, not %.100s", Py_TYPE(path_given)->tp_name);
    PyObject *id = bytes_of(id_given), *path = bytes_of(path_given);
    if (id && (path || path_given == Py_None))
        answer = PyLong_FromLong(
            trimtab_checkpoint(((struct run *)self)->trimtab, chars(id), chars(path), bytes > 0 ? (uint64_t)bytes : 0));
    Py_XDECREF(id);
    Py_XDECREF(path);
    return answer;
}

PyObject *run_message_told(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"level", "text", NULL};
    PyObject *given, *answer;
    int level;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "iU:message_told", names, &level, &given))
        return NULL;
    PyObject *text = bytes_of(given);
    if (!text)
        return NULL;
    answer = PyLong_FromLong(trimtab_message(((struct run *)self)->trimtab, (trimtab_level)level, chars(text)));
    Py_DECREF(text);
    return answer;
}
