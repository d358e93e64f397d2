/* import_run.h: a run that is filled from elsewhere as a trainer would fill it: through a journal, which the store
 * takes in turns, so that neither grows. */
#ifndef CLI_IMPORT_RUN_H
#define CLI_IMPORT_RUN_H

#include "base/folder.h"
#include "channel/journal_writer.h"
#include "cli/import_series.h"
#include "exchange/event_file.h"
#include "store/store.h"
#include "trimtab/trimtab.h"

struct import_run {
    /* Set by the caller; all live as long as the run is filled. */
    const char *name, *command; /* as a trainer tells them */
    const char *from, *files;   /* config: JSON */
    int64_t begins_us;
    struct import_series series;
    /* Its own. */
    struct folder folder;
    int journal_fd;
    struct journal_writer writer;
    struct store *store; /* NULL: not begun */
    struct record *record;
    uint64_t stored_sequence, settled_sequence; /* the segment of the last turn; of the last that removed some */
    int64_t newest_us, newest_step;
    uint64_t points;
    uint32_t series_count;
    uint64_t bad_steps;  /* values whose step no record can hold, passed over */
    uint64_t steps_back; /* values with a step less than the one before of the series */
    int64_t last_step[TRIMTAB_SERIES_MAX];
};

/* In a new folder. Each returns 0, ERR_FULL, ERR_NOMEM, ERR_SYSTEM, ...; after a failure only import_run_close. */
int import_run_begin(struct import_run *run, const char *path, struct err *err);
int import_run_scalar(struct import_run *run, const struct event_scalar *scalar, struct err *err);
/* The run has finished: all is stored, and run.db is all that is left in the folder. */
int import_run_end(struct import_run *run, struct err *err);
void import_run_close(struct import_run *run); /* twice is safe */

#endif
