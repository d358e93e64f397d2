/* settle.h: WAL into run.db, synced; only then may the journal that it covers go. */
#ifndef STORE_SETTLE_H
#define STORE_SETTLE_H

#include "store/state.h"

/* Does it where it is due: the WAL has grown, a segment is covered and the last time is a while ago, or `now_at_once`.
 * Nothing that `follower` (NULL: nobody) has not read goes. How many segments were unlinked. A failure is logged and
 * tried again. */
int settle(struct store *store, bool at_once, const struct journal_position *follower, int64_t now_ns);

/* Prepares a new connection: SQLite itself never checkpoints while it is open. */
void settle_begin(struct store *store);

#endif
