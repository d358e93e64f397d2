/* outcome.h: what became of a request, as it stands in replies, events and the audit. */
#ifndef WIRE_OUTCOME_H
#define WIRE_OUTCOME_H

#include "wire/reply.h"

/* The members after "ticket" and "outcome". */
void outcome_facts(struct buf *out, const struct ticket *ticket, const struct run *run);
/* The CodeError of one that was not applied; whatever a trainer said, it is one that has a Message. */
int outcome_error(const struct outcome *outcome);

#endif
