/* run.h: the run, as the library holds it. */
#ifndef TRAINER_RUN_H
#define TRAINER_RUN_H

#include <trimtab/trimtab.h>

#include "base/err.h"
#include "base/folder.h"
#include "channel/journal_writer.h"
#include "channel/liveness.h"
#include "channel/mailbox.h"
#include "trainer/action.h"
#include "trainer/nonfinite.h"
#include "trainer/notice.h"
#include "trainer/pulse.h"
#include "trainer/resume.h"
#include "trainer/setting.h"
#include "trainer/start.h"

#define RUN_CONFIGS_MAX 1024u
#define RUN_NO_STEP INT64_MAX

/* What *mark says. A forked child sees MARK_NONE; so does everybody where the run could not be opened. */
enum { MARK_NONE = 0, MARK_LIVE = 1, MARK_INTERRUPTED = 2 };

struct series {
    char *name, *unit;
    bool nonfinite_told;
};

struct config {
    char *name, *json;
};

/* An outcome that found no room in the journal: told before anything else is taken. */
struct untold {
    uint64_t ticket; /* 0: none */
    uint32_t error;
    bool changed;
    int64_t step;
};

struct trimtab_run {
    /* What each control point and each scalar reads. */
    uint8_t *mark;      /* the fork mark's page, or &no_mark; also written by trimtab_interrupt */
    int64_t alarm_step; /* from this step on a control point has more to do; INT64_MIN: in any case */
    int32_t countdown;  /* control points until the next look at the connection */
    uint32_t watches, getters;
    uint32_t loggable; /* series ids up to this one are recorded: all, or 0 at a step that no journal can hold */
    struct mailbox mailbox;
    struct journal_writer journal;
    struct watch watch[TRIMTAB_SETTINGS_MAX];

    /* The loop. */
    bool busy;        /* inside a control point */
    bool interrupted; /* atomic: set by trimtab_interrupt */
    int64_t step;
    int64_t total_steps; /* 0: unknown */
    enum run_state state;
    uint64_t state_ticket;
    int64_t state_step, state_time_ns;
    struct trimtab_waiter waiter;
    int64_t pause_step; /* where an advance will pause; RUN_NO_STEP: none */
    uint64_t pause_ticket;
    int64_t max_pause_ns; /* 0: no bound */
    int64_t paused_ns;    /* monotonic: when the pause began */
    int32_t interval;     /* what the countdown began with */
    int64_t looked_ns;
    struct untold untold;
    bool at_bad_step; /* the step is out of the range that a journal can hold */
    uint64_t dropped_at_bad_steps;

    /* What was declared. Settings and actions do not move: their own functions may declare more. */
    struct series *series;
    uint32_t series_count, series_capacity;
    struct setting *setting[TRIMTAB_SETTINGS_MAX];
    uint32_t settings, strings; /* strings: of these */
    struct action *action[TRIMTAB_ACTIONS_MAX];
    uint32_t actions;
    struct config *config;
    uint32_t configs, config_capacity;
    size_t declared_bytes;     /* of all of them restated */
    struct buf scratch, texts; /* texts: of the outcome of a set */
    struct nonfinite nonfinite;

    /* Who we are; all texts are well-formed UTF-8. */
    char *name, *project, *language; /* project: NULL where none was given, and it is the name */
    char *host, *command, *working_folder;
    int64_t started_ns;
    struct folder folder;
    int journal_fd, lock_fd;
    struct incarnation incarnation;
    uint64_t ordinal;
    struct pulse pulse;
    struct start start;
    struct notice notice;
    struct resume resume;
    bool inert; /* from the start: off, or could not be opened */
    uint8_t no_mark;
    struct err err;
};

/* False for NULL, an inert run, a forked copy. */
static inline bool run_is_live(const trimtab_run *run)
{
    return run && __atomic_load_n(run->mark, __ATOMIC_RELAXED) != MARK_NONE;
}

/* Can a journal hold this step? */
static inline bool run_holds_step(int64_t step)
{
    return step >= RECORD_STEP_MIN && step <= RECORD_STEP_MAX;
}

/* What was logged so far belongs to the step before and is published. */
static inline void run_go_to_step(trimtab_run *run, int64_t step)
{
    journal_publish(&run->journal);
    journal_step(&run->journal, step);
    run->step = step;
    atomic_store_explicit(&run->mailbox.map->step, step, memory_order_relaxed);
}

/* Keeps the sentence for trimtab_error and returns the TRIMTAB_ code. */
int run_refuse(trimtab_run *run, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Is `text` a name, or a text of at most `max` bytes (NULL is one)? */
bool run_is_name(const char *text);
bool run_is_text(const char *text, size_t max);
/* NULL is copied as "". NULL: no memory. */
char *run_copy_text(const char *text);

/* The array with room for one more element, perhaps elsewhere. NULL: no memory, and the array is as it was. */
void *run_grow(void *array, uint32_t count, uint32_t *capacity, size_t element);

#endif
