/* attempt.h: what `trimtab run` begins: whether its command began to train, and what to leave behind where it did not.
 */
#ifndef CLI_ATTEMPT_H
#define CLI_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

struct attempt {
    const char *path; /* of the run; borrowed */
    bool is_own;      /* the folder is new, and nobody has named it */
    uint64_t ordinal; /* of the trainer before */
};

/* Before the run is served. `named`: its folder was given. */
struct attempt attempt_begin(const char *path, bool named);
/* After: did a trainer come meanwhile? */
bool attempt_trained(const struct attempt *attempt);
/* Has the command printed something? */
bool attempt_printed(const struct attempt *attempt);
/* Of one without a trainer: takes a folder away that was made for it, unless somebody has asked or said something
 * there, the command has printed something, or other things lie in it. True: it is gone. */
bool attempt_undo(const struct attempt *attempt);

#endif
