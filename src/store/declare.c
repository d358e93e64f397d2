#include "store/declare.h"

#include "base/log.h"
#include "store/db.h"

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, "no memory for what the trainer declares");
}

/* The record as bytes in store->bytes, without what differs each time that it is said. 0, ERR_NOMEM, ERR_INVALID. */
static int encode(struct store *store, struct record *record, struct err *err)
{
    record->flags = 0;
    record->step = record->time_ns = 0;
    buf_clear(&store->bytes);
    int code = record_encode(&store->bytes, record);
    if (code == ERR_INVALID)
        log_line(LOG_WARNING, "a declaration in the journal makes no sense and is ignored");
    else if (code)
        no_memory(err);
    return code;
}

static bool same_bytes(struct text text, const struct buf *bytes)
{
    return text.size == bytes->size && memcmp(text.data, bytes->data, bytes->size) == 0;
}

static int map(struct catalog_map *ids, uint32_t from, uint32_t to, struct err *err)
{
    if (catalog_map_set(ids, from, to))
        return 0;
    if (from < CATALOG_IDS_MAX)
        return no_memory(err);
    log_line(LOG_WARNING, "an id beyond %u in the journal is ignored", CATALOG_IDS_MAX);
    return 0;
}

static int take_run(struct store *store, struct record *record, struct err *err)
{
    struct catalog *catalog = &store->catalog;
    struct journal_position position = journal_reader_position(store->reader);
    if (catalog->ordinal != position.ordinal)
        catalog_maps_clear(catalog);
    catalog->ordinal = position.ordinal;
    int code = encode(store, record, err);
    if (code)
        return code == ERR_INVALID ? 0 : code;
    if (catalog->run_ordinal == position.ordinal && same_bytes(catalog->run, &store->bytes))
        return 0;
    if (!catalog_copy(&catalog->run, text_of(store->bytes.data, store->bytes.size)))
        return no_memory(err);
    catalog->run_ordinal = position.ordinal;
    char incarnation[33];
    incarnation_text(incarnation, &position.incarnation);
    sqlite3_stmt *write = store->statement[STATEMENT_TRAINER];
    db_bind_unsigned(write, 1, position.ordinal);
    db_bind_text(write, 2, text_from(incarnation));
    db_bind_bytes(write, 3, catalog->run.data, catalog->run.size);
    return db_run(write, err);
}

static int write_series(struct store *store, enum store_statement statement, uint32_t id, struct err *err)
{
    sqlite3_stmt *write = store->statement[statement];
    bool added = statement == STATEMENT_SERIES_ADD;
    sqlite3_bind_int64(write, 1, id);
    if (added)
        db_bind_text(write, 2, store->catalog.series_names.name[id]);
    db_bind_text(write, added ? 3 : 2, store->catalog.series[id].unit);
    return db_run(write, err);
}

static int take_series(struct store *store, struct record *record, struct err *err)
{
    struct catalog *catalog = &store->catalog;
    struct text unit = record->series.unit;
    uint32_t id = names_find(&catalog->series_names, record->series.name);
    bool added = id == NAMES_NONE;
    if (added && (id = catalog_add_series(catalog, record->series.name)) == NAMES_NONE)
        return no_memory(err);
    struct text known = catalog->series[id].unit;
    bool differs = known.size != unit.size || (unit.size && memcmp(known.data, unit.data, unit.size) != 0);
    if (added || (differs && !record->replayed)) {
        if (!catalog_copy(&catalog->series[id].unit, unit))
            return no_memory(err);
        int code = write_series(store, added ? STATEMENT_SERIES_ADD : STATEMENT_SERIES_UNIT, id, err);
        if (code)
            return code;
    }
    return map(&catalog->series_map, record->series.id, id, err);
}

