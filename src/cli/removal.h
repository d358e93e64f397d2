/* removal.h: taking a run away: what trimtab has put into its folder, its local part, and the folder if it is then
 * empty. */
#ifndef CLI_REMOVAL_H
#define CLI_REMOVAL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct removal {
    char path[PATH_MAX]; /* absolute, resolved */
    int run_fd;
    bool is_run; /* false: nothing that could be removed was found */
    uint64_t bytes;
    struct buf others; /* "checkpoints, notes.txt and 3 more": what lies there and is not trimtab's; empty: nothing */
    size_t other_count;
};

/* Each returns CLI_DONE, or what to end with, having said why. */

/* Only looks: it is a run, and nobody holds it now but the idle server of one that has ended. `given` is its folder, or
 * a name where there is no such folder. With `everything` also what an earlier removal has left. */
int removal_open(struct removal *removal, const char *given, bool everything);
/* Ends that server. Holds both locks meanwhile, so that nobody begins to serve or to train what is going. What is not
 * trimtab's goes only with `everything`. Where the folder stays, `others` says why. */
int removal_carry_out(struct removal *removal, bool everything);
void removal_close(struct removal *removal); /* twice is safe */

#endif
