/* import_place.h: where an imported run will lie, and where it is made. */
#ifndef CLI_IMPORT_PLACE_H
#define CLI_IMPORT_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct import_place {
    char path[PATH_MAX];      /* the run's folder, never without a slash; a free name is found when it is published */
    char temporary[PATH_MAX]; /* beside it, until then; then the same */
    char made[PATH_MAX];      /* the topmost folder that was made for them; "": none */
    bool is_named;            /* by --run: this name or none */
};

/* RUN, which does not exist or is empty. ERR_INVALID, ERR_SYSTEM. */
int import_place_named(struct import_place *place, const char *run, struct err *err);
/* $TRIMTAB_HOME/NAME/LEAF, with the leaf made fit for a file name; "": the time. */
int import_place_home(struct import_place *place, const char *name, const char *leaf, int64_t time_us, struct err *err);
/* Renames what was made; place->path is then the run, as an absolute path. ERR_SYSTEM, ERR_FULL: no free name. */
int import_place_publish(struct import_place *place, struct err *err);
/* Removes what was made, published or not. */
void import_place_abandon(const struct import_place *place);

#endif
