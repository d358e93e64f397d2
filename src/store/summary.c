#include "store/summary.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel/liveness.h"
#include "model/run.h"
#include "protocol/protocol.h"
#include "store/catalog.h"
#include "store/db.h"
#include "store/glance.h"
#include "store/jsonw.h"
#include "store/vals.h"

#define SUMMARY_BYTES_MAX (256u * 1024) /* of one run: many settings, much config */
#define SUMMARY_TRIES 3                 /* where it was written while it was read */

struct summary {
    const char *run; /* the folder's path */
    int run_fd;
    bool trained, served; /* somebody holds the lock */
    struct catalog catalog;
    struct record *record; /* scratch */
    struct buf *out;
};

static void text_member(struct summary *summary, const char *name, const char *text)
{
    jsonw_name(summary->out, name);
    jsonw_text(summary->out, text_from(text));
}

static void integer_member(struct summary *summary, const char *name, bool known, int64_t integer)
{
    jsonw_name(summary->out, name);
    if (known)
        jsonw_integer(summary->out, integer);
    else
        buf_text(summary->out, "null");
}

/* ---- who is there ---- */

static bool is_held(int run_fd, const char *name)
{
    struct holder holder;
    struct stat status;
    bool is_file = fstatat(run_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
    return is_file && lock_look(run_fd, name, &holder, NULL) == 0 && holder.pid != 0;
}

/* What run.db says was so at its last commit: a trainer that has gone without a word is told by its lock. */
static enum run_state state_now(const struct summary *summary)
{
    const struct catalog_state *state = &summary->catalog.state;
    enum run_state said = state->known ? state->state : RUN_WAITING;
    bool goes_on = said == RUN_RUNNING || said == RUN_PAUSED || said == RUN_STOPPING;
    return goes_on && !summary->trained ? RUN_LOST : said;
}

/* ---- the members ---- */

static void add_name(struct summary *summary, struct text name)
{
    const char *slash = strrchr(summary->run, '/');
    jsonw_name(summary->out, "name");
    jsonw_text(summary->out, name.size ? name : text_from(slash ? slash + 1 : summary->run));
}

/* The step of whatever came last. */
static void add_step(struct summary *summary)
{
    const struct catalog *catalog = &summary->catalog;
    bool known = catalog->state.known;
    int64_t step = catalog->state.step, time_ns = catalog->state.time_ns;
    for (uint32_t i = 0; i < catalog->series_names.count; i++) {
        const struct catalog_series *series = &catalog->series[i];
        if (!series->count || (known && series->time_ns < time_ns))
            continue;
        known = true;
        step = series->step;
        time_ns = series->time_ns;
    }
    integer_member(summary, "step", known, step);
}

static void add_run(struct summary *summary)
{
    struct record *record = summary->record;
    const struct text run = summary->catalog.run;
    size_t skip;
    if (!run.size || record_decode((const uint8_t *)run.data, run.size, record, &skip) <= 0)
        *record = (struct record){.kind = RECORD_RUN};
    add_name(summary, record->run.name);
    text_member(summary, "folder", summary->run);
    text_member(summary, "state", run_state_name(state_now(summary)));
    jsonw_name(summary->out, "live");
    buf_text(summary->out, summary->trained || summary->served ? "true" : "false");
    jsonw_name(summary->out, "started");
    if (record->run.started_ns > 0)
        jsonw_time(summary->out, record->run.started_ns);
    else
        buf_text(summary->out, "null");
    add_step(summary);
    integer_member(summary, "total", record->run.total_steps > 0, record->run.total_steps);
}

/* A member whose name is the run's own. */
static void name_member(struct buf *out, struct text name)
{
    if (out->size && out->data[out->size - 1] != '{')
        buf_char(out, ',');
    jsonw_text(out, name);
    buf_char(out, ':');
}

static void add_last(struct summary *summary)
{
    const struct catalog *catalog = &summary->catalog;
    jsonw_name(summary->out, "last");
    buf_char(summary->out, '{');
    for (uint32_t i = 0, listed = 0; i < catalog->series_names.count && listed < LIMIT_LAST_LISTED; i++) {
        if (!catalog->series[i].count)
            continue;
        name_member(summary->out, catalog->series_names.name[i]);
        jsonw_number(summary->out, catalog->series[i].value);
        listed++;
    }
    buf_char(summary->out, '}');
}

static void add_settings(struct summary *summary)
{
    const struct catalog *catalog = &summary->catalog;
    jsonw_name(summary->out, "settings");
    buf_char(summary->out, '{');
    for (uint32_t i = 0; i < catalog->settings_names.count; i++) {
        bool declared = catalog_setting_record(catalog, i, summary->record);
        name_member(summary->out, catalog->settings_names.name[i]);
        vals_value(summary->out, &catalog->settings[i].value, declared ? &summary->record->setting : NULL);
    }
    buf_char(summary->out, '}');
}

static int add_config(struct summary *summary, sqlite3 *db, struct err *err)
{
    sqlite3_stmt *look;
    size_t start = summary->out->size;
    int code = db_prepare(db, &look, "SELECT name,json FROM config ORDER BY rowid", err);
    jsonw_name(summary->out, "config");
    buf_char(summary->out, '{');
    while (!code && summary->out->size - start <= SUMMARY_BYTES_MAX && (code = db_step(look, err)) > 0) {
        name_member(summary->out, db_text(look, 0));
        jsonw_embed(summary->out, db_text(look, 1));
        code = 0;
    }
    buf_char(summary->out, '}');
    sqlite3_finalize(look);
    return code;
}

/* ---- reading ---- */

static int fill(struct summary *summary, sqlite3 *db, struct err *err)
{
    struct buf *out = summary->out;
    size_t start = out->size;
    int code = catalog_load(&summary->catalog, db, err);
    if (code)
        return code;
    buf_char(out, '{');
    add_run(summary);
    add_last(summary);
    add_settings(summary);
    code = add_config(summary, db, err);
    buf_char(out, '}');
    if (!code && out->size - start > SUMMARY_BYTES_MAX)
        code = err_set(err, ERR_FULL, "its settings and config are too long for this list");
    return code;
}

static int try_once(struct summary *summary, bool *again, struct err *err)
{
    struct glance glance;
    struct err closing;
    size_t start = summary->out->size;
    int code = glance_open(&glance, summary->run, summary->run_fd, summary->served, err);
    if (!code)
        code = fill(summary, glance.db, err);
    catalog_finish(&summary->catalog);
    if (code && glance.interrupted)
        code = err_set(err, ERR_BUSY, "reading run.db took too long");
    *again = glance_close(&glance, &closing) != 0;
    if (*again)
        code = err_set(err, closing.code, "%s", closing.text);
    if (code)
        summary->out->size = start;
    return code;
}

static int read_run(struct summary *summary, struct err *err)
{
    bool again = true;
    int code = 0;
    for (int i = 0; i < SUMMARY_TRIES && again; i++) {
        summary->trained = is_held(summary->run_fd, "trainer");
        summary->served = is_held(summary->run_fd, "lock");
        code = try_once(summary, &again, err);
    }
    return code;
}

static void add_error(struct summary *summary, const char *why)
{
    buf_char(summary->out, '{');
    text_member(summary, "folder", summary->run);
    text_member(summary, "error", why);
    buf_char(summary->out, '}');
}

int store_summary(const char *run, struct buf *out, struct err *err)
{
    struct summary summary = {.run = run, .out = out};
    struct err why = {0};
    size_t start = out->size;
    int code = 0;
    summary.record = malloc(sizeof *summary.record);
    summary.run_fd = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!summary.record)
        code = ERR_NOMEM;
    else if (summary.run_fd < 0)
        code = err_errno(&why, ERR_SYSTEM, "cannot open the folder");
    else
        code = read_run(&summary, &why);
    if (code && code != ERR_NOMEM)
        add_error(&summary, why.text);
    if (summary.run_fd >= 0)
        close(summary.run_fd);
    free(summary.record);
    if (code != ERR_NOMEM && !out->failed)
        return 0;
    out->size = start;
    return err_set(err, ERR_NOMEM, "no memory to read the run in %.200s", run);
}
