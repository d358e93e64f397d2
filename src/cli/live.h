/* live.h: the runs of this user that are served now. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <limits.h>

#include "trimtab/client.h"

/* `token`: for a run that is reached over TCP. The run that is meant where none is named, connected, and where it lies:
 * the only one that is being trained; where there is none, the only one that waits for its trainer; else the only one
 * that has ended and is still served. *status is then CLI_DONE. Else NULL, and why is said: CLI_USAGE with a list where
 * there are several, CLI_NO_SERVER where there is none. */
trimtab_client *live_only(const char *token, int *status, char path[PATH_MAX]);

#endif
