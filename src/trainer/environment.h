/* environment.h: what the library itself knows of where it runs. */
#ifndef TRAINER_ENVIRONMENT_H
#define TRAINER_ENVIRONMENT_H

#include "trainer/run.h"

/* Host, command line (as a shell takes it), working folder, start time of the run, and the same as config: command,
 * folder, host, pid, started, and git_commit where the working folder lies in a work tree. False: no memory. */
bool environment_learn(trimtab_run *run);

#endif
