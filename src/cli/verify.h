/* verify.h: is the audit of a run as it was written? Read from its folder, without a server. */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "cli/session.h"

/* Of the run of --run or $TRIMTAB_RUN, else of the only one that is known. CLI_REFUSED when it is not. */
int verify_run(struct session *session);

#endif
