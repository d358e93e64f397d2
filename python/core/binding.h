/* binding.h: a setting as a run declared it. The name stays; what it is bound to may be declared anew. */
#ifndef CORE_BINDING_H
#define CORE_BINDING_H

#include "setting.h"

struct binding;

int bindings_traverse(struct binding *first, visitproc visit, void *arg);
void bindings_clear(struct binding *first);
void bindings_destroy(struct binding *first);

#endif
