#include "wire/metrics.h"

#include <math.h>
#include <string.h>

#include "base/digits.h"
#include "base/utf8.h"

/* ---- a sample: its name, then labels, then its value ---- */

static void add_escaped(struct buf *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\\' || text[i] == '"')
            buf_char(out, '\\');
        if (text[i] == '\n')
            buf_text(out, "\\n");
        else
            buf_char(out, text[i]);
    }
}

static bool is_labelled(const struct buf *out)
{
    return out->size > 0 && out->data[out->size - 1] == '"';
}

/* The format is UTF-8: one label that is not would spoil the whole answer. */
static void label_text(struct buf *out, const char *name, struct text value)
{
    buf_char(out, is_labelled(out) ? ',' : '{');
    buf_text(out, name);
    buf_text(out, "=\"");
    for (size_t at = 0; at < value.size; at++) {
        size_t valid = utf8_valid_prefix(value.data + at, value.size - at);
        add_escaped(out, value.data + at, valid);
        at += valid;
        if (at < value.size)
            buf_text(out, "\xef\xbf\xbd"); /* U+FFFD */
    }
    buf_char(out, '"');
}

static void label(struct buf *out, const char *name, const char *value)
{
    label_text(out, name, text_from(value));
}

static void sample_end(struct buf *out, const char *from, const char *to)
{
    buf_text(out, is_labelled(out) ? "} " : " ");
    buf_add(out, from, (size_t)(to - from));
    buf_char(out, '\n');
}

static void number(struct buf *out, double value)
{
    char digits[DIGITS_MAX];
    if (isfinite(value)) {
        sample_end(out, digits, digits_double(digits, value));
        return;
    }
    const char *word = isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    sample_end(out, word, word + strlen(word));
}

static void integer(struct buf *out, int64_t value)
{
    char digits[DIGITS_MAX];
    sample_end(out, digits, digits_integer(digits, value));
}

static void count(struct buf *out, uint64_t value)
{
    char digits[DIGITS_MAX];
    sample_end(out, digits, digits_unsigned(digits, value));
}

static void timestamp(struct buf *out, int64_t time_ns)
{
    char digits[DIGITS_MAX];
    sample_end(out, digits, digits_time(digits, time_ns));
}

/* ---- the run ---- */

typedef void samples_fn(struct buf *out, const char *name, const struct metrics_view *view);

static void info(struct buf *out, const char *name, const struct metrics_view *view)
{
    buf_text(out, name);
    label(out, "version", view->version);
    label(out, "run", view->run->name);
    count(out, 1);
}

static void run_states(struct buf *out, const char *name, const struct metrics_view *view)
{
    for (enum run_state state = RUN_WAITING; state <= RUN_LOST; state++) {
        buf_text(out, name);
        label(out, "state", run_state_name(state));
        count(out, state == view->run->state);
    }
}

static void run_state_since(struct buf *out, const char *name, const struct metrics_view *view)
{
    if (view->run->state_time_ns <= 0)
        return;
    buf_text(out, name);
    timestamp(out, view->run->state_time_ns);
}

static void step(struct buf *out, const char *name, const struct metrics_view *view)
{
    if (!view->run->step_known)
        return;
    buf_text(out, name);
    integer(out, view->run->step);
}

static void planned_steps(struct buf *out, const char *name, const struct metrics_view *view)
{
    if (view->run->trainer.total_steps <= 0)
        return;
    buf_text(out, name);
    integer(out, view->run->trainer.total_steps);
}

static void rate(struct buf *out, const char *name, const struct metrics_view *view)
{
    if (!(view->run->steps_per_second > 0))
        return;
    buf_text(out, name);
    number(out, view->run->steps_per_second);
}

static void eta(struct buf *out, const char *name, const struct metrics_view *view)
{
    double seconds = run_eta(view->run);
    if (seconds < 0)
        return;
    buf_text(out, name);
    number(out, seconds);
}

static void frozen(struct buf *out, const char *name, const struct metrics_view *view)
{
    buf_text(out, name);
    count(out, view->run->frozen);
}

static void trainer_attached(struct buf *out, const char *name, const struct metrics_view *view)
{
    buf_text(out, name);
    count(out, view->run->trainer.attached);
}

static void pending_requests(struct buf *out, const char *name, const struct metrics_view *view)
{
    buf_text(out, name);
    count(out, view->pending);
}

