/* config.h: the fixed inputs of a run. */
#ifndef TRAINER_CONFIG_H
#define TRAINER_CONFIG_H

#include "trainer/run.h"

/* Takes over `json` (also where it fails). The same name again replaces the value. TRIMTAB_OK or TRIMTAB_LIMIT. */
int config_keep(trimtab_run *run, const char *name, char *json);

#endif
