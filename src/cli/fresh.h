/* fresh.h: folders that are made for something, and go with it where it does not come into being. */
#ifndef CLI_FRESH_H
#define CLI_FRESH_H

#include <limits.h>
#include <sys/types.h>

#include "base/err.h"

/* Makes `folder` ("": the working folder) with its parents; `topmost`: the first that was not there, "" where all were.
 * ERR_INVALID, ERR_SYSTEM: then none is left. */
int fresh_make(char topmost[PATH_MAX], const char *folder, mode_t mode, struct err *err);
/* Removes what fresh_make has made, as far as nothing lies in it. */
void fresh_unmake(const char *topmost, const char *folder);

#endif