static void clients(struct buf *out, const char *name, const struct metrics_view *view)
{
    buf_text(out, name);
    count(out, view->clients);
}

static void now(struct buf *out, const char *name, const struct metrics_view *view)
{
    buf_text(out, name);
    timestamp(out, view->now_ns);
}

/* ---- series ---- */

typedef void series_value_fn(struct buf *out, const struct series *series);

static void each_logged(struct buf *out, const char *name, const struct run *run, series_value_fn *value)
{
    for (uint32_t i = 0; i < run->series_count; i++) {
        if (!run->series[i].logged)
            continue;
        buf_text(out, name);
        label(out, "series", run->series[i].name);
        value(out, &run->series[i]);
    }
}

static void value_last(struct buf *out, const struct series *series)
{
    label(out, "unit", series->unit);
    number(out, series->value);
}

static void value_step(struct buf *out, const struct series *series)
{
    integer(out, series->step);
}

static void value_time(struct buf *out, const struct series *series)
{
    timestamp(out, series->time_ns);
}

static void series_last(struct buf *out, const char *name, const struct metrics_view *view)
{
    each_logged(out, name, view->run, value_last);
}

static void series_step(struct buf *out, const char *name, const struct metrics_view *view)
{
    each_logged(out, name, view->run, value_step);
}

static void series_timestamp(struct buf *out, const char *name, const struct metrics_view *view)
{
    each_logged(out, name, view->run, value_time);
}

static void series_points(struct buf *out, const char *name, const struct metrics_view *view)
{
    for (uint32_t i = 0; i < view->run->series_count; i++) {
        buf_text(out, name);
        label(out, "series", view->run->series[i].name);
        count(out, view->run->series[i].count);
    }
}

/* ---- settings ---- */

static bool is_number(const struct setting *setting)
{
    return setting->value.type == VALUE_DOUBLE || setting->value.type == VALUE_INT || setting->value.type == VALUE_BOOL;
}

static void setting_numbers(struct buf *out, const char *name, const struct metrics_view *view)
{
    for (uint32_t i = 0; i < view->run->settings_count; i++) {
        const struct setting *setting = &view->run->settings[i];
        if (!is_number(setting))
            continue;
        buf_text(out, name);
        label(out, "setting", setting->name);
        if (setting->value.type == VALUE_DOUBLE)
            number(out, setting->value.number);
        else
            integer(out, setting->value.integer);
    }
}

/* False: none is known. */
static bool setting_word(const struct setting *setting, struct text *word)
{
    int64_t index = setting->value.integer;
    *word = setting->value.text;
    if (setting->value.type == VALUE_CHOICE && index >= 0 && index < setting->choices)
        *word = text_from(setting->choice[index].text);
    else if (setting->value.type != VALUE_STRING)
        return false;
    return true;
}

static void setting_words(struct buf *out, const char *name, const struct metrics_view *view)
{
    struct text word;
    for (uint32_t i = 0; i < view->run->settings_count; i++) {
        const struct setting *setting = &view->run->settings[i];
        if (!setting_word(setting, &word))
            continue;
        buf_text(out, name);
        label(out, "setting", setting->name);
        label_text(out, "value", word);
        count(out, 1);
    }
}

static void setting_revisions(struct buf *out, const char *name, const struct metrics_view *view)
{
    for (uint32_t i = 0; i < view->run->settings_count; i++) {
        buf_text(out, name);
        label(out, "setting", view->run->settings[i].name);
        count(out, view->run->settings[i].revision);
    }
}

/* ---- all of them ---- */

