/* old_tail.h: points of a run.db of schema 2, which kept them as blobs in the order in which they were logged (table
 * tail_2). They become chunks in slices, before anything that came later; a reader sees what has been converted. */
#ifndef STORE_OLD_TAIL_H
#define STORE_OLD_TAIL_H

#include <stdbool.h>

struct store;
struct err;

/* Is there any of it left, as of the last commit? */
int old_tail_load(struct store *store, struct err *err);
/* Converts some of it. *more: there is some left. Within a transaction. */
int old_tail_convert(struct store *store, bool *more, struct err *err);

#endif
