#include "model/run.h"

#include <math.h>
#include <stdlib.h>

#include "model/copy.h"
#include "model/declared.h"
#include "model/said.h"

void run_init(struct run *run)
{
    *run = (struct run){.state = RUN_WAITING};
    memcpy(run->history, "stored", sizeof "stored");
}

static void checkpoint_finish(struct checkpoint *checkpoint)
{
    free(checkpoint->id);
    free(checkpoint->path);
}

static void trainer_finish(struct trainer *trainer)
{
    free(trainer->language);
    free(trainer->host);
    free(trainer->command);
}

void run_finish(struct run *run)
{
    declared_finish(run);
    for (uint32_t i = 0; i < run->checkpoints_count; i++)
        checkpoint_finish(&run->checkpoints[i]);
    for (uint32_t i = 0; i < run->messages_count; i++)
        said_finish(&run->messages[i]);
    trainer_finish(&run->trainer);
    id_map_finish(&run->series_map);
    id_map_finish(&run->settings_map);
    id_map_finish(&run->actions_map);
    free(run->name);
    free(run->folder);
    *run = (struct run){0};
}

const char *run_state_name(enum run_state state)
{
    static const char *const names[] = {"waiting", "running", "paused", "stopping", "finished", "lost"};
    return state <= RUN_LOST ? names[state] : "unknown";
}

struct setting *run_setting_named(struct run *run, struct text name)
{
    for (uint32_t i = 0; i < run->settings_count; i++)
        if (text_is(name, run->settings[i].name))
            return &run->settings[i];
    return NULL;
}

struct action *run_action_named(struct run *run, struct text name)
{
    for (uint32_t i = 0; i < run->actions_count; i++)
        if (text_is(name, run->actions[i].name))
            return &run->actions[i];
    return NULL;
}

static struct change changed(enum run_change kind, uint32_t id)
{
    return (struct change){.kind = kind, .id = id};
}

void run_forget_ids(struct run *run)
{
    for (uint32_t i = 0; i < run->settings_count; i++)
        run->settings[i].attached = false;
    for (uint32_t i = 0; i < run->actions_count; i++)
        run->actions[i].attached = false;
    run->series_map.count = run->settings_map.count = run->actions_map.count = 0;
}

static struct change take_run(struct run *run, const struct record *record)
{
    struct trainer *trainer = &run->trainer;
    bool differs = false;
    if (!text_replace(&run->name, record->run.name, &differs) ||
        !text_replace(&trainer->language, record->run.language, &differs) ||
        !text_replace(&trainer->host, record->run.host, &differs) ||
        !text_replace(&trainer->command, record->run.command, &differs))
        run->failed = true;
    bool other_total = trainer->total_steps != record->run.total_steps;
    bool fresh = trainer->started_ns != record->run.started_ns || trainer->pid != record->run.pid;
    trainer->pid = record->run.pid;
    trainer->total_steps = record->run.total_steps;
    trainer->started_ns = record->run.started_ns;
    if (fresh) {
        run_forget_ids(run);
        run->rate.known = false;
        run->steps_per_second = 0;
    }
    return changed(fresh ? CHANGE_TRAINER : other_total ? CHANGE_TOTAL : CHANGE_NONE, 0);
}

static void take_step(struct run *run, int64_t step)
{
    run->step = step;
    run->step_known = true;
}

static struct change take_point(struct run *run, const struct record *record)
{
    uint32_t id;
    if (!id_map_get(&run->series_map, record->scalar.series, &id))
        return changed(CHANGE_NONE, 0);
    struct series *series = &run->series[id];
    series->logged = true;
    series->step = record->step;
    series->time_ns = record->time_ns;
    series->value = record->scalar.value;
    series->count++;
    return changed(CHANGE_POINT, id);
}

static struct change take_series(struct run *run, const struct record *record)
{
    uint32_t id;
    bool fresh = false;
    if (id_map_get(&run->series_map, record->series.id, &id) && text_is(record->series.name, run->series[id].name))
        return changed(CHANGE_NONE, id); /* said again at the head of a segment */
    if (!declared_series(run, record->series.name, record->series.unit, &id, &fresh) ||
        !id_map_put(&run->series_map, record->series.id, id)) {
        run->failed = true;
        return changed(CHANGE_NONE, 0);
    }
    return changed(fresh ? CHANGE_SERIES : CHANGE_NONE, id);
}

static struct change take_setting(struct run *run, const struct record *record)
{
    uint32_t id;
    bool fresh = false;
    if (!declared_setting(run, &record->setting, &id, &fresh) ||
        !id_map_put(&run->settings_map, record->setting.id, id)) {
        run->failed = true;
        return changed(CHANGE_NONE, 0);
    }
    run->settings[id].attached = true;
    return changed(fresh ? CHANGE_SETTING : CHANGE_NONE, id);
}

static struct change take_action(struct run *run, const struct record *record)
{
    uint32_t id;
    bool fresh = false;
    if (!declared_action(run, &record->action, &id, &fresh) || !id_map_put(&run->actions_map, record->action.id, id)) {
        run->failed = true;
        return changed(CHANGE_NONE, 0);
    }
    run->actions[id].attached = true;
    return changed(fresh ? CHANGE_ACTION : CHANGE_NONE, id);
}

static struct change take_effect(struct run *run, const struct record *record)
{
    uint32_t id;
    if (!id_map_get(&run->settings_map, record->effect.setting, &id) ||
        run->settings[id].type != record->effect.value.type)
        return changed(CHANGE_NONE, 0);
    struct setting *setting = &run->settings[id];
    if (!value_replace(&setting->value, &record->effect.value)) {
        run->failed = true;
        return changed(CHANGE_NONE, 0);
    }
    setting->revision = record->effect.revision;
    setting->ticket = record->effect.ticket;
    return changed(CHANGE_EFFECT, id);
}

