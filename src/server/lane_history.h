/* lane_history.h: code 7 as the reader's lane asks it of the store: a copy that outlives the request. */
#ifndef SERVER_LANE_HISTORY_H
#define SERVER_LANE_HISTORY_H

#include "commands/command.h"
#include "store/store.h"

struct lane_history {
    struct store_history_ask ask;
    const char *beside; /* the folder's name of the run that is meant; NULL: this one */
    const char *globs[LIMIT_HISTORY_SERIES];
    char texts[]; /* what these point at */
};

/* One piece of memory, to be freed. NULL: there is none. */
struct lane_history *lane_history_create(const struct request *request, const struct answer *answer);

#endif
