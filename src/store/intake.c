#include "store/intake.h"

#include "base/log.h"
#include "store/audit.h"
#include "store/db.h"
#include "store/declare.h"

#define LOOK_EVERY 256 /* scalars between two looks at how far the reader has come */

static int take_point(struct store *store, const struct record *record, struct err *err)
{
    uint32_t id = catalog_map_to(&store->catalog.series_map, record->scalar.series);
    if (record->replayed)
        return 0;
    if (id == NAMES_NONE) {
        store->unknown_points++;
        return 0;
    }
    store->points++;
    catalog_point(&store->catalog, id, record->step, record->time_ns, record->scalar.value);
    return curves_add(store, id, record->step, record->time_ns / 1000, record->scalar.value, err);
}

static int take_effect(struct store *store, struct record *record, struct err *err)
{
    uint32_t id = catalog_map_to(&store->catalog.settings_map, record->effect.setting);
    if (id == NAMES_NONE)
        return 0;
    record->effect.setting = id;
    return declare_effect(store, record, err);
}

static int take_outcome(struct store *store, struct record *record, struct err *err)
{
    struct record_outcome *outcome = &record->outcome;
    for (uint32_t i = 0; i < outcome->items; i++)
        outcome->item[i].setting = catalog_map_to(&store->catalog.settings_map, outcome->item[i].setting);
    return audit_outcome(store, record, err);
}

static int take_checkpoint(struct store *store, const struct record *record, struct err *err)
{
    sqlite3_stmt *write = store->statement[STATEMENT_CHECKPOINT];
    db_bind_text(write, 1, record->checkpoint.id);
    db_bind_text(write, 2, record->checkpoint.path);
    db_bind_unsigned(write, 3, record->checkpoint.bytes);
    sqlite3_bind_int64(write, 4, record->step);
    sqlite3_bind_int64(write, 5, record->time_ns);
    return db_run(write, err);
}

static int take_message(struct store *store, const struct record *record, struct err *err)
{
    sqlite3_stmt *write = store->statement[STATEMENT_MESSAGE];
    sqlite3_bind_int64(write, 1, record->message.level);
    db_bind_text(write, 2, record->message.text);
    sqlite3_bind_int64(write, 3, record->step);
    sqlite3_bind_int64(write, 4, record->time_ns);
    return db_run(write, err);
}

static int take_gap(struct store *store, const struct record *record, struct err *err)
{
    sqlite3_stmt *write = store->statement[STATEMENT_GAP];
    db_bind_unsigned(write, 1, record->gap.scalars);
    db_bind_unsigned(write, 2, record->gap.others);
    sqlite3_bind_int64(write, 3, record->gap.from_step);
    sqlite3_bind_int64(write, 4, record->gap.to_step);
    db_bind_text(write, 5, record->gap.reason);
    sqlite3_bind_int64(write, 6, record->time_ns);
    return db_run(write, err);
}

/* Of what was stored before, only declarations count: they lead from the trainer's ids to the store's. */
static int take_news(struct store *store, struct record *record, struct err *err)
{
    if (record->replayed)
        return 0;
    switch (record->kind) {
    case RECORD_EFFECT:
        return take_effect(store, record, err);
    case RECORD_OUTCOME:
        return take_outcome(store, record, err);
    case RECORD_CHECKPOINT:
        return take_checkpoint(store, record, err);
    case RECORD_MESSAGE:
        return take_message(store, record, err);
    case RECORD_GAP:
        return take_gap(store, record, err);
    default:
        return 0;
    }
}

static int take(struct store *store, struct record *record, struct err *err)
{
    if (record->kind == RECORD_SCALAR || record->kind == RECORD_SCALAR_AT)
        return take_point(store, record, err);
    bool declares = (record->kind >= RECORD_RUN && record->kind <= RECORD_CONFIG) || record->kind == RECORD_STATE ||
                    record->kind == RECORD_END;
    return declares ? declare_take(store, record, err) : take_news(store, record, err);
}

static uint64_t distance(const struct journal_position *from, const struct journal_position *to)
{
    if (from->ordinal != to->ordinal)
        return to->offset;
    return (to->sequence - from->sequence) * SEGMENT_SIZE + to->offset - from->offset;
}

/* Adds what was read since the last look; true once it is as much as one transaction takes. */
static bool enough(struct store *store, struct journal_position *seen, uint64_t *bytes)
{
    struct journal_position now = journal_reader_position(store->reader);
    *bytes += distance(seen, &now);
    *seen = now;
    return *bytes >= store->budget_bytes;
}

static int read_journal(struct store *store, bool *more, struct err *err)
{
    struct record *record = store->record;
    struct journal_position seen = journal_reader_position(store->reader);
    uint64_t bytes = 0;
    unsigned since = 0;
    int code;
    while ((code = journal_reader_next(store->reader, record, err)) > 0) {
        bool look = (record->kind != RECORD_SCALAR && record->kind != RECORD_STEP) || ++since == LOOK_EVERY;
        bool stored_before = record->replayed;
        code = take(store, record, err);
        if (code)
            return code;
        if (!look || stored_before)
            continue;
        since = 0;
        if (enough(store, &seen, &bytes)) {
            *more = true;
            return 0;
        }
    }
    return code;
}

int intake_read(struct store *store, bool *more, struct err *err)
{
    *more = false;
    store->points = store->unknown_points = 0;
    int code = store->reader ? read_journal(store, more, err) : 0;
    if (!code)
        code = curves_save(store, err);
    if (!code)
        code = declare_save(store, err);
    if (!code && store->unknown_points)
        log_line(LOG_WARNING, "%llu points of series that were never declared are ignored",
                 (unsigned long long)store->unknown_points);
    return code;
}