/* Brings the declaration's bytes up to the value in force and writes the row. */
static int write_setting(struct store *store, uint32_t id, struct err *err)
{
    struct catalog_setting *setting = &store->catalog.settings[id];
    setting->dirty = false;
    if (!catalog_setting_record(&store->catalog, id, store->second))
        return err_set(err, ERR_DAMAGED, "a setting's declaration cannot be read");
    int code = encode(store, store->second, err);
    if (code)
        return code == ERR_INVALID ? 0 : code;
    if (!catalog_copy(&setting->declaration, text_of(store->bytes.data, store->bytes.size)))
        return no_memory(err);
    sqlite3_stmt *write = store->statement[STATEMENT_SETTING];
    sqlite3_bind_int64(write, 1, id);
    db_bind_text(write, 2, store->catalog.settings_names.name[id]);
    db_bind_bytes(write, 3, setting->declaration.data, setting->declaration.size);
    db_bind_value(write, 4, &setting->value);
    db_bind_unsigned(write, 5, setting->revision);
    db_bind_unsigned(write, 6, setting->ticket);
    return db_run(write, err);
}

static int write_effect(struct store *store, const struct record *effect, struct err *err)
{
    sqlite3_stmt *write = store->statement[STATEMENT_EFFECT];
    sqlite3_bind_int64(write, 1, effect->effect.setting);
    sqlite3_bind_int64(write, 2, effect->step);
    sqlite3_bind_int64(write, 3, effect->time_ns);
    db_bind_value(write, 4, &effect->effect.value);
    db_bind_unsigned(write, 5, effect->effect.revision);
    db_bind_unsigned(write, 6, effect->effect.ticket);
    db_bind_unsigned(write, 7, effect->effect.overrides);
    return db_run(write, err);
}

int declare_effect(struct store *store, const struct record *effect, struct err *err)
{
    struct catalog_setting *setting = &store->catalog.settings[effect->effect.setting];
    if (!catalog_setting_suits(setting, &effect->effect.value))
        return 0;
    if (!catalog_set_value(setting, &effect->effect.value))
        return no_memory(err);
    setting->revision = effect->effect.revision;
    setting->ticket = effect->effect.ticket;
    setting->dirty = true;
    return write_effect(store, effect, err);
}

/* A declaration whose bytes are in store->bytes: new, or other than before. */
static int replace_setting(struct store *store, uint32_t id, const struct record *record, int64_t step, int64_t time_ns,
                           struct err *err)
{
    struct catalog_setting *setting = &store->catalog.settings[id];
    const struct record_setting *declared = &record->setting;
    bool changed = setting->revision != declared->revision || !value_same(&setting->value, &declared->value);
    setting->choices = declared->choices;
    setting->revision = declared->revision;
    if (!catalog_copy(&setting->declaration, text_of(store->bytes.data, store->bytes.size)) ||
        !catalog_set_value(setting, &declared->value))
        return no_memory(err);
    if (changed) {
        setting->ticket = 0;
        struct record *effect = store->second;
        effect->step = step;
        effect->time_ns = time_ns;
        effect->effect.setting = id;
        effect->effect.value = setting->value;
        effect->effect.revision = setting->revision;
        effect->effect.ticket = effect->effect.overrides = 0;
        int code = write_effect(store, effect, err);
        if (code)
            return code;
    }
    return write_setting(store, id, err);
}

static int take_setting(struct store *store, struct record *record, struct err *err)
{
    struct catalog *catalog = &store->catalog;
    int64_t step = record->step, time_ns = record->time_ns;
    uint32_t trainer_id = record->setting.id;
    uint32_t id = names_find(&catalog->settings_names, record->setting.name);
    bool known = id != NAMES_NONE;
    int code = 0;
    if (known && catalog->settings[id].dirty)
        code = write_setting(store, id, err);
    record->setting.id = known ? id : catalog->settings_names.count;
    if (!code)
        code = encode(store, record, err);
    if (code)
        return code == ERR_INVALID ? 0 : code;
    if (!known && (id = catalog_add_setting(catalog, record->setting.name)) == NAMES_NONE)
        return no_memory(err);
    if (!known || (!record->replayed && !same_bytes(catalog->settings[id].declaration, &store->bytes)))
        code = replace_setting(store, id, record, step, time_ns, err);
    return code ? code : map(&catalog->settings_map, trainer_id, id, err);
}

