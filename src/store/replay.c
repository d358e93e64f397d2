#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/state.h"

struct replay {
    struct store *store;
    struct record *record; /* the store's scratch */
    void (*each)(void *context, const struct record *record);
    void *context;
};

static void give(struct replay *replay, enum record_kind kind, bool replayed)
{
    replay->record->kind = kind;
    replay->record->flags = 0;
    replay->record->synthetic = false;
    replay->record->replayed = replayed;
    replay->each(replay->context, replay->record);
}

static void give_run(struct replay *replay)
{
    const struct text *run = &replay->store->catalog.run;
    size_t skip;
    if (run->size && record_decode((const uint8_t *)run->data, run->size, replay->record, &skip) > 0)
        give(replay, RECORD_RUN, true);
}

static void give_state(struct replay *replay)
{
    const struct catalog_state *state = &replay->store->catalog.state;
    if (!state->known)
        return;
    replay->record->step = state->step;
    replay->record->time_ns = state->time_ns;
    replay->record->state.state = state->state;
    replay->record->state.ticket = state->ticket;
    give(replay, RECORD_STATE, true);
}

static void give_series(struct replay *replay)
{
    const struct catalog *catalog = &replay->store->catalog;
    for (uint32_t i = 0; i < catalog->series_names.count; i++) {
        replay->record->step = replay->record->time_ns = 0;
        replay->record->series.id = i;
        replay->record->series.name = catalog->series_names.name[i];
        replay->record->series.unit = catalog->series[i].unit;
        give(replay, RECORD_SERIES, true);
    }
}

static void give_settings(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->store->catalog.settings_names.count; i++)
        if (catalog_setting_record(&replay->store->catalog, i, replay->record))
            give(replay, RECORD_SETTING, true);
}

static void give_actions(struct replay *replay)
{
    const struct catalog *catalog = &replay->store->catalog;
    size_t skip;
    for (uint32_t i = 0; i < catalog->actions_names.count; i++) {
        struct text bytes = catalog->actions[i].declaration;
        if (record_decode((const uint8_t *)bytes.data, bytes.size, replay->record, &skip) > 0)
            give(replay, RECORD_ACTION, true);
    }
}

static void give_points(struct replay *replay)
{
    const struct catalog *catalog = &replay->store->catalog;
    for (uint32_t i = 0; i < catalog->series_names.count; i++) {
        const struct catalog_series *series = &catalog->series[i];
        if (!series->count)
            continue;
        replay->record->step = series->step;
        replay->record->time_ns = series->time_ns;
        replay->record->scalar.series = i;
        replay->record->scalar.value = series->value;
        give(replay, RECORD_SCALAR_AT, false);
    }
}

static void give_config_row(struct replay *replay, sqlite3_stmt *row)
{
    replay->record->step = replay->record->time_ns = 0;
    replay->record->config.name = db_text(row, 0);
    replay->record->config.json = db_text(row, 1);
    give(replay, RECORD_CONFIG, true);
}

static void give_checkpoint_row(struct replay *replay, sqlite3_stmt *row)
{
    replay->record->checkpoint.id = db_text(row, 0);
    replay->record->checkpoint.path = db_text(row, 1);
    replay->record->checkpoint.bytes = db_unsigned(row, 2);
    replay->record->step = sqlite3_column_int64(row, 3);
    replay->record->time_ns = sqlite3_column_int64(row, 4);
    give(replay, RECORD_CHECKPOINT, false);
}

static int give_rows(struct replay *replay, const char *sql, void (*give_row)(struct replay *, sqlite3_stmt *),
                     struct err *err)
{
    sqlite3_stmt *look;
    int code = db_prepare(replay->store->db, &look, sql, err);
    while (!code && (code = db_step(look, err)) > 0) {
        give_row(replay, look);
        code = 0;
    }
    sqlite3_finalize(look);
    return code;
}

int store_replay(struct store *store, void (*each)(void *context, const struct record *record), void *context,
                 struct err *err)
{
    struct replay replay = {.store = store, .record = store->record, .each = each, .context = context};
    int code = store->stale ? store_reload(store, err) : 0;
    if (code)
        return code;
    give_run(&replay);
    give_state(&replay);
    code = give_rows(&replay, "SELECT name,json FROM config ORDER BY rowid", give_config_row, err);
    if (code)
        return code;
    give_series(&replay);
    give_settings(&replay);
    give_actions(&replay);
    give_points(&replay);
    return give_rows(&replay, "SELECT name,path,bytes,step,time_ns FROM checkpoints ORDER BY id", give_checkpoint_row,
                     err);
}

uint64_t store_series_count(const struct store *store, uint32_t series)
{
    return series < store->catalog.series_names.count ? store->catalog.series[series].count : 0;
}
