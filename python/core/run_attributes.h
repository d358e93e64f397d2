/* run_attributes.h: what is asked of a run, and what may be given to it. */
#ifndef CORE_RUN_ATTRIBUTES_H
#define CORE_RUN_ATTRIBUTES_H

#include "core.h"

extern PyGetSetDef run_attributes[];

#endif
