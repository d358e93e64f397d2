/* open.h: from options to a run that records. */
#ifndef TRAINER_OPEN_H
#define TRAINER_OPEN_H

#include "trainer/run.h"

/* Takes the folder and begins the journal. 0, or ERR_* with the reason in run->err: then open_undo lets go of what was
 * taken. */
int open_run(trimtab_run *run, const trimtab_options *options);
/* Lets go of folder, locks, memory maps, without a word in the journal. In a forked child it frees what is the child's
 * and leaves the parent's run alone. Twice is safe. */
void open_undo(trimtab_run *run);

#endif
