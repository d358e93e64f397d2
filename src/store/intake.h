/* intake.h: the journal's records into the tables. Within a transaction. */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include "store/state.h"

/* Reads on from where the journal's reader stands, at most store->budget_bytes; *more: there was more than that. */
int intake_read(struct store *store, bool *more, struct err *err);

#endif
