/* trimtab.h: the trainer's side of trimtab.
 *
 * A training loop opens a run, declares what may be watched, changed and done, and calls the control point at the top
 * of each step. Everything that clients ask for happens inside the control point; nothing here ever blocks (but a
 * requested pause, inside the control point), exits, raises a signal, or fails the training.
 *
 *     trimtab_options options = {0};
 *     options.name = "char-gpt";
 *     options.total_steps = steps;
 *     trimtab_run *run = trimtab_open(&options);
 *     double lr = 3e-4;
 *     trimtab_setting_double(run, "lr", &lr, 1e-6, 1e-1, "learning rate");
 *     trimtab_series loss = trimtab_series_declare(run, "train/loss", "nats");
 *     for (int64_t step = 0; trimtab_control_point(run, &step) != TRIMTAB_STOP; step++)
 *         trimtab_log(run, loss, train_step(model, lr));
 *     trimtab_close(run);
 *
 * Threads: one thread at a time may use a run; the functions do not lock. After fork() the child's copy is inert: every
 * call on it is a no-op. Every function accepts run == NULL and then does nothing.
 *
 * Steps are whole numbers in [-2^55, 2^55). Times are CLOCK_REALTIME.
 * Texts are UTF-8, zero-terminated, and copied before a function returns, unless said otherwise.
 */
#ifndef TRIMTAB_TRIMTAB_H
#define TRIMTAB_TRIMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRIMTAB_API __attribute__((visibility("default")))
#define TRIMTAB_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))

#define TRIMTAB_VERSION "0.1.0"

typedef struct trimtab_run trimtab_run;

/* ---- what the functions below return: 0, or one of these (all negative) ---- */
enum {
    TRIMTAB_OK = 0,
    TRIMTAB_INVALID = -1,   /* an argument is out of its range, or a text is not UTF-8 or too long */
    TRIMTAB_DUPLICATE = -2, /* that name is declared already */
    TRIMTAB_LIMIT = -3,     /* more declarations than a run can hold (see the bounds below) */
    TRIMTAB_DROPPED = -4,   /* not recorded: no room in the journal; counted, and told when there is room again */
    TRIMTAB_INERT = -5      /* the run is NULL, switched off, a forked copy, or could not be opened */
};

/* Bounds of one run. A name is 1 to 128 bytes without control characters. */
#define TRIMTAB_NAME_MAX 128
#define TRIMTAB_TEXT_MAX 4096     /* a unit, a doc line, a message, a choice, bytes */
#define TRIMTAB_STRING_MAX 1024   /* the value of a setting that is a string, bytes of UTF-8 */
#define TRIMTAB_SERIES_MAX 4096   /* series */
#define TRIMTAB_SETTINGS_MAX 256  /* settings, the built-in one among them */
#define TRIMTAB_ACTIONS_MAX 64    /* actions */
#define TRIMTAB_CHOICES_MAX 64    /* choices of one setting */
#define TRIMTAB_PARAMS_MAX 16     /* parameters of one action */
#define TRIMTAB_CONFIG_MAX 65536  /* one config value, bytes of JSON */
#define TRIMTAB_RESULT_MAX 262144 /* one action's result, bytes of JSON */

/* ---- a run ---- */

typedef struct trimtab_options {
    const char *name;     /* the run's name; NULL: the project's, else the program's */
    const char *project;  /* what the run belongs to: runs of one project stand beside each other, whatever their names;
                             NULL: its name. A name as the run's, and told as the config value `project` */
    const char *run;      /* the run's folder; NULL: $TRIMTAB_RUN, else see `resume`, else a new
                             $TRIMTAB_HOME/PROJECT/YYYYMMDD-HHMMSS */
    int64_t total_steps;  /* the control point answers TRIMTAB_STOP at this step; 0: unknown */
    double max_pause;     /* seconds after which a pause ends by itself; 0: never */
    bool quiet;           /* print nothing */
    bool no_server;       /* start no server; one that runs, or comes later, is used all the same */
    bool resume;          /* go on with a run, not begin one: where no folder is named, with the newest one of this name
                             (and project) that was trained and that nobody trains now; where there is none, with a new
                             one. $TRIMTAB_RESUME=1 says the same. See trimtab_resumed */
    const char *language; /* that of the program, for those who ask: a name as the run's; NULL: "C" */
} trimtab_options;

