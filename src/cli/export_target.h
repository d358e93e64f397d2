/* export_target.h: where an export goes: standard output, or a file that comes into being complete. */
#ifndef CLI_EXPORT_TARGET_H
#define CLI_EXPORT_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct export_target {
    FILE *file;
    char path[PATH_MAX];      /* the file that will be; "": standard output, or what is written in place */
    char temporary[PATH_MAX]; /* what it is until then */
    char made[PATH_MAX];      /* the topmost folder that was made for it; "": none */
    const char *named;        /* for people */
    bool replaces, is_events;
};

/* Each says what is wrong and returns CLI_DONE, or what to end with. */

/* NULL: standard output. What is there already is replaced only with `force`, a run.db never; what is no file (a pipe,
 * /dev/...) is written as it is. */
int export_target_file(struct export_target *target, const char *path, bool force);
/* An event file in this folder, which is made where there is none. One that an export left there is replaced with
 * `force`, one of somebody else's never. */
int export_target_events(struct export_target *target, const char *folder, bool force);
/* All was written: gives the file its name. */
int export_target_finish(struct export_target *target);
/* Leaves nothing behind. */
void export_target_abandon(struct export_target *target);
/* What errno says of a write that failed. */
void export_target_say(const struct export_target *target, int number);

#endif
