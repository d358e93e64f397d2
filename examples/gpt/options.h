/* The command line. */
#ifndef GPT_OPTIONS_H
#define GPT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

struct options {
    int64_t steps;
    uint64_t seed;
    char *const *texts; /* within argv */
    size_t text_count;
    int threads;
    double lr;
    int64_t eval_every;
    const char *checkpoint_dir; /* NULL: in the run's folder */
    bool resume;                /* go on with the newest run, from its newest checkpoint */
    bool help;
};

/* 0, or -1 with a sentence that tells what to do. `lr` is the default learning rate. */
int options_parse(struct options *options, int argc, char *const *argv, double lr, struct failure *why);

void options_help(double lr);

#endif
