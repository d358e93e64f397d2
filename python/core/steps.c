#include "steps.h"

struct steps {
    PyObject_HEAD struct run *run; /* NULL: it has ended */
    int64_t next, n;
};

PyObject *steps_create(struct run *run, int64_t n, int64_t start)
{
    PyTypeObject *type = run->state->steps;
    if (!type) /* the interpreter ends */
        return PyErr_Format(PyExc_RuntimeError, "trimtab._core is gone");
    struct steps *steps = (struct steps *)type->tp_alloc(type, 0);
    if (!steps)
        return NULL;
    Py_INCREF(run);
    steps->run = run;
    steps->n = n;
    steps->next = start;
    return (PyObject *)steps;
}

static int steps_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct steps *)self)->run);
    return 0;
}

static int steps_clear(PyObject *self)
{
    Py_CLEAR(((struct steps *)self)->run);
    return 0;
}

static void steps_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    PyObject_GC_UnTrack(self);
    (void)steps_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

/* A restore at the last control point goes on from where it leads. */
static PyObject *steps_next(PyObject *self)
{
    struct steps *steps = (struct steps *)self;
    int64_t step = steps->next;

    if (!steps->run)
        return NULL;
    int code = run_point(steps->run, &step);
    if (code < 0)
        return NULL;
    if (code == TRIMTAB_STOP || step >= steps->n) {
        Py_CLEAR(steps->run);
        return NULL;
    }
    steps->next = step + 1;
    return PyLong_FromLongLong(step);
}

static Py_ssize_t steps_length(PyObject *self)
{
    const struct steps *steps = (struct steps *)self;
    int64_t left;

    if (!steps->run || steps->next >= steps->n)
        return 0;
    return __builtin_sub_overflow(steps->n, steps->next, &left) ? PY_SSIZE_T_MAX : (Py_ssize_t)left;
}

static PyObject *steps_length_hint(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    return PyLong_FromSsize_t(steps_length(self));
}

static PyMethodDef methods[] = {{"__length_hint__", steps_length_hint, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

static PyType_Slot slots[] = {{Py_tp_doc, "Steps, each of them through a control point."},
                              {Py_tp_dealloc, (void *)steps_dealloc},
                              {Py_tp_traverse, (void *)steps_traverse},
                              {Py_tp_clear, (void *)steps_clear},
                              {Py_tp_iter, (void *)PyObject_SelfIter},
                              {Py_tp_iternext, (void *)steps_next},
                              {Py_sq_length, (void *)steps_length},
                              {Py_tp_methods, methods},
                              {0, NULL}};

PyType_Spec steps_spec = {.name = "trimtab._core.Steps",
                          .basicsize = sizeof(struct steps),
                          .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                          .slots = slots};
