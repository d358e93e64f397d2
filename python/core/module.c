#include "core.h"
#include "hold.h"
#include "run.h"
#include "setting.h"
#include "steps.h"

static struct PyModuleDef core_module;

struct core_state *core_state_of(PyTypeObject *type)
{
    for (; type; type = type->tp_base) {
        PyObject *module = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ? ((PyHeapTypeObject *)type)->ht_module : NULL;
        if (module && PyModule_GetDef(module) == &core_module)
            return PyModule_GetState(module);
    }
    PyErr_SetString(PyExc_TypeError, "not a type of trimtab._core");
    return NULL;
}

static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);

    if (type && PyModule_AddType(module, (PyTypeObject *)type) < 0)
        Py_CLEAR(type);
    return (PyTypeObject *)type;
}

static int core_exec(PyObject *module)
{
    struct core_state *state = PyModule_GetState(module);

    state->run = add_type(module, &run_spec);
    state->steps = state->run ? add_type(module, &steps_spec) : NULL;
    state->setting = state->steps ? add_type(module, &setting_spec) : NULL;
    state->hold = state->setting ? add_type(module, &hold_spec) : NULL;
    if (!state->hold)
        return -1;
    return PyModule_AddStringConstant(module, "VERSION", TRIMTAB_VERSION);
}

static int core_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct core_state *state = PyModule_GetState(module);

    if (!state)
        return 0;
    Py_VISIT(state->run);
    Py_VISIT(state->steps);
    Py_VISIT(state->setting);
    Py_VISIT(state->hold);
    return 0;
}

static int core_clear(PyObject *module)
{
    struct core_state *state = PyModule_GetState(module);

    if (!state)
        return 0;
    Py_CLEAR(state->run);
    Py_CLEAR(state->steps);
    Py_CLEAR(state->setting);
    Py_CLEAR(state->hold);
    return 0;
}

static void core_free(void *module)
{
    (void)core_clear(module);
}

static struct PyModuleDef_Slot core_slots[] = {{Py_mod_exec, (void *)core_exec}, {0, NULL}};

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "trimtab._core",
    .m_doc = "libtrimtab as Python objects",
    .m_size = sizeof(struct core_state),
    .m_slots = core_slots,
    .m_traverse = core_traverse,
    .m_clear = core_clear,
    .m_free = core_free,
};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
