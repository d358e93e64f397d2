#include <time.h>
#include <unistd.h>

#include "raised.h"
#include "run.h"
#include "steps.h"

#define WAIT_MAX_S 1e6

/* ---- the control point ---- */

void run_keep_raised(struct run *run)
{
    PyObject *exception = raised_take();

    if (!exception)
        return;
    if (!run->raised) {
        run->raised = exception;
        return;
    }
    raised_put(exception); /* one can be raised; this one is shown */
    PyErr_WriteUnraisable((PyObject *)run);
}

static int point_unrecorded(const struct run *run, int64_t step)
{
    return run->interrupted || (run->total_steps > 0 && step >= run->total_steps) ? TRIMTAB_STOP : TRIMTAB_GO;
}

int run_answer_raised(struct run *run, trimtab_result *result, bool typed)
{
    PyObject *exception = raised_take();
    PyObject *bytes = raised_bytes(exception, typed);

    (void)trimtab_result_fail(result, "%s", bytes ? PyBytes_AS_STRING(bytes) : "out of memory");
    Py_XDECREF(bytes);
    raised_put(exception);
    if (raised_is_local(exception))
        PyErr_Clear();
    else
        run_keep_raised(run);
    return -1;
}

static int refuse_point(const struct run *run, int64_t step)
{
    if (run->pid != getpid()) /* forked in the middle of a control point: there may be nobody who would end it */
        return point_unrecorded(run, step);
    PyErr_SetString(PyExc_RuntimeError, "a control point cannot be called inside a control point, nor by another "
                                        "thread meanwhile");
    return -1;
}

static int end_point(struct run *run, int code)
{
    PyObject *raised = run->raised;

    if (run->closing)
        run_end(run);
    run->raised = NULL;
    if (!raised)
        return code;
    raised_put(raised);
    return -1;
}

int run_point(struct run *run, int64_t *step)
{
    if (run->in_control_point)
        return refuse_point(run, *step);
    Py_INCREF(run); /* an action may drop the last reference */
    run->in_control_point = true;
    run->looper = PyThread_get_thread_ident();
    run->step = *step; /* actions ask for it */
    int code = run->trimtab ? trimtab_control_point(run->trimtab, step) : point_unrecorded(run, *step);
    run->in_control_point = false;
    run->step = *step;
    run->stopping = code == TRIMTAB_STOP;
    run->looped = run->looped || !run->in_implicit;
    if (run->raised || run->closing)
        code = end_point(run, code);
    Py_DECREF(run);
    return code;
}

PyObject *run_control_point(PyObject *self, PyObject *step)
{
    int64_t at;

    if (run_int64(step, &at) < 0)
        return NULL;
    int code = run_point((struct run *)self, &at);
    return code < 0 ? NULL : PyBool_FromLong(code == TRIMTAB_GO);
}

/* Where nobody said how many there are, the loop does; the next loop says it anew. */
static void expect_steps(struct run *run, int64_t n)
{
    if ((run->total_steps != 0 && !run->total_of_steps) || n <= 0)
        return;
    run->total_of_steps = trimtab_total_steps(run->trimtab, n) != TRIMTAB_INVALID;
    if (run->total_of_steps)
        run->total_steps = n;
}

PyObject *run_steps(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"n", "start", NULL};
    struct run *run = (struct run *)self;
    PyObject *n_given, *start_given = NULL;
    int64_t n, start = 0;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O:steps", names, &n_given, &start_given) ||
        run_int64(n_given, &n) < 0 || (start_given && run_int64(start_given, &start) < 0))
        return NULL;
    expect_steps(run, n);
    return steps_create(run, n, start);
}

PyObject *run_next_step(PyObject *self, PyObject *step)
{
    struct run *run = (struct run *)self;
    int64_t next;

    if (run_int64(step, &next) < 0)
        return NULL;
    if (!run->result || run->actor != PyThread_get_thread_ident()) {
        PyErr_SetString(PyExc_RuntimeError, "next_step is for inside an action");
        return NULL;
    }
    trimtab_result_next_step(run->result, next);
    run->step = next; /* for the actions that come after this one */
    Py_RETURN_NONE;
}

PyObject *run_interrupt(PyObject *self, PyObject *nothing)
{
    struct run *run = (struct run *)self;

    (void)nothing;
    run->interrupted = true;
    trimtab_interrupt(run->trimtab);
    Py_RETURN_NONE;
}

/* ---- the waits of a pause: without the GIL ---- */

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

PyObject *run_waiting(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"function", "every", NULL};
    struct run *run = (struct run *)self;
    PyObject *function;
    double every;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "Od:waiting", names, &function, &every))
        return NULL;
    if (function != Py_None && !PyCallable_Check(function)) {
        PyErr_SetString(PyExc_TypeError, "waiting takes a function or None");
        return NULL;
    }
    if (!(every >= 0)) {
        PyErr_SetString(PyExc_ValueError, "waiting takes seconds of 0 or more");
        return NULL;
    }
    run->waiting_every_ns = (int64_t)((every < WAIT_MAX_S ? every : WAIT_MAX_S) * 1e9);
    run->waiting_due_ns = 0;
    core_hold(&run->waiting, function);
    Py_RETURN_NONE;
}

static int call_waiting(struct run *run)
{
    PyObject *function = run->waiting;
    int64_t now = function ? now_ns() : 0;

    if (!function || now < run->waiting_due_ns)
        return 0;
    run->waiting_due_ns = now + run->waiting_every_ns;
    Py_INCREF(function);
    PyObject *answer = PyObject_CallNoArgs(function);
    Py_DECREF(function);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

static void before_wait(void *user)
{
    ((struct run *)user)->thread = PyEval_SaveThread();
}

static int after_wait(void *user)
{
    struct run *run = user;

    PyEval_RestoreThread(run->thread);
    run->thread = NULL;
    if (!run->raised && (PyErr_CheckSignals() < 0 || call_waiting(run) < 0))
        run_keep_raised(run);
    return run->raised != NULL;
}

void run_set_waiter(struct run *run)
{
    trimtab_waiter waiter = {.before = before_wait, .after = after_wait, .user = run};

    trimtab_set_waiter(run->trimtab, &waiter);
}