/* Opens (and makes, where it does not exist) the run's folder and begins to record. Prints one line on standard error
 * unless quiet: where the run can be reached, or why it is not recorded.
 *
 * Where nobody serves the run, a server is started (the program trimtab, found beside the library, beside the
 * executable or on PATH; $TRIMTAB_SERVER is its path, or "off") as a process in a session of its own that outlives this
 * one and ends when trainer and clients have been gone for ten minutes; what it prints is appended to server.log in the
 * run's folder. It is never waited for: the line on standard error may come with a later control point, at the latest
 * with trimtab_close. A control point that finds the server gone starts another one, at first after a second, then less
 * and less often (a minute). The process that starts it is a child of this one, which ends at once: a handler of
 * SIGCHLD sees it. Its status is taken by its number; a program that waits for any child may take it instead.
 *
 * Never returns NULL but for want of memory: where the folder cannot be used (another trainer holds it, disk full, no
 * permission) or TRIMTAB=off is set, the run is inert: all calls do nothing, control points answer by total_steps
 * alone, trimtab_error tells why. `options` may be NULL. The caller ends the run with trimtab_close. */
TRIMTAB_API trimtab_run *trimtab_open(const trimtab_options *options);

/* Tells that the trainer ended in good order, lets the folder go, frees the run. The server and the history stay. */
TRIMTAB_API void trimtab_close(trimtab_run *run);

/* What the earlier lives of a resumed run left. */
typedef struct trimtab_saved {
    const char *id;    /* of the newest checkpoint that was told; "": none */
    const char *path;  /* of it; "": none */
    int64_t step;      /* at which it was told; 0: none */
    uint64_t bytes;    /* its size */
    int64_t last_step; /* of the last control point that is known; 0: none. After a kill it may be some seconds old */
} trimtab_saved;

/* True where the run was asked to be resumed and was trained before; *newest (may be NULL) is then filled in, else it
 * is all zero and "". Its texts are valid until trimtab_close. Nothing of the earlier life is restored or applied:
 * settings begin with the values that the program gives them, requests of then are not carried out. But revisions go on
 * counting, and the first control point tells how the settings differ from what they were: a message, and the config
 * value `resumed`, {"life":2,"step":41230,"checkpoint":"step-041000","settings":{"lr":0.0003}} with the earlier values
 * of those that differ. */
TRIMTAB_API bool trimtab_resumed(const trimtab_run *run, trimtab_saved *newest);

/* The folder of the run, or NULL. Valid until trimtab_close. */
TRIMTAB_API const char *trimtab_folder(const trimtab_run *run);

/* Why the run is inert, or what was last refused or dropped, as one sentence; "" when nothing was. Valid until the next
 * call on this run. */
TRIMTAB_API const char *trimtab_error(const trimtab_run *run);

/* How many records (mostly scalars) were dropped so far because the journal had no room. */
TRIMTAB_API uint64_t trimtab_dropped(const trimtab_run *run);

/* ---- the loop ---- */

enum { TRIMTAB_GO = 0, TRIMTAB_STOP = 1 };

/* The control point: call it at the top of each step with the step about to run.
 * Publishes what was logged, then carries out what clients asked for and is due: changes settings, runs actions,
 * pauses (it returns when resumed), stops. Answers TRIMTAB_STOP when the loop should end (asked to stop, or *step has
 * reached total_steps), else TRIMTAB_GO. An action may have moved the run to another step (restore): *step is then that
 * step. Cost when nothing is due: a few nanoseconds; no system call. */
TRIMTAB_API int trimtab_control_point(trimtab_run *run, int64_t *step);

/* The step at which the training will have ended, told to clients; control points answer TRIMTAB_STOP at it; 0:
 * unknown. For a program that learns it after trimtab_open; may be called inside an action. Returns TRIMTAB_OK,
 * TRIMTAB_INVALID (negative or out of range), TRIMTAB_DROPPED (it counts, clients learn it later) or TRIMTAB_INERT; an
 * inert run keeps it too, for its control points. */
TRIMTAB_API int trimtab_total_steps(trimtab_run *run, int64_t total_steps);

