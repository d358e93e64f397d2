/* apply.h: carries out one request of the mailbox and tells its outcome. */
#ifndef TRAINER_APPLY_H
#define TRAINER_APPLY_H

#include "trainer/run.h"

/* Exactly one outcome for each request taken. */
void apply_request(trimtab_run *run, const struct mailbox_request *request);

#endif