static int write_action(struct store *store, uint32_t id, struct err *err)
{
    struct catalog_action *action = &store->catalog.actions[id];
    if (!catalog_copy(&action->declaration, text_of(store->bytes.data, store->bytes.size)))
        return no_memory(err);
    sqlite3_stmt *write = store->statement[STATEMENT_ACTION];
    sqlite3_bind_int64(write, 1, id);
    db_bind_text(write, 2, store->catalog.actions_names.name[id]);
    db_bind_bytes(write, 3, action->declaration.data, action->declaration.size);
    return db_run(write, err);
}

static int take_action(struct store *store, struct record *record, struct err *err)
{
    struct catalog *catalog = &store->catalog;
    uint32_t trainer_id = record->action.id;
    uint32_t id = names_find(&catalog->actions_names, record->action.name);
    bool known = id != NAMES_NONE;
    record->action.id = known ? id : catalog->actions_names.count;
    int code = encode(store, record, err);
    if (code)
        return code == ERR_INVALID ? 0 : code;
    if (!known && (id = catalog_add_action(catalog, record->action.name)) == NAMES_NONE)
        return no_memory(err);
    if (!known || (!record->replayed && !same_bytes(catalog->actions[id].declaration, &store->bytes)))
        code = write_action(store, id, err);
    return code ? code : map(&catalog->actions_map, trainer_id, id, err);
}

static int take_config(struct store *store, const struct record *record, struct err *err)
{
    if (record->replayed)
        return 0;
    sqlite3_stmt *write = store->statement[STATEMENT_CONFIG];
    db_bind_text(write, 1, record->config.name);
    db_bind_text(write, 2, record->config.json);
    return db_run(write, err);
}

static int take_state(struct store *store, const struct record *record, enum run_state state, uint64_t ticket,
                      struct err *err)
{
    struct catalog_state *known = &store->catalog.state;
    bool restated = record->flags & RECORD_RESTATED;
    if (record->replayed || (restated && known->known && known->state == state))
        return 0;
    *known = (struct catalog_state){
        .known = true, .state = state, .step = record->step, .time_ns = record->time_ns, .ticket = ticket};
    sqlite3_stmt *write = store->statement[STATEMENT_STATE];
    sqlite3_bind_int64(write, 1, state);
    sqlite3_bind_int64(write, 2, known->step);
    sqlite3_bind_int64(write, 3, known->time_ns);
    db_bind_unsigned(write, 4, ticket);
    return db_run(write, err);
}

int declare_take(struct store *store, struct record *record, struct err *err)
{
    switch (record->kind) {
    case RECORD_RUN:
        return take_run(store, record, err);
    case RECORD_SERIES:
        return take_series(store, record, err);
    case RECORD_SETTING:
        return take_setting(store, record, err);
    case RECORD_ACTION:
        return take_action(store, record, err);
    case RECORD_CONFIG:
        return take_config(store, record, err);
    case RECORD_STATE:
        return take_state(store, record, record->state.state, record->state.ticket, err);
    case RECORD_END:
        return take_state(store, record, record->end.state, 0, err);
    default:
        return 0;
    }
}

static int write_point(struct store *store, uint32_t id, struct err *err)
{
    struct catalog_series *series = &store->catalog.series[id];
    sqlite3_stmt *write = store->statement[STATEMENT_SERIES_POINT];
    series->dirty = false;
    sqlite3_bind_int64(write, 1, id);
    db_bind_unsigned(write, 2, series->count);
    sqlite3_bind_int64(write, 3, series->step);
    sqlite3_bind_int64(write, 4, series->time_ns);
    db_bind_double(write, 5, series->value);
    return db_run(write, err);
}

int declare_save(struct store *store, struct err *err)
{
    struct catalog *catalog = &store->catalog;
    int code = 0;
    for (uint32_t i = 0; i < catalog->dirty_count && !code; i++)
        code = write_point(store, catalog->dirty[i], err);
    catalog->dirty_count = 0;
    for (uint32_t i = 0; i < catalog->settings_names.count && !code; i++)
        if (catalog->settings[i].dirty)
            code = write_setting(store, i, err);
    return code;
}
