/* secret.h: the token that this user holds; never an argument, which everybody on the machine could read. */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include "trimtab/client.h"

/* The first line of `file` ("-": standard input), NULL: $TRIMTAB_TOKEN, "" where that is not set. CLI_DONE, or
 * CLI_USAGE having said why. A file that others can read is warned of. */
int secret_read(const char *file, char token[TRIMTAB_CLIENT_TOKEN_MAX + 1]);

#endif
