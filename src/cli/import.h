/* import.h: what an import has to do, and what became of it. */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "cli/args.h"
#include "cli/import_find.h"
#include "cli/import_place.h"
#include "cli/meter.h"

struct imported {
    struct import_place place;
    const struct import_group *group;
    uint64_t points;
    uint32_t series;
};

/* Of all runs: what is not there, and why. */
struct import_left_out {
    uint64_t others;            /* values that are no scalars */
    uint64_t too_many;          /* values of series beyond the greatest number */
    uint64_t too_long;          /* values whose tag is */
    uint64_t bad_steps;         /* values whose step is */
    uint64_t damaged;           /* records */
    uint64_t incomplete;        /* files that end within a record */
    uint64_t changed;           /* series whose name is not their tag */
    uint64_t steps_back;        /* values with a step less than the one before: not missing, but they replace others */
    uint64_t unread, no_points; /* files and folders; runs without a scalar */
};

struct import {
    const char *logdir, *run, *name; /* as asked for; name: chosen where it was not */
    struct args_texts series;
    bool json;
    struct import_groups groups;
    struct imported *made; /* room for every group */
    size_t made_count;
    struct import_left_out left_out;
    struct meter meter;
    uint64_t bytes; /* read so far */
};

/* Makes the run of this group under a temporary name, as the next of import->made; none where it has no scalars.
 * CLI_DONE, or what to end with, having said why (or interrupted). */
int import_fill(struct import *import, const struct import_group *group);
/* What was made, and what was left out. */
void import_tell(const struct import *import);

#endif
