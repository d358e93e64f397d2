#include "trainer/declare.h"

#include <unistd.h>

#include "base/clock.h"

/* A record is large (its outcome holds many items): only what is read is written. */
static void begin(struct record *record, enum record_kind kind)
{
    record->kind = kind;
    record->flags = 0;
    record->synthetic = record->replayed = false;
}

void declare_run(const trimtab_run *run, struct record *record)
{
    begin(record, RECORD_RUN);
    record->run.name = text_from(run->name);
    record->run.language = text_from(run->language);
    record->run.host = text_from(run->host);
    record->run.command = text_from(run->command);
    record->run.folder = text_from(run->working_folder);
    record->run.pid = (int64_t)getpid();
    record->run.total_steps = run->total_steps;
    record->run.started_ns = run->started_ns;
}

void declare_state(const trimtab_run *run, struct record *record)
{
    begin(record, RECORD_STATE);
    record->state.state = run->state;
    record->state.ticket = run->state_ticket;
}

void declare_series(uint32_t id, const struct series *series, struct record *record)
{
    begin(record, RECORD_SERIES);
    record->series.id = id;
    record->series.name = text_from(series->name);
    record->series.unit = text_from(series->unit);
}

void declare_setting(const struct setting *setting, struct record *record)
{
    struct record_setting *out = &record->setting;

    begin(record, RECORD_SETTING);
    out->id = setting->id;
    out->name = text_from(setting->name);
    out->unit = text_from(setting->unit);
    out->doc = text_from(setting->doc);
    out->type = setting->domain.type;
    out->bounded = setting->domain.bounded;
    out->min = setting->domain.min;
    out->max = setting->domain.max;
    out->choices = setting->domain.choices;
    for (uint32_t i = 0; i < out->choices; i++)
        out->choice[i] = text_from(setting->choice[i]);
    out->value = setting->told;
    out->revision = setting->revision;
}

void declare_action(const struct action *action, struct record *record)
{
    begin(record, RECORD_ACTION);
    record->action.id = action->id;
    record->action.name = text_from(action->name);
    record->action.doc = text_from(action->doc);
    record->action.params = action->params;
    for (uint32_t i = 0; i < action->params; i++) {
        const struct param *from = &action->param[i];
        struct record_param *to = &record->action.param[i];
        to->name = text_from(from->name);
        to->value = from->value;
        to->bounded = from->domain.bounded;
        to->min = from->domain.min;
        to->max = from->domain.max;
    }
}

void declare_config(const struct config *config, struct record *record)
{
    begin(record, RECORD_CONFIG);
    record->config.name = text_from(config->name);
    record->config.json = text_from(config->json);
}

static void restate(const trimtab_run *run, struct record *record, int64_t now_ns, struct buf *out)
{
    record->flags = RECORD_RESTATED;
    record->step = run->step;
    record->time_ns = now_ns;
    if (record_encode(out, record) < 0)
        out->failed = true;
}

static void restate_state(const trimtab_run *run, struct record *record, struct buf *out)
{
    declare_state(run, record);
    record->flags = RECORD_RESTATED;
    record->step = run->state_step;
    record->time_ns = run->state_time_ns;
    if (record_encode(out, record) < 0)
        out->failed = true;
}

int declare_restate(void *context, struct buf *out)
{
    const trimtab_run *run = context;
    int64_t now_ns = clock_real_ns();
    struct record record;

    declare_run(run, &record);
    restate(run, &record, now_ns, out);
    restate_state(run, &record, out);
    for (uint32_t i = 0; i < run->series_count; i++) {
        declare_series(i + 1, &run->series[i], &record);
        restate(run, &record, now_ns, out);
    }
    for (uint32_t i = 0; i < run->settings; i++) {
        declare_setting(run->setting[i], &record);
        restate(run, &record, now_ns, out);
    }
    for (uint32_t i = 0; i < run->actions; i++) {
        declare_action(run->action[i], &record);
        restate(run, &record, now_ns, out);
    }
    for (uint32_t i = 0; i < run->configs; i++) {
        declare_config(&run->config[i], &record);
        restate(run, &record, now_ns, out);
    }
    return out->failed ? ERR_NOMEM : 0;
}

static size_t encoded_bytes(trimtab_run *run, const struct record *record)
{
    buf_clear(&run->scratch);
    return record_encode(&run->scratch, record) < 0 ? DECLARED_BYTES_MAX : run->scratch.size;
}

int declare_count(trimtab_run *run, const struct record *record)
{
    size_t bytes = encoded_bytes(run, record);

    if (bytes > DECLARED_BYTES_MAX - run->declared_bytes)
        return run_refuse(run, TRIMTAB_LIMIT, "the run's declarations take more than %u bytes", DECLARED_BYTES_MAX);
    run->declared_bytes += bytes;
    return TRIMTAB_OK;
}

void declare_uncount(trimtab_run *run, const struct record *record)
{
    size_t bytes = encoded_bytes(run, record);

    run->declared_bytes -= bytes < run->declared_bytes ? bytes : run->declared_bytes;
}
