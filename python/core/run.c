#include "run.h"

#include <stddef.h>
#include <structmember.h>
#include <unistd.h>

#include "action.h"
#include "binding.h"
#include "raised.h"
#include "run_attributes.h"

/* ---- arguments ---- */

int run_int64(PyObject *object, int64_t *number)
{
    PyObject *whole = PyNumber_Index(object);

    if (!whole)
        return -1;
    *number = PyLong_AsLongLong(whole);
    Py_DECREF(whole);
    return *number == -1 && PyErr_Occurred() ? -1 : 0;
}

const char *run_utf8(PyObject *object, const char *what)
{
    Py_ssize_t size;

    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s is a text, not %.100s", what, Py_TYPE(object)->tp_name);
        return NULL;
    }
    const char *text = PyUnicode_AsUTF8AndSize(object, &size);
    if (!text || strlen(text) == (size_t)size)
        return text;
    PyErr_Format(PyExc_ValueError, "%s holds a zero byte", what);
    return NULL;
}

/* ---- making one ---- */

static PyObject *run_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    struct core_state *state = core_state_of(type);
    struct run *run = state ? (struct run *)type->tp_alloc(type, 0) : NULL;

    (void)args;
    (void)keywords;
    if (!run)
        return NULL;
    run->state = state;
    run->pid = getpid();
    run->series = PyDict_New();
    if (!run->series)
        Py_CLEAR(run);
    return (PyObject *)run;
}

static PyObject *make_resumed(const trimtab_run *trimtab)
{
    trimtab_saved saved;

    if (!trimtab_resumed(trimtab, &saved))
        Py_RETURN_NONE;
    return Py_BuildValue("{s:z,s:z,s:L,s:K,s:L}", "id", *saved.id ? saved.id : NULL, "path",
                         *saved.path ? saved.path : NULL, "step", (long long)saved.step, "bytes",
                         (unsigned long long)saved.bytes, "last_step", (long long)saved.last_step);
}

static int learn(struct run *run)
{
    const char *folder = trimtab_folder(run->trimtab);

    run->recorded = trimtab_total_steps(run->trimtab, run->total_steps) != TRIMTAB_INERT;
    run->resumed = make_resumed(run->trimtab);
    if (folder)
        run->folder = PyUnicode_DecodeFSDefault(folder);
    return run->resumed && (run->folder || !folder) ? 0 : -1;
}

/* What is asked for, and the objects that own its texts. */
struct request {
    PyObject *name, *project, *folder;
    trimtab_options options;
    int quiet, no_server, resume, record;
    PyObject *total_steps;
};

static int optional_utf8(PyObject *object, const char *what, const char **text)
{
    if (object && object != Py_None)
        *text = run_utf8(object, what);
    return object && object != Py_None && !*text ? -1 : 0;
}

static int open_run(struct run *run, struct request *request, PyObject *folder)
{
    trimtab_options *options = &request->options;

    if (optional_utf8(request->name, "name", &options->name) < 0 ||
        optional_utf8(request->project, "project", &options->project) < 0 ||
        run_int64(request->total_steps, &options->total_steps) < 0)
        return -1;
    if (run->initialized) { /* looked at last: what was called above may have done it */
        PyErr_SetString(PyExc_RuntimeError, "this run is open already");
        return -1;
    }
    if (options->total_steps < 0) {
        PyErr_SetString(PyExc_ValueError, "total_steps is 0 (unknown) or more");
        return -1;
    }
    run->total_steps = options->total_steps;
    PyObject *name = options->name ? request->name : options->project ? request->project : Py_None;
    Py_INCREF(name);
    run->name = name;
    run->initialized = true;
    if (!request->record)
        return 0;
    options->run = folder ? PyBytes_AS_STRING(folder) : NULL;
    options->quiet = request->quiet != 0;
    options->no_server = request->no_server != 0;
    options->resume = request->resume != 0;
    options->language = "Python";
    run->trimtab = trimtab_open(options);
    run->pid = getpid();
    run_set_waiter(run);
    return learn(run);
}

static int run_init(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"name",  "project",   "run",    "total_steps", "max_pause",
                            "quiet", "no_server", "resume", "record",      NULL};
    struct run *run = (struct run *)self;
    PyObject *zero = PyLong_FromLong(0), *folder = NULL;
    struct request request = {.record = 1, .total_steps = zero};
    int code = -1;

    if (!zero)
        return -1;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O$OOOdpppp:Run", names, &request.name, &request.project,
                                     &request.folder, &request.total_steps, &request.options.max_pause, &request.quiet,
                                     &request.no_server, &request.resume, &request.record))
        goto out;
    if (request.folder && request.folder != Py_None && !PyUnicode_FSConverter(request.folder, &folder))
        goto out;
    code = open_run(run, &request, folder);
out:
    Py_XDECREF(folder);
    Py_DECREF(zero);
    return code;
}

/* ---- ending it ---- */

bool run_is_live(const struct run *run)
{
    return run->trimtab && run->recorded && run->pid == getpid();
}

/* In a forked child nobody is left who would come back from the control point, but the thread that forked. */
bool run_is_inside(const struct run *run)
{
    return run->in_control_point && (run->pid == getpid() || run->looper == PyThread_get_thread_ident());
}

