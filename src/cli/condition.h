/* condition.h: has what is waited for become true, or can it not any more? Told from events, or from the summary of a
 * run that nobody serves. */
#ifndef CLI_CONDITION_H
#define CLI_CONDITION_H

#include "cli/args.h"
#include "cli/newest.h"

enum verdict { VERDICT_OPEN, VERDICT_TRUE, VERDICT_NEVER };

struct condition {
    /* any of these that were given */
    struct args_texts states;
    struct args_integer step;
    bool nonfinite;
    const struct args_texts *series; /* globs; none: all */

    char name[160]; /* of the run, for the sentence */
    struct newest newest;
    bool ended;      /* the run has; what it logged last may still be on its way */
    json_t *told;    /* once there is a verdict: for programs */
    struct buf text; /* and for people */
};

void condition_finish(struct condition *condition);
/* False, with a sentence in `why`: it cannot be meant. */
bool condition_check(const struct condition *condition, struct buf *why);
/* An event; only scalars that the globs choose. Never VERDICT_NEVER. */
enum verdict condition_take(struct condition *condition, const json_t *event);
/* The run as in the result of runs. */
enum verdict condition_take_summary(struct condition *condition, const json_t *run);
/* The run has ended and nothing more comes. */
enum verdict condition_give_up(struct condition *condition);

#endif
