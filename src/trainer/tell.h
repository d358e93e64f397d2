/* tell.h: what happened, into the journal. */
#ifndef TRAINER_TELL_H
#define TRAINER_TELL_H

#include "trainer/run.h"

/* A record of this kind at the present step and time; the caller fills in the rest. */
void tell_begin(const trimtab_run *run, struct record *record, enum record_kind kind);
/* TRIMTAB_OK, or TRIMTAB_DROPPED: no room. */
int tell_put(trimtab_run *run, const struct record *record);

int tell_message(trimtab_run *run, trimtab_level level, const char *text);
/* The run is in this state from now on. */
void tell_state(trimtab_run *run, enum run_state state, uint64_t ticket);
/* The request has ended: in the journal, then in the mailbox, then by a beat. What finds no room is kept as untold. */
void tell_outcome(trimtab_run *run, struct record *record);
/* Tries again. False: it still finds no room. */
bool tell_untold(trimtab_run *run);

#endif
