/* notice.h: the one line that the library prints. */
#ifndef TRAINER_NOTICE_H
#define TRAINER_NOTICE_H

#include "trainer/run.h"

/* Where the run can be reached, or why it is not recorded. Left out where standard error would not take it at once. */
void notice_print(const trimtab_run *run);

#endif
