/* notice.h: the one line that the library prints: where the run can be reached, or why it is not recorded. Left out
 * where standard error would not take it at once. Where a server is on its way, the line waits for its address, for a
 * while. */
#ifndef TRAINER_NOTICE_H
#define TRAINER_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include <trimtab/trimtab.h>

struct notice {
    bool quiet;
    bool due;         /* not printed yet */
    int64_t until_ns; /* monotonic: then it is, as things stand */
};

void notice_begin(trimtab_run *run, int64_t now_ns); /* the run is open, or could not be */
void notice_look(trimtab_run *run, int64_t now_ns);
void notice_end(trimtab_run *run); /* the run is about to close */

#endif
