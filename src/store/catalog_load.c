#include "store/catalog.h"

#include <stdlib.h>

#include "store/db.h"

struct loading {
    struct catalog *catalog;
    struct record *record; /* scratch */
};

/* One row of a table. 0, ERR_DAMAGED: it does not make sense, ERR_NOMEM. */
typedef int load_row(struct loading *loading, sqlite3_stmt *row);

static int memory(bool had)
{
    return had ? 0 : ERR_NOMEM;
}

/* Ids are the places in the arrays, so they must be 0, 1, 2, ... */
static int in_place(sqlite3_stmt *row, uint32_t id)
{
    if (id == NAMES_NONE)
        return ERR_NOMEM;
    return sqlite3_column_int64(row, 0) == (int64_t)id ? 0 : ERR_DAMAGED;
}

static int load_series(struct loading *loading, sqlite3_stmt *row)
{
    struct catalog *catalog = loading->catalog;
    uint32_t id = catalog_add_series(catalog, db_text(row, 1));
    int code = in_place(row, id);
    if (code)
        return code;
    struct catalog_series *series = &catalog->series[id];
    series->count = db_unsigned(row, 3);
    series->step = sqlite3_column_int64(row, 4);
    series->time_ns = sqlite3_column_int64(row, 5);
    series->value = db_double(row, 6);
    return memory(catalog_copy(&series->unit, db_text(row, 2)));
}

static bool decode(struct loading *loading, struct text bytes, enum record_kind kind)
{
    size_t skip;
    return record_decode((const uint8_t *)bytes.data, bytes.size, loading->record, &skip) == (long)bytes.size &&
           bytes.size && loading->record->kind == kind;
}

static int load_setting(struct loading *loading, sqlite3_stmt *row)
{
    struct catalog *catalog = loading->catalog;
    uint32_t id = catalog_add_setting(catalog, db_text(row, 1));
    int code = in_place(row, id);
    if (code)
        return code;
    if (!decode(loading, db_bytes(row, 2), RECORD_SETTING))
        return ERR_DAMAGED;
    struct catalog_setting *setting = &catalog->settings[id];
    setting->choices = loading->record->setting.choices;
    setting->revision = loading->record->setting.revision;
    setting->ticket = db_unsigned(row, 3);
    return memory(catalog_set_value(setting, &loading->record->setting.value) &&
                  catalog_copy(&setting->declaration, db_bytes(row, 2)));
}

static int load_action(struct loading *loading, sqlite3_stmt *row)
{
    struct catalog *catalog = loading->catalog;
    uint32_t id = catalog_add_action(catalog, db_text(row, 1));
    int code = in_place(row, id);
    if (code)
        return code;
    if (!decode(loading, db_bytes(row, 2), RECORD_ACTION))
        return ERR_DAMAGED;
    return memory(catalog_copy(&catalog->actions[id].declaration, db_bytes(row, 2)));
}

static int load_trainer(struct loading *loading, sqlite3_stmt *row)
{
    loading->catalog->run_ordinal = db_unsigned(row, 0);
    if (!decode(loading, db_bytes(row, 1), RECORD_RUN))
        return ERR_DAMAGED;
    return memory(catalog_copy(&loading->catalog->run, db_bytes(row, 1)));
}

static int load_state(struct loading *loading, sqlite3_stmt *row)
{
    struct catalog_state *state = &loading->catalog->state;
    int64_t word = sqlite3_column_int64(row, 0);
    if (word < RUN_WAITING || word > RUN_LOST)
        return ERR_DAMAGED;
    *state = (struct catalog_state){.known = true,
                                    .state = (enum run_state)word,
                                    .step = sqlite3_column_int64(row, 1),
                                    .time_ns = sqlite3_column_int64(row, 2),
                                    .ticket = db_unsigned(row, 3)};
    return 0;
}

static int load_rows(struct loading *loading, sqlite3 *db, const char *sql, load_row *each, struct err *err)
{
    sqlite3_stmt *statement;
    int code = db_prepare(db, &statement, sql, err);
    while (!code && (code = db_step(statement, err)) > 0) {
        code = each(loading, statement);
        if (code)
            err_set(err, code, code == ERR_NOMEM ? "no memory to read run.db" : "run.db: a row makes no sense (%s)",
                    sql);
    }
    sqlite3_finalize(statement);
    return code;
}

int catalog_load(struct catalog *catalog, sqlite3 *db, struct err *err)
{
    static const struct {
        const char *sql;
        load_row *each;
    } tables[] = {
        {"SELECT id,name,unit,count,step,time_ns,value FROM series ORDER BY id", load_series},
        {"SELECT id,name,declaration,ticket FROM settings ORDER BY id", load_setting},
        {"SELECT id,name,declaration FROM actions ORDER BY id", load_action},
        {"SELECT ordinal,run FROM trainers ORDER BY ordinal DESC LIMIT 1", load_trainer},
        {"SELECT state,step,time_ns,ticket FROM state", load_state},
    };
    struct loading loading = {.catalog = catalog, .record = malloc(sizeof *loading.record)};
    int code = loading.record ? 0 : err_set(err, ERR_NOMEM, "no memory to read run.db");
    for (size_t i = 0; i < sizeof tables / sizeof *tables && !code; i++)
        code = load_rows(&loading, db, tables[i].sql, tables[i].each, err);
    free(loading.record);
    return code;
}
