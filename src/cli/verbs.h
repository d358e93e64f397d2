/* verbs.h: the verbs of the program, one file each. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include <stddef.h>

/* What the program ends with; `run` ends with its command's own status. Only `wait` knows the last one. */
enum { CLI_DONE = 0, CLI_REFUSED = 1, CLI_USAGE = 2, CLI_NO_SERVER = 3, CLI_TIME_OVER = 4 };

/* argv[0] is the verb's name; argv ends with NULL and may be reordered. */
#define VERB(name, summary) int verb_##name(int argc, char **argv);
#include "cli/verbs.def"
#undef VERB

struct verb {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
};

#endif