static struct change take_checkpoint(struct run *run, const struct record *record)
{
    struct checkpoint fresh = {.step = record->step, .time_ns = record->time_ns, .bytes = record->checkpoint.bytes};
    fresh.id = text_copy(record->checkpoint.id);
    fresh.path = text_copy(record->checkpoint.path);
    if (!fresh.id || !fresh.path) {
        checkpoint_finish(&fresh);
        run->failed = true;
        return changed(CHANGE_NONE, 0);
    }
    if (run->checkpoints_count == LIMIT_CHECKPOINTS_SHOWN)
        checkpoint_finish(&run->checkpoints[--run->checkpoints_count]);
    memmove(run->checkpoints + 1, run->checkpoints, run->checkpoints_count * sizeof fresh);
    run->checkpoints[0] = fresh;
    run->checkpoints_count++;
    return changed(CHANGE_CHECKPOINT, 0);
}

static struct change take_state(struct run *run, const struct record *record)
{
    if (record->state.state > RUN_LOST)
        return changed(CHANGE_NONE, 0);
    bool differs = run->state != record->state.state;
    run->state = record->state.state;
    run->state_time_ns = record->time_ns;
    run->state_step = record->step;
    run->rate.known = false;
    return changed(differs ? CHANGE_STATE : CHANGE_NONE, 0);
}

static struct change take_declaration(struct run *run, const struct record *record)
{
    switch (record->kind) {
    case RECORD_RUN:
        return take_run(run, record);
    case RECORD_SERIES:
        return take_series(run, record);
    case RECORD_SETTING:
        return take_setting(run, record);
    case RECORD_ACTION:
        return take_action(run, record);
    case RECORD_CONFIG:
        if (!declared_config(run, record->config.name, record->config.json))
            run->failed = true;
        return changed(CHANGE_NONE, 0);
    case RECORD_STATE:
        return take_state(run, record);
    default:
        return changed(CHANGE_NONE, 0);
    }
}

static struct change take_news(struct run *run, const struct record *record)
{
    switch (record->kind) {
    case RECORD_STEP:
        take_step(run, record->step);
        return changed(CHANGE_STEP, 0);
    case RECORD_SCALAR:
    case RECORD_SCALAR_AT:
        return take_point(run, record);
    case RECORD_EFFECT:
        return take_effect(run, record);
    case RECORD_CHECKPOINT:
        return take_checkpoint(run, record);
    case RECORD_OUTCOME:
        return changed(CHANGE_OUTCOME, 0);
    case RECORD_STARTED:
        return changed(CHANGE_STARTED, 0);
    case RECORD_MESSAGE:
        run_said(run, 0, record->message.level, record->message.text, "trainer", record->step, record->time_ns);
        return changed(CHANGE_MESSAGE, 0);
    case RECORD_GAP:
        return changed(CHANGE_GAP, 0);
    case RECORD_END:
        run->state = RUN_FINISHED;
        run->state_time_ns = record->time_ns;
        if (run->step_known)
            take_step(run, record->step); /* nobody may have looked at the mailbox since */
        return changed(CHANGE_END, 0);
    default:
        return take_declaration(run, record);
    }
}

struct change run_take(struct run *run, const struct record *record)
{
    bool declares = record->kind >= RECORD_RUN && record->kind <= RECORD_CONFIG;
    if (declares || record->kind == RECORD_STATE)
        return take_declaration(run, record);
    if (!record->replayed || record->kind == RECORD_STEP || record->kind == RECORD_EFFECT)
        return take_news(run, record);
    return changed(CHANGE_NONE, 0);
}

/* What came last: a point, or the state. */
static int64_t newest(const struct run *run, int64_t *step)
{
    int64_t time_ns = run->state_time_ns;
    *step = run->state_step;
    for (uint32_t i = 0; i < run->series_count; i++) {
        const struct series *series = &run->series[i];
        if (!series->logged || series->time_ns < time_ns)
            continue;
        time_ns = series->time_ns;
        *step = series->step;
    }
    return time_ns;
}

void run_trainer_gone(struct run *run, int64_t when_ns)
{
    int64_t step, newest_ns = newest(run, &step);
    run->trainer.attached = false;
    run->steps_per_second = 0;
    run->rate.known = false;
    run_forget_ids(run);
    if (!run->step_known && newest_ns)
        take_step(run, step);
    if (run->state == RUN_FINISHED)
        return;
    run->state = RUN_LOST;
    run->state_time_ns = when_ns ? when_ns : newest_ns;
}

void run_progress(struct run *run, int64_t step, int64_t now_ns)
{
    take_step(run, step);
    if (run->state != RUN_RUNNING)
        return;
    if (!run->rate.known || step < run->rate.step) {
        run->rate.known = true;
        run->rate.step = step;
        run->rate.time_ns = now_ns;
        return;
    }
    double seconds = (double)(now_ns - run->rate.time_ns) * 1e-9;
    int64_t steps = step - run->rate.step;
    if (seconds < 1 || (steps < 2 && seconds < 600))
        return;
    double rate = (double)steps / seconds;
    /* half new, half old: about two seconds of memory for fast loops, a few steps for slow ones */
    run->steps_per_second = run->steps_per_second > 0 ? (run->steps_per_second + rate) / 2 : rate;
    run->rate.step = step;
    run->rate.time_ns = now_ns;
}

double run_eta(const struct run *run)
{
    if (run->trainer.total_steps <= 0 || !run->step_known || !(run->steps_per_second > 0))
        return -1;
    if (run->state != RUN_RUNNING)
        return -1;
    int64_t left = run->trainer.total_steps - run->step;
    return left > 0 ? (double)left / run->steps_per_second : 0;
}
