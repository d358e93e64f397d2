/* audit.h: writes the audit: acceptances and outcomes, each chained to the row before it. Within a transaction. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/state.h"

/* An acceptance, or an outcome judged by the server. One that is there already is passed over: the caller hands its
 * rows over again where it cannot know whether a commit came through. */
int audit_row(struct store *store, const struct store_row *row, struct err *err);

/* An outcome from the journal, its settings by the store's ids. One of a ticket that has its outcome already is passed
 * over; one of a ticket that was not accepted yet waits for its acceptance. */
int audit_outcome(struct store *store, const struct record *record, struct err *err);

/* The end of the chain, from run.db. */
int audit_load_head(struct store *store, struct err *err);
/* Writes it. */
int audit_save_head(struct store *store, struct err *err);

/* "applied", ...; NULL where there is none. */
const char *audit_outcome_name(enum outcome_kind kind);

#endif
