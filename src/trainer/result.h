/* result.h: what an action or a setter answers: one JSON object, or why it refused. */
#ifndef TRAINER_RESULT_H
#define TRAINER_RESULT_H

#include <trimtab/trimtab.h>

#include "base/buf.h"
#include "base/value.h"

#define RESULT_WHY_MAX 1024

struct trimtab_result {
    struct buf json; /* "" or the object without its last brace */
    bool cut;        /* something did not fit */
    bool failed;
    bool moves; /* next_step was asked for */
    int64_t next_step;
    char why[RESULT_WHY_MAX]; /* well-formed UTF-8 */
};

void result_init(struct trimtab_result *result);
void result_finish(struct trimtab_result *result);
/* The whole object; "" where nothing was added. It lives until the next call on the result. */
struct text result_text(struct trimtab_result *result);

#endif
