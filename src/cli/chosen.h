/* chosen.h: the run that was meant, for verbs that work in its folder and need no server. */
#ifndef CLI_CHOSEN_H
#define CLI_CHOSEN_H

#include <limits.h>

struct chosen {
    char path[PATH_MAX];
    int run_fd; /* -1: not open */
};

/* The run of --run (`given`) or $TRIMTAB_RUN, else the only one trained, or live; its folder open. CLI_DONE, or what to
 * end with, having said why. */
int chosen_open(struct chosen *chosen, const char *given);
void chosen_close(struct chosen *chosen); /* twice is safe */

#endif
