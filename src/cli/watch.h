/* watch.h: the two ways to follow a run: lines one after the other, or a picture that is kept up. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/session.h"

#define WATCH_TOPICS "scalars,run,settings,outcomes,messages,declarations"

struct watch {
    struct session session;
    const char *topics; /* --topics; NULL: WATCH_TOPICS */
    struct args_texts series;
    struct args_integer count;
    int64_t end_ns; /* of the monotonic clock */
};

/* Both on an open session, which they leave open; the status to end with, having said why. */
int watch_lines(struct watch *watch);
int watch_board(struct watch *watch);

#endif