/* For bindings to languages that have a lock of their own, such as Python's: let go of it while a pause waits. */
typedef struct trimtab_waiter {
    /* A wait of a pause begins. Until `after` is called the control point touches nothing of the run: another thread
     * may use it (but not close it, nor call a control point, which would be refused). */
    void (*before)(void *user);
    /* The wait is over: something has come, or 100 ms have passed. Non-zero: the control point returns TRIMTAB_GO at
     * once; the run stays paused, and the next control point waits on. */
    int (*after)(void *user);
    void *user; /* must outlive the run */
} trimtab_waiter;

/* Copies *waiter; NULL: none. */
TRIMTAB_API void trimtab_set_waiter(trimtab_run *run, const trimtab_waiter *waiter);

/* The present control point and all later ones answer TRIMTAB_STOP; a pause ends, at the latest 100 ms later. While a
 * run is paused signal handlers do run but the loop does not: a handler that only sets a flag of the program (Ctrl-C)
 * is not heeded before the run is resumed, one that calls this is. The one function that a signal handler or another
 * thread may call (before trimtab_close, not after). */
TRIMTAB_API void trimtab_interrupt(trimtab_run *run);

/* ---- scalars ---- */

typedef struct trimtab_series {
    uint32_t id; /* 0: none; logging to it does nothing */
} trimtab_series;

/* Declares a curve; `unit` may be NULL. The same name again gives the same series. `/` groups: "train/loss". */
TRIMTAB_API trimtab_series trimtab_series_declare(trimtab_run *run, const char *name, const char *unit);

/* Records a value at the step of the last control point; published by the next control point or trimtab_flush.
 * NaN and infinities are values like others; the first of a series is told as a message, and where clients have set the
 * built-in setting pause_on_nonfinite (a bool, at first false) the next control point pauses. */
TRIMTAB_API void trimtab_log(trimtab_run *run, trimtab_series series, double value);

/* Records a value at any step, published at once. Steps may go backwards: a new segment of the curve. */
TRIMTAB_API void trimtab_log_at(trimtab_run *run, trimtab_series series, int64_t step, double value);

/* Publishes what was logged since the last control point. */
TRIMTAB_API void trimtab_flush(trimtab_run *run);

/* ---- settings: what clients may change ---- */

typedef enum trimtab_type {
    TRIMTAB_TYPE_DOUBLE = 1,
    TRIMTAB_TYPE_INT = 2,
    TRIMTAB_TYPE_BOOL = 3,
    TRIMTAB_TYPE_CHOICE = 4, /* an index into the choices */
    TRIMTAB_TYPE_STRING = 5
} trimtab_type;

typedef struct trimtab_value {
    trimtab_type type;
    double number;    /* of a double */
    int64_t integer;  /* of an int; 0 or 1 of a bool; index of a choice */
    const char *text; /* of a string: zero-terminated UTF-8 of at most TRIMTAB_STRING_MAX bytes; NULL is "" */
} trimtab_value;

/* Binds a setting to a variable, which is read and written only inside control points and must outlive the run.
 * -INFINITY and INFINITY (INT64_MIN and INT64_MAX of an int) are no bound on that side, and min == max == 0 is none at
 * all. The variable's present value is the setting's first value; it may lie outside the range.
 * Where the program itself changes the variable (a schedule), the new value is told at the next control point.
 * Returns TRIMTAB_OK, TRIMTAB_INVALID, TRIMTAB_DUPLICATE, TRIMTAB_LIMIT or TRIMTAB_INERT. */
TRIMTAB_API int trimtab_setting_double(trimtab_run *run, const char *name, double *variable, double min, double max,
                                       const char *doc);
TRIMTAB_API int trimtab_setting_int(trimtab_run *run, const char *name, int64_t *variable, int64_t min, int64_t max,
                                    const char *doc);
TRIMTAB_API int trimtab_setting_bool(trimtab_run *run, const char *name, bool *variable, const char *doc);
/* `choices` ends with NULL and is copied; *variable is an index into it. An index that is none of them is refused here
 * (TRIMTAB_INVALID), and is not told when the program stores it later. */
