#include "cli/import_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/local.h"
#include "cli/tree.h"

#define ORDINAL 1             /* the run has one trainer: this one */
#define SEGMENTS_EACH_TURN 2u /* of the journal: 4 MiB */
#define SEGMENTS_KEPT 8u      /* at most, of those that are stored: each removal waits for the disk */

/* ---- what a trainer declares ---- */

/* Only what is read of a record is written: it is large. */
static void begin_record(struct import_run *run, enum record_kind kind)
{
    run->record->kind = kind;
    run->record->flags = 0;
    run->record->synthetic = run->record->replayed = false;
    run->record->step = run->newest_step;
    run->record->time_ns = run->begins_us * 1000;
}

static void declare_run(struct import_run *run)
{
    begin_record(run, RECORD_RUN);
    run->record->run.name = text_from(run->name);
    run->record->run.command = text_from(run->command);
    run->record->run.language = run->record->run.host = run->record->run.folder = text_from("");
    run->record->run.pid = run->record->run.total_steps = 0;
    run->record->run.started_ns = run->begins_us * 1000;
}

static void declare_state(struct import_run *run)
{
    begin_record(run, RECORD_STATE);
    run->record->state.state = RUN_RUNNING;
    run->record->state.ticket = 0;
}

static void declare_series(struct import_run *run, uint32_t id)
{
    begin_record(run, RECORD_SERIES);
    run->record->series.id = id;
    run->record->series.name = run->series.names.name[id];
    run->record->series.unit = text_from("");
}

static void declare_config(struct import_run *run, const char *name, const char *json)
{
    begin_record(run, RECORD_CONFIG);
    run->record->config.name = text_from(name);
    run->record->config.json = text_from(json);
}

static int restate(void *context, struct buf *out)
{
    struct import_run *run = context;
    int code = 0;
    declare_run(run);
    run->record->flags = RECORD_RESTATED;
    code = record_encode(out, run->record);
    declare_state(run);
    run->record->flags = RECORD_RESTATED;
    code = code ? code : record_encode(out, run->record);
    for (uint32_t i = 0; i < run->series.names.count && !code; i++) {
        declare_series(run, i);
        run->record->flags = RECORD_RESTATED;
        code = record_encode(out, run->record);
    }
    return code;
}

/* ---- the journal and the store ---- */

static int put(struct import_run *run, struct err *err)
{
    if (journal_put(&run->writer, run->record) == 0)
        return 0;
    if (err)
        *err = run->writer.err;
    return run->writer.err.code ? run->writer.err.code : err_set(err, ERR_FULL, "%s", err_sentence(ERR_FULL));
}

/* Stores all that the journal holds; with `settle` also removes it there. */
static int store_turn(struct import_run *run, bool settle, bool ends, struct err *err)
{
    struct store_commit commit;
    int code;
    do {
        commit = (struct store_commit){.finish = settle, .gone_ordinal = ends ? ORDINAL : 0};
        code = store_commit(run->store, &commit, err);
    } while (code == 0 && commit.more);
    run->stored_sequence = run->writer.sequence;
    if (settle)
        run->settled_sequence = run->writer.sequence;
    return code;
}

static int store_if_due(struct import_run *run, struct err *err)
{
    if (run->writer.sequence < run->stored_sequence + SEGMENTS_EACH_TURN)
        return 0;
    return store_turn(run, run->writer.sequence >= run->settled_sequence + SEGMENTS_KEPT, false, err);
}

static int open_store(struct import_run *run, struct err *err)
{
    char notice[480];
    struct store_options options = {.run = run->folder.path,
                                    .run_fd = run->folder.run_fd,
                                    .journal_fd = run->journal_fd,
                                    .exclusive = !run->folder.is_local};
    return store_open(&run->store, &options, notice, err);
}

static int begin_journal(struct import_run *run, struct err *err)
{
    struct incarnation incarnation;
    run->journal_fd = openat(run->folder.local_fd, "journal/0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->journal_fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot open the journal of the run");
    if (getrandom(&incarnation, sizeof incarnation, 0) != (ssize_t)sizeof incarnation)
        return err_errno(err, ERR_SYSTEM, "no random bits");
    return journal_writer_init(&run->writer, run->journal_fd, &incarnation, ORDINAL, restate, run, err);
}

static int tell_origin(struct import_run *run, struct err *err)
{
    declare_config(run, "imported_from", run->from);
    int code = put(run, err);
    declare_config(run, "imported_files", run->files);
    return code ? code : put(run, err);
}

int import_run_begin(struct import_run *run, const char *path, struct err *err)
{
    run->folder = (struct folder){.run_fd = -1, .local_fd = -1};
    run->journal_fd = -1;
    run->record = calloc(1, sizeof *run->record);
    int code = run->record ? 0 : err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    if (code == 0)
        code = folder_open(&run->folder, path, false, err);
    if (code < 0)
        return code;
    folder_forget(run->folder.path); /* it is no run yet */
    code = begin_journal(run, err);
    if (code == 0)
        code = open_store(run, err);
    return code ? code : tell_origin(run, err);
}

int import_run_scalar(struct import_run *run, const struct event_scalar *scalar, struct err *err)
{
    bool fresh, no_memory;
    if (scalar->step < RECORD_STEP_MIN || scalar->step > RECORD_STEP_MAX) {
        run->bad_steps++;
        return 0;
    }
    uint32_t id = import_series_of(&run->series, scalar->tag, &fresh, &no_memory);
    int code = 0;
    if (id == NAMES_NONE)
        return no_memory ? err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM)) : 0;
    if (fresh) {
        declare_series(run, id);
        code = put(run, err);
    }
    run->steps_back += !fresh && scalar->step < run->last_step[id];
    run->last_step[id] = scalar->step;
    begin_record(run, RECORD_SCALAR_AT);
    run->record->scalar.series = id;
    run->record->scalar.value = scalar->value;
    run->record->step = scalar->step;
    run->record->time_ns = scalar->time_us * 1000;
    if (code == 0)
        code = put(run, err);
    if (run->points++ == 0 || scalar->time_us >= run->newest_us) {
        run->newest_us = scalar->time_us;
        run->newest_step = scalar->step;
    }
    return code ? code : store_if_due(run, err);
}

/* ---- the end ---- */

static int remove_journal(struct import_run *run, struct err *err)
{
    struct local local = local_open(run->folder.run_fd);
    int code = tree_remove(run->folder.local_fd, "journal", err);
    if (code == 0 && local.root_fd >= 0)
        code = tree_remove(local.root_fd, local.id, err);
    local_close(&local);
    return code ? code : tree_remove(run->folder.run_fd, "local", err);
}

int import_run_end(struct import_run *run, struct err *err)
{
    begin_record(run, RECORD_END);
    run->record->step = run->newest_step;
    run->record->time_ns = run->newest_us * 1000;
    run->record->end.state = RUN_FINISHED;
    run->series_count = run->series.names.count;
    int code = put(run, err);
    journal_writer_finish(&run->writer);
    if (code == 0)
        code = store_turn(run, true, true, err);
    store_close(run->store, code == 0);
    run->store = NULL;
    if (code == 0)
        code = remove_journal(run, err);
    import_run_close(run);
    return code;
}

void import_run_close(struct import_run *run)
{
    if (!run->record)
        return;
    journal_writer_finish(&run->writer);
    store_close(run->store, false);
    run->store = NULL;
    if (run->journal_fd >= 0)
        close(run->journal_fd);
    folder_close(&run->folder);
    import_series_finish(&run->series);
    free(run->record);
    run->record = NULL;
}
