/* run.h: a run as Python sees it. */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core.h"

#define RUN_CURVES 128u /* a power of two */

/* The series of a name, found by the name's address: programs log the same few constants again and again. */
struct run_curve {
    PyObject *name; /* a reference; NULL: none */
    uint32_t id;
};

struct run {
    PyObject_HEAD trimtab_run *trimtab; /* NULL: nothing is recorded, or it is closed */
    struct core_state *state;
    bool initialized, recorded, closed;
    pid_t pid; /* of the process that opened it */
    PyObject *name, *folder, *resumed;
    PyObject *last_error; /* and the count below: of when it was closed */
    uint64_t last_dropped;
    PyObject *weakrefs;

    /* The loop. */
    int64_t step, total_steps;
    bool total_of_steps; /* steps() said it, nobody else */
    bool in_control_point;
    bool looped;            /* a control point was called, other than by `implicit` */
    bool in_implicit;       /* `implicit` is being called */
    bool stopping;          /* the last control point said so */
    bool interrupted;       /* where there is no libtrimtab to remember it */
    bool closing;           /* the control point closes the run when it ends */
    PyObject *raised;       /* what the control point raises when it ends */
    PyThreadState *thread;  /* while a pause waits without the GIL */
    unsigned long looper;   /* the thread that called the control point */
    unsigned long actor;    /* the thread that runs an action */
    trimtab_result *result; /* of the action that is run, or NULL */
    PyObject *waiting;      /* called while paused, or NULL */
    int64_t waiting_every_ns, waiting_due_ns;

    /* What is logged. */
    PyObject *series; /* name -> id; 0: refused */
    struct run_curve curve[RUN_CURVES];
    uint32_t refused;
    bool full; /* of series: said */
    PyObject *unloggable, *implicit;

    /* What was declared. */
    struct binding *bindings;
    struct action *actions;
    uint32_t declared; /* settings and actions */
    PyObject *applied;
};

extern PyType_Spec run_spec;

/* The control point of *step. TRIMTAB_GO, TRIMTAB_STOP, or -1 with an exception. */
int run_point(struct run *run, int64_t *step);
/* Keeps the exception that is raised for the control point to raise. */
void run_keep_raised(struct run *run);
/* The exception that is raised refuses a request; what is not for that request alone is kept too. Returns -1. */
int run_answer_raised(struct run *run, trimtab_result *result, bool typed);
void run_set_waiter(struct run *run);
/* Tells `unloggable`. 0, or -1 with an exception that is not for one value only. */
int run_tell_unloggable(struct run *run, PyObject *name, PyObject *value, PyObject *reason);
/* The same with the exception that is raised as the reason, which then is raised no more. */
int run_tell_raised(struct run *run, PyObject *name, PyObject *value);
/* The same with a format as PyUnicode_FromFormat has it, and its one text, as the reason. */
int run_tell_reason(struct run *run, PyObject *name, PyObject *value, const char *format, const char *detail);

/* Does this process record it? */
bool run_is_live(const struct run *run);
/* Is its control point being called? */
bool run_is_inside(const struct run *run);
/* Ends it. Not inside a control point. */
void run_end(struct run *run);

/* A whole number that fits. -1 with TypeError or OverflowError. */
int run_int64(PyObject *object, int64_t *number);
/* UTF-8 without zero bytes, which lives as long as the object; NULL with TypeError or ValueError. */
const char *run_utf8(PyObject *object, const char *what);

/* The methods, by file. */
PyObject *run_control_point(PyObject *self, PyObject *step);
PyObject *run_steps(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *run_next_step(PyObject *self, PyObject *step);
PyObject *run_interrupt(PyObject *self, PyObject *nothing);
PyObject *run_waiting(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *run_log(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords);
PyObject *run_series(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *run_flush(PyObject *self, PyObject *nothing);
PyObject *run_declare(PyObject *self, PyObject *setting);
PyObject *run_define(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *run_config_json(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *run_checkpoint_told(PyObject *self, PyObject *args, PyObject *keywords);
PyObject *run_message_told(PyObject *self, PyObject *args, PyObject *keywords);

#endif
