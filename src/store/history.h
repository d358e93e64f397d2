/* history.h: what is stored of some series in a range, as few points or buckets; for this room only. */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/store.h"

/* As store_history, within a read transaction. Where it fails nothing is appended. */
int history_write(struct store_reader *reader, const struct store_history_ask *ask, struct buf *out, struct err *err);

#endif
