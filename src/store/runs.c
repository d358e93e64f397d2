#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/folder.h"
#include "store/jsonw.h"
#include "store/store.h"
#include "store/summary.h"

#define RUNS_BYTES (1u * 1024 * 1024) /* no further run is begun behind it */
#define RUNS_NS INT64_C(3000000000)   /* or after it */

struct runs {
    struct buf *out;
    size_t start;
    struct stat self;
    uint64_t total, listed;
    int64_t until_ns; /* monotonic */
};

static bool has_room(const struct runs *runs)
{
    return runs->listed < LIMIT_RUNS_LISTED && runs->out->size - runs->start <= RUNS_BYTES &&
           clock_monotonic_ns() <= runs->until_ns;
}

static int add_run(void *context, const char *path)
{
    struct runs *runs = context;
    struct stat status;
    if (stat(path, &status) != 0 || (status.st_dev == runs->self.st_dev && status.st_ino == runs->self.st_ino))
        return 0;
    runs->total++;
    if (!has_room(runs))
        return 0;
    if (runs->listed++)
        buf_char(runs->out, ',');
    return store_summary(path, runs->out, NULL);
}

/* The folder that holds the run's. */
static void parent_of(const char *run, char parent[PATH_MAX])
{
    if (!realpath(run, parent))
        snprintf(parent, PATH_MAX, "%s", run);
    char *slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent] = '\0';
    else
        snprintf(parent, PATH_MAX, ".");
}

int store_runs(const char *run, struct buf *out, struct err *err)
{
    struct runs runs = {.out = out, .start = out->size, .until_ns = clock_monotonic_ns() + RUNS_NS};
    char parent[PATH_MAX];
    if (stat(run, &runs.self) != 0)
        return err_errno(err, ERR_SYSTEM, "cannot look at the folder of this run");
    parent_of(run, parent);
    buf_text(out, "{\"runs\":[");
    int code = folder_each_in(parent, SIZE_MAX, add_run, &runs);
    buf_text(out, "],\"total\":");
    jsonw_integer(out, (int64_t)runs.total);
    buf_char(out, '}');
    if (!code && !out->failed)
        return 0;
    out->size = runs.start;
    return err_set(err, ERR_NOMEM, "no memory for the list of runs");
}
