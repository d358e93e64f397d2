/* newest.h: the newest value of each series, for the line that watch prints once a second. */
#ifndef CLI_NEWEST_H
#define CLI_NEWEST_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"

#define NEWEST_MAX 4096 /* series of a run, by their ids */

struct newest_series {
    char *name; /* NULL: not declared yet */
    double value;
    bool fresh; /* since the last line */
};

/* Zeros know no series. */
struct newest {
    struct newest_series *series;
    size_t count;
    json_int_t step;
    json_int_t total;
    double rate, eta; /* NaN: not known */
    bool fresh, progress_known;
};

void newest_finish(struct newest *newest);
void newest_declared(struct newest *newest, const json_t *event);
void newest_scalars(struct newest *newest, const json_t *event);
void newest_run(struct newest *newest, const json_t *event);
/* One line of at most `width` columns with what has come since the last one; nothing if nothing has. */
void newest_line(struct newest *newest, struct buf *out, int width);

#endif
