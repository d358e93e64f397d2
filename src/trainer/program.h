/* program.h: where the program `trimtab` is, which serves a run. */
#ifndef TRAINER_PROGRAM_H
#define TRAINER_PROGRAM_H

#include <limits.h>

#include "base/err.h"

/* $TRIMTAB_SERVER where it is set; else beside the library, beside the executable (each as installed, and as in a build
 * folder), or on PATH. 0 with its resolved path; ERR_MISSING with a sentence. */
int program_find(char path[PATH_MAX], struct err *err);

#endif
