/* declare.h: declarations as records: told once when they are made, and again at the head of each journal segment. */
#ifndef TRAINER_DECLARE_H
#define TRAINER_DECLARE_H

#include "trainer/run.h"

/* What the head of a segment may hold (the journal's bound is half a segment). */
#define DECLARED_BYTES_MAX (SEGMENT_SIZE / 2 - 4096)

/* A journal_restate_fn; `context` is the run. */
int declare_restate(void *context, struct buf *out);

/* Each fills in all but step and time. */
void declare_run(const trimtab_run *run, struct record *record);
void declare_state(const trimtab_run *run, struct record *record);
void declare_series(uint32_t id, const struct series *series, struct record *record);
void declare_setting(const struct setting *setting, struct record *record);
void declare_action(const struct action *action, struct record *record);
void declare_config(const struct config *config, struct record *record);

/* Counts the record among what is restated. TRIMTAB_OK or TRIMTAB_LIMIT. */
int declare_count(trimtab_run *run, const struct record *record);
/* Takes it out again. */
void declare_uncount(trimtab_run *run, const struct record *record);

#endif
