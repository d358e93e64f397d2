/* args.h: the parameters of one call of an action. */
#ifndef TRAINER_ARGS_H
#define TRAINER_ARGS_H

#include "channel/mailbox.h"
#include "trainer/action.h"

struct trimtab_args {
    const struct action *action;
    struct value value[TRIMTAB_PARAMS_MAX]; /* texts are zero-terminated and lie in `texts` or in the action */
    bool given[TRIMTAB_PARAMS_MAX];         /* the request names it */
    struct buf texts;
};

/* The defaults, then what the request says. 0, ERR_INVALID with a sentence, ERR_NOMEM. To be finished in any case. */
int args_init(struct trimtab_args *args, const struct action *action, const struct mailbox_request *request,
              struct err *err);
void args_finish(struct trimtab_args *args);

#endif
