/* newest.h: the newest value of each series and how far the run is, for what watch shows. */
#ifndef CLI_NEWEST_H
#define CLI_NEWEST_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"

#define NEWEST_MAX 4096 /* series of a run, by their ids */

struct newest_series {
    char *name; /* NULL: not declared yet */
    double value;
    json_int_t step;
    bool known, fresh;         /* a point has come; one has since the last line */
    double least, greatest;    /* of the finite ones so far; least > greatest: none */
    json_int_t not_finite, at; /* how many of the others, and the step of the last; one a step counts */
    double odd;                /* that last one */
};

/* Zeros know no series. */
struct newest {
    struct newest_series *series;
    size_t count;
    json_int_t step;
    json_int_t total;
    double rate, eta; /* NaN: not known */
    char state[32];   /* "": not told yet */
    bool fresh, progress_known, step_known;
};

void newest_finish(struct newest *newest);
void newest_declared(struct newest *newest, const json_t *event);
void newest_scalars(struct newest *newest, const json_t *event);
void newest_run(struct newest *newest, const json_t *event);
/* "step 412/2000  14.2 steps/s  ETA 1m 52s", as far as it is known. */
void newest_progress(const struct newest *newest, struct buf *out);
/* One line of at most `width` columns with what has come since the last one; nothing if nothing has. */
void newest_line(struct newest *newest, struct buf *out, int width);

#endif
