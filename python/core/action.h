/* action.h: a function that clients may have called. */
#ifndef CORE_ACTION_H
#define CORE_ACTION_H

#include "core.h"

struct action;

int actions_traverse(struct action *first, visitproc visit, void *arg);
void actions_clear(struct action *first);
void actions_destroy(struct action *first);

#endif
