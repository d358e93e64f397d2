/* What a person at the terminal sees: one line that lives, or plain lines in a log file. */
#ifndef GPT_PROGRESS_H
#define GPT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool live;               /* standard output is a terminal */
    int64_t total;           /* steps */
    double loss, validation; /* the last ones */
    double step_seconds;     /* a moving mean */
    double shown;            /* seconds, when the live line was last drawn */
};

double seconds_now(void);

void progress_init(struct progress *progress, int64_t total);
/* After each step: its loss, how long it took, and how many steps are done. Draws the live line. */
void progress_step(struct progress *progress, double loss, double seconds, int64_t done);
/* After each evaluation. Prints the plain line. */
void progress_validation(struct progress *progress, double loss, int64_t done);
/* Leaves the live line. */
void progress_end(struct progress *progress, int64_t done);

#endif