void run_end(struct run *run)
{
    trimtab_run *trimtab = run->trimtab;

    run->closed = true;
    run->closing = false;
    if (!trimtab)
        return;
    PyObject *before = run->last_error;
    run->last_error =
        PyUnicode_DecodeUTF8(trimtab_error(trimtab), (Py_ssize_t)strlen(trimtab_error(trimtab)), "replace");
    if (!run->last_error)
        PyErr_Clear();
    Py_XDECREF(before);
    run->last_dropped = trimtab_dropped(trimtab);
    run->trimtab = NULL;
    trimtab_close(trimtab);
    /* A run that has ended keeps no model alive. */
    bindings_clear(run->bindings);
    actions_clear(run->actions);
    Py_CLEAR(run->waiting);
}

static PyObject *run_close(PyObject *self, PyObject *nothing)
{
    struct run *run = (struct run *)self;

    (void)nothing;
    if (run_is_inside(run)) {
        run->closing = run->interrupted = true;
        trimtab_interrupt(run->trimtab);
    } else {
        run_end(run);
    }
    Py_RETURN_NONE;
}

static int run_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct run *run = (struct run *)self;

    Py_VISIT(Py_TYPE(self));
    Py_VISIT(run->resumed);
    Py_VISIT(run->raised);
    Py_VISIT(run->waiting);
    Py_VISIT(run->series);
    Py_VISIT(run->unloggable);
    Py_VISIT(run->implicit);
    Py_VISIT(run->applied);
    int code = bindings_traverse(run->bindings, visit, arg);
    return code ? code : actions_traverse(run->actions, visit, arg);
}

static int run_clear(PyObject *self)
{
    struct run *run = (struct run *)self;

    Py_CLEAR(run->resumed);
    Py_CLEAR(run->raised);
    Py_CLEAR(run->waiting);
    Py_CLEAR(run->unloggable);
    Py_CLEAR(run->implicit);
    Py_CLEAR(run->applied);
    bindings_clear(run->bindings);
    actions_clear(run->actions);
    return 0;
}

static void run_dealloc(PyObject *self)
{
    struct run *run = (struct run *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject *raised = raised_take();

    PyObject_GC_UnTrack(self);
    if (run->weakrefs)
        PyObject_ClearWeakRefs(self);
    run_end(run);
    (void)run_clear(self);
    bindings_destroy(run->bindings);
    actions_destroy(run->actions);
    for (size_t i = 0; i < RUN_CURVES; i++)
        Py_CLEAR(run->curve[i].name);
    Py_CLEAR(run->series);
    Py_CLEAR(run->name);
    Py_CLEAR(run->folder);
    Py_CLEAR(run->last_error);
    if (raised)
        raised_put(raised);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- the type ---- */

static PyMethodDef methods[] = {
    {"control_point", run_control_point, METH_O, "control_point(step) -> bool: False ends the loop"},
    {"steps", CORE_FAST(run_steps), METH_VARARGS | METH_KEYWORDS, "steps(n, start=0) -> iterator of steps"},
    {"next_step", run_next_step, METH_O, "next_step(step): inside an action; the run goes on there"},
    {"interrupt", run_interrupt, METH_NOARGS, "interrupt(): the loop ends at this or the next control point"},
    {"waiting", CORE_FAST(run_waiting), METH_VARARGS | METH_KEYWORDS, "waiting(function, every): called while paused"},
    {"log", CORE_FAST(run_log), METH_FASTCALL | METH_KEYWORDS, "log(values or name, value=..., /, *, step, commit)"},
    {"series", CORE_FAST(run_series), METH_VARARGS | METH_KEYWORDS, "series(name, unit=None): declares a curve"},
    {"flush", run_flush, METH_NOARGS, "flush(): publishes what was logged"},
    {"declare", run_declare, METH_O, "declare(setting) -> 0 or a negative code"},
    {"define", CORE_FAST(run_define), METH_VARARGS | METH_KEYWORDS, "define(name, doc, params, function) -> code"},
    {"config_json", CORE_FAST(run_config_json), METH_VARARGS | METH_KEYWORDS, "config_json(name, json) -> code"},
    {"checkpoint_told", CORE_FAST(run_checkpoint_told), METH_VARARGS | METH_KEYWORDS,
     "checkpoint_told(id, path, bytes) -> code"},
    {"message_told", CORE_FAST(run_message_told), METH_VARARGS | METH_KEYWORDS, "message_told(level, text) -> code"},
    {"close", run_close, METH_NOARGS, "close(): ends the run; twice is safe"},
    {NULL, NULL, 0, NULL}};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, (Py_ssize_t)offsetof(struct run, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL}};

static PyType_Slot slots[] = {{Py_tp_doc, "A run as libtrimtab holds it."},
                              {Py_tp_new, (void *)run_new},
                              {Py_tp_init, (void *)run_init},
                              {Py_tp_dealloc, (void *)run_dealloc},
                              {Py_tp_traverse, (void *)run_traverse},
                              {Py_tp_clear, (void *)run_clear},
                              {Py_tp_methods, methods},
                              {Py_tp_getset, run_attributes},
                              {Py_tp_members, members},
                              {0, NULL}};

PyType_Spec run_spec = {.name = "trimtab._core.Run",
                        .basicsize = sizeof(struct run),
                        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                        .slots = slots};
