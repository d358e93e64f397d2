/* said.h: a message that the run keeps. Used by run.c alone. */
#ifndef MODEL_SAID_H
#define MODEL_SAID_H

#include "model/run.h"

void said_finish(struct said *said);

#endif