TRIMTAB_API int trimtab_setting_choice(trimtab_run *run, const char *name, int *variable, const char *const *choices,
                                       const char *doc);

/* Binds a text: `size` (1 to TRIMTAB_STRING_MAX + 1) is that of the buffer, which holds a zero-terminated text and is
 * read and written as a variable is. A request for more than size - 1 bytes is refused. What the program itself leaves
 * there that is not UTF-8, or not zero-terminated, is told with U+FFFD in the place of what is wrong, cut at size - 1
 * bytes. Each such setting makes every control point compare its text. */
TRIMTAB_API int trimtab_setting_string(trimtab_run *run, const char *name, char *buffer, size_t size, const char *doc);

typedef struct trimtab_result trimtab_result; /* what an action or a setter answers; see below */

/* A setting that the program applies by itself. */
typedef struct trimtab_setting {
    const char *name;
    trimtab_value value;              /* type, and the value now in effect */
    double min, max;                  /* of a double: as of trimtab_setting_double */
    int64_t integer_min, integer_max; /* of an int */
    const char *const *choices;       /* of a choice: ends with NULL */
    const char *unit;                 /* may be NULL */
    const char *doc;                  /* may be NULL */
    /* Applies *value (checked against type and range already) and stores in *value what it really took; returns 0. Or
     * changes nothing and returns trimtab_result_fail(why, ...). Called inside control points. The text of a string is
     * valid until it returns; one that it stores there is copied as soon as it has returned. */
    int (*set)(void *user, trimtab_value *value, trimtab_result *why);
    /* Reads the value in effect; NULL: it changes only through `set`. Called at each control point: keep it cheap. A
     * text that it stores is copied at once; before that it is the one that was told last. */
    void (*get)(void *user, trimtab_value *value);
    void *user; /* must outlive the run */
} trimtab_setting;

/* Declares such a setting; the struct and its texts are copied. A string takes at most TRIMTAB_STRING_MAX bytes.
 * Returns as trimtab_setting_double. */
TRIMTAB_API int trimtab_setting_declare(trimtab_run *run, const trimtab_setting *setting);

/* ---- actions: what clients may have done ---- */

typedef struct trimtab_param {
    const char *name;                          /* NULL ends a list */
    trimtab_type type;                         /* not TRIMTAB_TYPE_CHOICE */
    const char *text;                          /* default of a string */
    double number, min, max;                   /* default and range of a double */
    int64_t integer, integer_min, integer_max; /* default and range of an int; default of a bool */
} trimtab_param;

static inline trimtab_param TRIMTAB_STRING(const char *name, const char *text)
{
    trimtab_param p = {name, TRIMTAB_TYPE_STRING, text, 0, 0, 0, 0, 0, 0};
    return p;
}
/* min and max as of a setting: -INFINITY and INFINITY (INT64_MIN and INT64_MAX) are no bound on that side, and
 * min == max == 0 is none at all. */
static inline trimtab_param TRIMTAB_DOUBLE(const char *name, double value, double min, double max)
{
    trimtab_param p = {name, TRIMTAB_TYPE_DOUBLE, NULL, value, min, max, 0, 0, 0};
    return p;
}
static inline trimtab_param TRIMTAB_INT(const char *name, int64_t value, int64_t min, int64_t max)
{
    trimtab_param p = {name, TRIMTAB_TYPE_INT, NULL, 0, 0, 0, value, min, max};
    return p;
}
static inline trimtab_param TRIMTAB_BOOL(const char *name, bool value)
{
    trimtab_param p = {name, TRIMTAB_TYPE_BOOL, NULL, 0, 0, 0, value ? 1 : 0, 0, 0};
    return p;
}
static inline trimtab_param TRIMTAB_END(void)
{
    trimtab_param p = {NULL, TRIMTAB_TYPE_DOUBLE, NULL, 0, 0, 0, 0, 0, 0};
    return p;
}

typedef struct trimtab_args trimtab_args; /* the parameters of one call; valid until the action returns */

/* An action: returns 0, or non-zero after trimtab_result_fail. Runs inside a control point. */
typedef int trimtab_action_fn(void *user, const trimtab_args *args, trimtab_result *result);

