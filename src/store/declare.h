/* declare.h: what the trainer declares: run, series, settings, actions, config, state. Written where it is new or says
 * something else than before; the trainer says it again in every segment. Within a transaction. */
#ifndef STORE_DECLARE_H
#define STORE_DECLARE_H

#include "store/state.h"

/* `record` is one of RUN, SERIES, SETTING, ACTION, CONFIG, STATE, END; it may be changed. */
int declare_take(struct store *store, struct record *record, struct err *err);

/* A setting's value now in force; `effect` with the store's id. */
int declare_effect(struct store *store, const struct record *effect, struct err *err);

/* Writes what has changed in memory only: last points, values in force. */
int declare_save(struct store *store, struct err *err);

#endif
