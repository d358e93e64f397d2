#include "random_record.h"

#include <math.h>

const enum record_kind random_kinds[] = {
    RECORD_STEP,   RECORD_SCALAR, RECORD_SCALAR_AT, RECORD_RUN,     RECORD_SERIES,  RECORD_SETTING,
    RECORD_ACTION, RECORD_CONFIG, RECORD_EFFECT,    RECORD_OUTCOME, RECORD_MESSAGE, RECORD_CHECKPOINT,
    RECORD_STATE,  RECORD_GAP,    RECORD_END,       RECORD_STARTED, RECORD_NONE,
};

void random_init(struct random_record *random, uint64_t seed)
{
    random->state = seed;
    random->used = 0;
}

/* splitmix64 (Vigna) */
uint64_t random_next(struct random_record *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t random_below(struct random_record *random, uint32_t bound)
{
    return (uint32_t)(random_next(random) >> 32) % bound;
}

static bool random_bool(struct random_record *random)
{
    return random_next(random) >> 63;
}

static double random_double(struct random_record *random)
{
    uint64_t bits = random_next(random);
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static struct text random_text(struct random_record *random)
{
    static const char *const pieces[] = {"",   "loss", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                         "\n", "\"",   "{}",       "a b"};
    char *start = random->texts + random->used;
    size_t size = 0;
    for (uint32_t i = random_below(random, 12); i > 0; i--) {
        const char *piece = pieces[random_below(random, sizeof pieces / sizeof *pieces)];
        memcpy(start + size, piece, strlen(piece));
        size += strlen(piece);
    }
    random->used += size;
    return text_of(start, size);
}

static struct value random_value(struct random_record *random, enum value_type type)
{
    struct value value = {.type = type};
    switch (type) {
    case VALUE_DOUBLE:
        value.number = random_double(random);
        break;
    case VALUE_BOOL:
        value.integer = random_bool(random);
        break;
    case VALUE_CHOICE:
        value.integer = random_below(random, 3);
        break;
    case VALUE_STRING:
        value.text = random_text(random);
        break;
    case VALUE_INT:
        value.integer = (int64_t)random_next(random);
        break;
    case VALUE_NONE:
        break;
    }
    return value;
}

static enum value_type random_type(struct random_record *random)
{
    return (enum value_type)(1 + random_below(random, 5));
}

static struct value random_bound(struct random_record *random, enum value_type type)
{
    struct value bound = random_value(random, type);
    if (type == VALUE_DOUBLE && isnan(bound.number))
        bound.number = random_bool(random) ? INFINITY : -INFINITY;
    return bound;
}

static void random_bounds(struct random_record *random, enum value_type type, bool *bounded, struct value *min,
                          struct value *max)
{
    *bounded = (type == VALUE_DOUBLE || type == VALUE_INT) && random_bool(random);
    *min = *bounded ? random_bound(random, type) : (struct value){0};
    *max = *bounded ? random_bound(random, type) : (struct value){0};
}

static void fill_setting(struct random_record *random, struct record_setting *setting)
{
    setting->id = (uint32_t)random_next(random);
    setting->name = random_text(random);
    setting->unit = random_text(random);
    setting->doc = random_text(random);
    setting->type = random_type(random);
    random_bounds(random, setting->type, &setting->bounded, &setting->min, &setting->max);
    setting->choices = setting->type == VALUE_CHOICE ? 3 + random_below(random, RECORD_CHOICES_MAX - 2) : 0;
    for (uint32_t i = 0; i < setting->choices; i++)
        setting->choice[i] = random_text(random);
    setting->value = random_value(random, setting->type);
    setting->revision = random_next(random);
}

static void fill_action(struct random_record *random, struct record_action *action)
{
    action->id = (uint32_t)random_next(random);
    action->name = random_text(random);
    action->doc = random_text(random);
    action->params = random_below(random, RECORD_PARAMS_MAX + 1);
    for (uint32_t i = 0; i < action->params; i++) {
        struct record_param *param = &action->param[i];
        param->name = random_text(random);
        param->value = random_value(random, random_type(random));
        random_bounds(random, param->value.type, &param->bounded, &param->min, &param->max);
    }
}

static void fill_outcome(struct random_record *random, struct record_outcome *outcome)
{
    outcome->ticket = random_next(random);
    outcome->outcome = (enum outcome_kind)(1 + random_below(random, 5));
    outcome->error = random_below(random, 60);
    outcome->changed = random_bool(random);
    outcome->pause_step = random_bool(random) ? INT64_MIN : (int64_t)random_next(random);
    outcome->detail = random_text(random);
    outcome->result = random_text(random);
    outcome->result_cut = random_bool(random);
    outcome->items = random_below(random, RECORD_ITEMS_MAX + 1);
    for (uint32_t i = 0; i < outcome->items; i++) {
        struct record_item *item = &outcome->item[i];
        enum value_type type = random_type(random);
        item->setting = (uint32_t)random_next(random);
        item->old = random_value(random, type);
        item->requested = random_value(random, type);
        item->effective = random_value(random, type);
        item->revision = random_next(random);
    }
}

static void fill_run(struct random_record *random, struct record *record)
{
    record->run.name = random_text(random);
    record->run.language = random_text(random);
    record->run.host = random_text(random);
    record->run.command = random_text(random);
    record->run.folder = random_text(random);
    record->run.pid = (int64_t)random_next(random);
    record->run.total_steps = (int64_t)random_next(random);
    record->run.started_ns = (int64_t)random_next(random);
}

static void fill_effect(struct random_record *random, struct record *record)
{
    record->effect.setting = (uint32_t)random_next(random);
    record->effect.value = random_value(random, random_type(random));
    record->effect.revision = random_next(random);
    record->effect.ticket = random_next(random);
    record->effect.overrides = random_next(random);
}

static void fill_gap(struct random_record *random, struct record *record)
{
    record->gap.scalars = random_next(random);
    record->gap.others = random_next(random);
    record->gap.from_step = (int64_t)random_next(random);
    record->gap.to_step = (int64_t)random_next(random);
    record->gap.reason = random_text(random);
}

static void fill_small(struct random_record *random, struct record *record)
{
    switch (record->kind) {
    case RECORD_SERIES:
        record->series.id = (uint32_t)random_next(random);
        record->series.name = random_text(random);
        record->series.unit = random_text(random);
        break;
    case RECORD_CONFIG:
        record->config.name = random_text(random);
        record->config.json = random_text(random);
        break;
    case RECORD_CHECKPOINT:
        record->checkpoint.id = random_text(random);
        record->checkpoint.path = random_text(random);
        record->checkpoint.bytes = random_next(random);
        break;
    case RECORD_MESSAGE:
        record->message.level = 1 + random_below(random, 3);
        record->message.text = random_text(random);
        break;
    case RECORD_STATE:
        record->state.state = (enum run_state)random_below(random, 6);
        record->state.ticket = random_next(random);
        break;
    case RECORD_END:
        record->end.state = RUN_FINISHED;
        break;
    case RECORD_STARTED:
        record->started.ticket = random_next(random);
        break;
    default:
        record->scalar.series = (uint32_t)random_next(random);
        record->scalar.value = random_double(random);
    }
}

static void fill_step(struct random_record *random, struct record *record)
{
    record->flags = 0;
    record->time_ns &= INT64_MAX;
    record->step = (int64_t)random_next(random) >> 8;
}

const struct record *random_fill(struct random_record *random, enum record_kind kind)
{
    struct record *record = &random->record;
    memset(record, 0, sizeof *record);
    random->used = 0;
    record->kind = kind;
    record->flags = kind >= RECORD_RUN && random_bool(random) ? RECORD_RESTATED : 0;
    record->step = (int64_t)random_next(random);
    record->time_ns = (int64_t)random_next(random);
    if (kind == RECORD_STEP)
        fill_step(random, record);
    else if (kind == RECORD_RUN)
        fill_run(random, record);
    else if (kind == RECORD_SETTING)
        fill_setting(random, &record->setting);
    else if (kind == RECORD_ACTION)
        fill_action(random, &record->action);
    else if (kind == RECORD_OUTCOME)
        fill_outcome(random, &record->outcome);
    else if (kind == RECORD_EFFECT)
        fill_effect(random, record);
    else if (kind == RECORD_GAP)
        fill_gap(random, record);
    else
        fill_small(random, record);
    return record;
}
