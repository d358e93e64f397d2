/* named.h: a run as people give it: its folder, else NAME/DATE-TIME below $TRIMTAB_HOME, else a name: the newest run in
 * a folder of that name, else the newest that calls itself so. */
#ifndef CLI_NAMED_H
#define CLI_NAMED_H

#include <limits.h>
#include <stdbool.h>

/* What is written as a path (/..., ./..., ~...) is none but that; *path is then `given`, whether it is there or not.
 * False, having said so, where it is neither a folder nor a name. */
bool named_find(const char *given, char path[PATH_MAX]);

#endif
