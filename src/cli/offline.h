/* offline.h: a run that is read in its folder, without a server. */
#ifndef CLI_OFFLINE_H
#define CLI_OFFLINE_H

#include "cli/session.h"

/* Into session->path: the run of --run or $TRIMTAB_RUN, else the only one that is known. CLI_DONE, or what to end with,
 * having said why. */
int offline_choose(struct session *session);
/* Does a server hold the run in this folder? */
bool offline_is_served(const char *path);

#endif
