/* metrics.h: the run and its server as Prometheus reads them (text format 0.0.4). */
#ifndef WIRE_METRICS_H
#define WIRE_METRICS_H

#include "base/buf.h"
#include "model/run.h"
#include "wire/server_view.h"

struct metrics_view {
    const struct run *run;
    const struct stats_view *stats; /* NULL: nothing of the server */
    const char *version;
    uint64_t clients, pending;
    int64_t now_ns;
};

/* What is not known is left out, and so are HELP and TYPE where no sample is left. */
void metrics_write(struct buf *out, const struct metrics_view *view);

#endif
