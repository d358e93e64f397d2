/* export_format.h: the points of a run as a file of another kind. */
#ifndef CLI_EXPORT_FORMAT_H
#define CLI_EXPORT_FORMAT_H

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

struct export_out {
    FILE *file;
    bool segments;     /* tell them, in a column of their own */
    char *series;      /* of the last point, owned */
    uint64_t count;    /* of series so far */
    struct buf line;   /* the row that is being written */
    size_t line_start; /* what of it all rows of the series begin with */
    struct event_writer *events;
};

struct export_format {
    const char *name;
    bool is_folder; /* what is made is a folder with a file in it */
    /* Each returns 0 or a negative code, with errno as the file left it. */
    int (*begin)(struct export_out *out, struct err *err);
    int (*point)(struct export_out *out, const struct store_point *point, struct err *err);
};

extern const struct export_format export_csv, export_jsonl, export_tensorboard;

/* Is it a series other than the last one? Then it is the last one now. ERR_NOMEM. */
int export_series(struct export_out *out, const char *series);
/* Writes out->line. ERR_SYSTEM. */
int export_line(struct export_out *out, struct err *err);
void export_finish(struct export_out *out);

#endif
