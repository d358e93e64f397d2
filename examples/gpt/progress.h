/* What a person at the terminal sees: one line that lives, or plain lines in a log file. */
#ifndef GPT_PROGRESS_H
#define GPT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool live;               /* standard output is a terminal */
    int64_t total, every;    /* steps: of the run, and from one plain line to the next */
    double loss, validation; /* the last ones */
    double step_seconds;     /* a moving mean */
    double shown;            /* seconds, when the live line was last drawn */
};

double seconds_now(void);

void progress_init(struct progress *progress, int64_t total, int64_t every);
/* After each step: how long it took, and its loss. */
void progress_step(struct progress *progress, int64_t step, double loss, double seconds);
/* Leaves the live line. */
void progress_end(struct progress *progress);

#endif