static const struct family {
    const char *name, *type, *help;
    samples_fn *samples;
} of_run[] = {
    {"trimtab_info", "gauge", "The version of the server and the name of the run", info},
    {"trimtab_time_seconds", "gauge", "The clock of the server, in seconds since the epoch", now},
    {"trimtab_run_state", "gauge", "1 for the state that the run is in, 0 for the others", run_states},
    {"trimtab_run_state_since_seconds", "gauge", "When that state began, in seconds since the epoch", run_state_since},
    {"trimtab_step", "gauge", "The step of the newest control point", step},
    {"trimtab_planned_steps", "gauge", "How many steps the trainer means to take", planned_steps},
    {"trimtab_steps_per_second", "gauge", "Steps a second over the last few seconds", rate},
    {"trimtab_eta_seconds", "gauge", "Seconds that the planned steps will still take", eta},
    {"trimtab_frozen", "gauge", "1 where nothing may be changed", frozen},
    {"trimtab_trainer_attached", "gauge", "1 while a trainer is alive", trainer_attached},
    {"trimtab_pending_requests", "gauge", "Control requests that were accepted and have not ended", pending_requests},
    {"trimtab_clients", "gauge", "Clients that are connected", clients},
    {"trimtab_series_last", "gauge", "The newest value of a series", series_last},
    {"trimtab_series_step", "gauge", "The step of the newest value of a series", series_step},
    {"trimtab_series_timestamp_seconds", "gauge", "When that value was logged, in seconds since the epoch",
     series_timestamp},
    {"trimtab_series_points_total", "counter", "Values of a series that were logged", series_points},
    {"trimtab_setting", "gauge", "The value in effect of a setting that is a number, or a truth (0 or 1)",
     setting_numbers},
    {"trimtab_setting_info", "gauge", "The value in effect of a setting that is a choice or a string", setting_words},
    {"trimtab_setting_revision", "gauge", "How often requests have changed a setting", setting_revisions},
};

/* Of the server: a member of struct stats_view each. */
#define COUNT(member) offsetof(struct stats_view, member), false
#define SECONDS(member) offsetof(struct stats_view, member), true
static const struct figure {
    const char *name, *type, *help;
    size_t offset;
    bool is_seconds; /* a double, else an uint64_t */
} of_server[] = {
    {"trimtab_server_uptime_seconds", "gauge", "Since the server began", SECONDS(uptime)},
    {"trimtab_server_cpu_seconds_total", "counter", "Processor time that the server took", SECONDS(cpu)},
    {"trimtab_server_resident_bytes", "gauge", "Memory of the server", COUNT(resident)},
    {"trimtab_server_turns_total", "counter", "Turns of the loop", COUNT(turns)},
    {"trimtab_server_clients_most", "gauge", "The most clients that were connected at one time", COUNT(clients_most)},
    {"trimtab_server_clients_total", "counter", "Clients that have connected", COUNT(clients_ever)},
    {"trimtab_server_requests_answered_total", "counter", "Requests that got a result", COUNT(answered)},
    {"trimtab_server_requests_refused_total", "counter", "Requests that were refused", COUNT(refused)},
    {"trimtab_server_received_bytes_total", "counter", "Bytes that came from clients", COUNT(bytes_in)},
    {"trimtab_server_sent_bytes_total", "counter", "Bytes that went to clients", COUNT(bytes_out)},
    {"trimtab_server_events_published_total", "counter", "Events that were published", COUNT(published)},
    {"trimtab_server_events_held", "gauge", "Events that are held for clients that lag", COUNT(held)},
    {"trimtab_server_events_held_bytes", "gauge", "Memory of the events that are held", COUNT(held_bytes)},
    {"trimtab_server_points_thinned_total", "counter", "Points that were left out, too many to tell", COUNT(thinned)},
    {"trimtab_server_gaps_total", "counter", "Gaps told to clients that lagged too far behind", COUNT(gaps)},
    {"trimtab_server_commits_total", "counter", "Transactions that were committed", COUNT(commits)},
    {"trimtab_server_commits_failed_total", "counter", "Transactions that failed", COUNT(commits_failed)},
    {"trimtab_server_points_stored_total", "counter", "Points that were stored", COUNT(points)},
    {"trimtab_server_last_commit_seconds", "gauge", "How long the newest commit took", SECONDS(last_commit)},
};

static void write_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

static void write_family(struct buf *out, const struct family *family, const struct metrics_view *view)
{
    size_t before = out->size;
    write_head(out, family->name, family->type, family->help);
    size_t begun = out->size;
    family->samples(out, family->name, view);
    if (out->size == begun)
        out->size = before;
}

static void write_figure(struct buf *out, const struct figure *figure, const struct stats_view *stats)
{
    const char *member = (const char *)stats + figure->offset;
    write_head(out, figure->name, figure->type, figure->help);
    buf_text(out, figure->name);
    if (figure->is_seconds)
        number(out, *(const double *)(const void *)member);
    else
        count(out, *(const uint64_t *)(const void *)member);
}

void metrics_write(struct buf *out, const struct metrics_view *view)
{
    for (size_t i = 0; i < sizeof of_run / sizeof *of_run; i++)
        write_family(out, &of_run[i], view);
    for (size_t i = 0; view->stats && i < sizeof of_server / sizeof *of_server; i++)
        write_figure(out, &of_server[i], view->stats);
}
