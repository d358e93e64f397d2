/* action.h: one action and its parameters. */
#ifndef TRAINER_ACTION_H
#define TRAINER_ACTION_H

#include <trimtab/trimtab.h>

#include "trainer/domain.h"

struct param {
    char *name;
    struct domain domain;
    struct value value; /* the default */
    char *text;         /* what value.text of a string points to */
};

struct action {
    uint32_t id; /* 1, 2, 3, ... */
    char *name, *doc;
    trimtab_action_fn *function;
    void *user;
    uint32_t params;
    struct param param[TRIMTAB_PARAMS_MAX];
};

void action_destroy(struct action *action);

#endif
