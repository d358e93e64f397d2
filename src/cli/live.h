/* live.h: the runs of this user that are served now. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <limits.h>

#include "trimtab/client.h"

/* `token`: for a run that is reached over TCP. The only live run, connected, and where it lies; *status is then
 * CLI_DONE. Else NULL, and why is said: CLI_USAGE with a list where there are several, CLI_NO_SERVER where there is
 * none. */
trimtab_client *live_only(const char *token, int *status, char path[PATH_MAX]);

#endif
