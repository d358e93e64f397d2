/* messages.h: what clients said. Within a transaction. */
#ifndef STORE_MESSAGES_H
#define STORE_MESSAGES_H

#include "store/store.h"

/* `said` is its number; one that is there already is not written twice. */
int messages_add(struct store *store, uint64_t said, uint32_t level, const char *text, const char *by, int64_t step,
                 bool step_known, int64_t time_ns, struct err *err);

#endif