/* trimtab_action(run, "checkpoint", save, model);
 * trimtab_action(run, "generate", generate, model, TRIMTAB_STRING("prompt", ""), TRIMTAB_INT("length", 160, 1, 4096));
 * Names that clients know: checkpoint, restore (id), evaluate, predict, generate.
 * `user` must outlive the run. Returns as trimtab_setting_double. */
TRIMTAB_API int trimtab_action_declare(trimtab_run *run, const char *name, trimtab_action_fn *function, void *user,
                                       ... /* trimtab_param..., TRIMTAB_END() */);
#define trimtab_action(...) trimtab_action_declare(__VA_ARGS__, TRIMTAB_END())

/* The same with a sentence for clients, and parameters that are known only when the program runs. */
typedef struct trimtab_definition {
    const char *name;
    const char *doc;             /* may be NULL */
    const trimtab_param *params; /* ends with TRIMTAB_END(); NULL: none */
    trimtab_action_fn *function;
    void *user; /* must outlive the run */
} trimtab_definition;

/* Declares such an action; the struct and its texts are copied. Returns as trimtab_setting_double. */
TRIMTAB_API int trimtab_action_define(trimtab_run *run, const trimtab_definition *definition);

/* The value of a declared parameter (its default where the request did not name it). A name that was not declared, or
 * of another type, gives 0, false or "". The text lives until the action returns. */
TRIMTAB_API int64_t trimtab_args_int(const trimtab_args *args, const char *name);
TRIMTAB_API double trimtab_args_double(const trimtab_args *args, const char *name);
TRIMTAB_API bool trimtab_args_bool(const trimtab_args *args, const char *name);
TRIMTAB_API const char *trimtab_args_string(const trimtab_args *args, const char *name);
/* Did the request name it? False where its default stands. */
TRIMTAB_API bool trimtab_args_given(const trimtab_args *args, const char *name);

/* What an action tells back: named values, sent as one JSON object of at most TRIMTAB_RESULT_MAX bytes. Bytes of `text`
 * that are not UTF-8 are sent as U+FFFD. What does not fit is left out, and the result says so. */
TRIMTAB_API void trimtab_result_string(trimtab_result *result, const char *name, const char *text);
TRIMTAB_API void trimtab_result_int(trimtab_result *result, const char *name, int64_t value);
TRIMTAB_API void trimtab_result_double(trimtab_result *result, const char *name, double value);
TRIMTAB_API void trimtab_result_bool(trimtab_result *result, const char *name, bool value);
/* `json` is one JSON value; the server checks it. */
TRIMTAB_API void trimtab_result_json(trimtab_result *result, const char *name, const char *json);
/* The run goes on at `step` (a restore): the control point stores it in *step. */
TRIMTAB_API void trimtab_result_next_step(trimtab_result *result, int64_t step);
/* The request is answered "Refused by model" with this sentence. Returns -1, so that it can be returned at once. */
TRIMTAB_API int trimtab_result_fail(trimtab_result *result, const char *format, ...) TRIMTAB_PRINTF(2, 3);

/* ---- other things worth telling; each is published at once ---- */

/* A fixed input of the run, as one JSON value: told with the run. The library itself adds command, folder, host, pid,
 * start time, and the git commit where there is one. The same name again replaces the value.
 * Returns TRIMTAB_OK, TRIMTAB_INVALID, TRIMTAB_LIMIT, TRIMTAB_DROPPED or TRIMTAB_INERT. */
TRIMTAB_API int trimtab_config(trimtab_run *run, const char *name, const char *json);

/* A checkpoint was saved: `id` is what restore takes, `path` may be NULL, `bytes` is its size. It belongs to the step
 * of the last control point. Where the run is resumed, trimtab_resumed gives the newest one. Returns as trimtab_config.
 */
TRIMTAB_API int trimtab_checkpoint(trimtab_run *run, const char *id, const char *path, uint64_t bytes);

typedef enum trimtab_level { TRIMTAB_INFO = 1, TRIMTAB_WARNING = 2, TRIMTAB_ERROR = 3 } trimtab_level;

/* A sentence for whoever watches, kept at the present step. Returns as trimtab_config. */
TRIMTAB_API int trimtab_message(trimtab_run *run, trimtab_level level, const char *text);

#ifdef __cplusplus
}
#endif

#endif
