/* outcome.h: what became of a request. */
#ifndef MODEL_OUTCOME_H
#define MODEL_OUTCOME_H

#include "model/run.h"

/* One setting of an outcome, by our ids. Texts of the values are owned. */
struct outcome_item {
    uint32_t setting; /* place in run->settings */
    struct value old, requested, effective;
    uint64_t revision;
};

/* Owns its texts and items. */
struct outcome {
    enum outcome_kind kind; /* 0: not yet */
    int error;              /* CodeError where it was not applied */
    bool step_known;
    int64_t step, time_ns;
    bool changed;
    bool pause_step_known;
    int64_t pause_step;
    bool reached; /* of lost: the trainer had taken it */
    char *detail; /* "" when none */
    char *result; /* an action's JSON object, checked; NULL when none */
    bool result_cut;
    uint32_t items;
    struct outcome_item *item;
};

/* Takes in what the trainer said (RECORD_OUTCOME), but for the result: whether that is sound JSON is not for this room
 * to say. Settings that were never declared are left out. False for want of memory: then a text or items are missing,
 * all else stands. */
bool outcome_take(struct outcome *outcome, const struct run *run, const struct record *record);

void outcome_finish(struct outcome *outcome); /* twice is safe */

#endif
