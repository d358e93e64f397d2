/* run.h: what is known of the run: plain data, fed with the journal's records, asked by the commands. No I/O.
 *
 * Series, settings and actions are known by name; their place in the arrays is their id on the wire and never changes
 * while the server lives. A trainer numbers its own declarations: the maps lead from its ids to ours. */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include "channel/record.h"
#include "channel/segment.h"
#include "model/request.h"

struct series {
    char *name, *unit;
    bool logged;
    int64_t step, time_ns; /* of the last value */
    double value;
    uint64_t count;
};

struct choice {
    char *text;
};

struct setting {
    char *name, *unit, *doc;
    enum value_type type;
    bool bounded;
    struct value min, max;
    uint32_t choices;
    struct choice *choice;
    struct value value; /* in effect; its text is owned */
    uint64_t revision;
    uint64_t ticket; /* the request that gave it its value; 0: the trainer's own code */
    bool attached;   /* the present trainer has declared it */
    uint32_t trainer_id;
};

struct param {
    char *name, *text; /* text: default of a string */
    struct value value;
    bool bounded;
    struct value min, max;
};

struct action {
    char *name, *doc;
    uint32_t params;
    struct param *param;
    bool attached;
    uint32_t trainer_id;
};

struct config {
    char *name, *json;
};

struct checkpoint {
    char *id, *path;
    int64_t step, time_ns;
    uint64_t bytes;
};

/* What the trainer, the server or a client said. */
struct said {
    uint64_t id; /* of what a client said; 0: none */
    uint32_t level;
    char *text, *by;
    int64_t step, time_ns; /* step MAILBOX_NO_STEP: not known */
};

struct trainer {
    bool attached; /* alive, as far as the server knows */
    struct incarnation incarnation;
    uint64_t ordinal;
    int64_t pid, total_steps, started_ns;
    char *language, *host, *command;
};

/* From the ids of one incarnation to ours; UINT32_MAX: not declared. */
struct id_map {
    uint32_t *to;
    uint32_t count;
};

struct run {
    char *name, *folder;
    enum run_state state;
    int64_t state_time_ns, state_step;
    bool frozen;
    struct trainer trainer;
    int64_t step;
    bool step_known;
    double steps_per_second; /* 0: not known */
    struct {                 /* for the rate: the step a while ago */
        int64_t step, time_ns;
        bool known;
    } rate;
    struct series *series;
    uint32_t series_count;
    struct setting *settings;
    uint32_t settings_count;
    struct action *actions;
    uint32_t actions_count;
    struct config *configs;
    uint32_t configs_count;
    struct checkpoint checkpoints[LIMIT_CHECKPOINTS_SHOWN]; /* newest first */
    uint32_t checkpoints_count;
    struct said messages[LIMIT_MESSAGES_SHOWN]; /* the newest, oldest first */
    uint32_t messages_count;
    struct id_map series_map, settings_map, actions_map;
    char history[96]; /* "stored", "rebuilding (40 %)", or "waiting (disk full)" */
    bool failed;      /* an allocation failed: some declaration or message is missing */
};

void run_init(struct run *run);
void run_finish(struct run *run);

/* What a record changed, for the events that follow from it. */
enum run_change {
    CHANGE_NONE,
    CHANGE_POINT, /* id: series */
    CHANGE_STEP,
    CHANGE_SERIES,  /* a new series: id */
    CHANGE_SETTING, /* newly declared or declared otherwise: id */
    CHANGE_ACTION,
    CHANGE_EFFECT, /* a setting's value: id */
    CHANGE_STATE,
    CHANGE_CHECKPOINT,
    CHANGE_MESSAGE,
    CHANGE_OUTCOME,
    CHANGE_STARTED,
    CHANGE_GAP,
    CHANGE_TRAINER, /* an incarnation began */
    CHANGE_TOTAL,   /* it has another number of steps */
    CHANGE_END
};

struct change {
    enum run_change kind;
    uint32_t id;
};

/* Takes in one record. Records that are replayed or restated change declarations and maps only and give CHANGE_NONE
 * where they say nothing new. Ids in a record that were never declared are ignored (CHANGE_NONE). */
struct change run_take(struct run *run, const struct record *record);

/* Keeps a copy of a message; the oldest gives way. `failed` is set for want of memory. */
void run_said(struct run *run, uint64_t id, uint32_t level, struct text text, const char *by, int64_t step,
              int64_t time_ns);

/* Forgets the trainer's ids (after the stored run was taken in: those were the store's); what it declares anew is
 * attached. */
void run_forget_ids(struct run *run);

/* The trainer has gone: settings and actions are not attached any more; the state becomes RUN_LOST unless it ended in
 * good order. `when_ns` 0: nobody saw it go; it counts from the last that is known of the run, as does its step then.
 */
void run_trainer_gone(struct run *run, int64_t when_ns);

/* The step of the newest control point, as read from the mailbox, and the rate over the last few seconds. */
void run_progress(struct run *run, int64_t step, int64_t now_ns);
/* Seconds to the end, or -1 when it cannot be told. */
double run_eta(const struct run *run);

const char *run_state_name(enum run_state state);

/* NULL when there is none. */
struct setting *run_setting_named(struct run *run, struct text name);
struct action *run_action_named(struct run *run, struct text name);

#endif
