/* catalog.h: what the run has declared, in memory. run.db holds the same as of the last commit; after a rollback it is
 * loaded from there again. */
#ifndef STORE_CATALOG_H
#define STORE_CATALOG_H

#include <sqlite3.h>

#include "base/err.h"
#include "channel/record.h"
#include "store/names.h"

#define CATALOG_IDS_MAX (1u << 20) /* a trainer's id that is not below it is not believed */

/* From the ids of the present incarnation to the store's. */
struct catalog_map {
    uint32_t *to;
    uint32_t count;
};

struct catalog_series {
    struct text unit; /* owned */
    uint64_t count;
    int64_t step, time_ns; /* of the last value, where count is not 0 */
    double value;
    bool dirty; /* differs from its row in run.db, and stands in catalog.dirty */
};

struct catalog_setting {
    struct text declaration; /* owned: RECORD_SETTING as bytes, with the store's id; its value may be an older one */
    uint32_t choices;        /* how many values a choice has */
    struct value value;      /* in force; its text is owned */
    uint64_t revision;
    uint64_t ticket; /* the request that gave it its value; 0: the trainer's own code */
    bool dirty;
};

struct catalog_action {
    struct text declaration; /* owned */
};

struct catalog_state {
    bool known;
    enum run_state state;
    int64_t step, time_ns;
    uint64_t ticket;
};

struct catalog {
    struct names series_names, settings_names, actions_names; /* ids are places in the arrays */
    struct catalog_series *series;
    struct catalog_setting *settings;
    struct catalog_action *actions;
    uint32_t series_capacity, settings_capacity, actions_capacity;
    uint32_t *dirty; /* series; room for all of them */
    uint32_t dirty_count;
    struct catalog_map series_map, settings_map, actions_map;
    uint64_t ordinal; /* of the incarnation that the maps belong to */
    struct text run;  /* owned: RECORD_RUN of the newest incarnation as bytes; empty: none */
    uint64_t run_ordinal;
    struct catalog_state state;
};

void catalog_finish(struct catalog *catalog); /* twice is safe; all zero is an empty one */
/* Into an empty catalog. ERR_DAMAGED where run.db does not make sense. */
int catalog_load(struct catalog *catalog, sqlite3 *db, struct err *err);

/* The id of a new one, zero but for its name; NAMES_NONE: no memory, or too many. */
uint32_t catalog_add_series(struct catalog *catalog, struct text name);
uint32_t catalog_add_setting(struct catalog *catalog, struct text name);
uint32_t catalog_add_action(struct catalog *catalog, struct text name);

/* Is it a value that the setting could have? */
bool catalog_setting_suits(const struct catalog_setting *setting, const struct value *value);
/* The setting as a record with its value in force; texts live as long as the setting is not changed. */
bool catalog_setting_record(const struct catalog *catalog, uint32_t id, struct record *record);
bool catalog_set_value(struct catalog_setting *setting, const struct value *value); /* false: no memory */

bool catalog_copy(struct text *owned, struct text from); /* replaces it; false: no memory */

bool catalog_map_set(struct catalog_map *map, uint32_t from, uint32_t to);
void catalog_maps_clear(struct catalog *catalog);

static inline uint32_t catalog_map_to(const struct catalog_map *map, uint32_t from)
{
    return from < map->count ? map->to[from] : NAMES_NONE;
}

/* A point was logged. */
static inline void catalog_point(struct catalog *catalog, uint32_t id, int64_t step, int64_t time_ns, double value)
{
    struct catalog_series *series = &catalog->series[id];
    series->count++;
    series->step = step;
    series->time_ns = time_ns;
    series->value = value;
    if (!series->dirty) {
        series->dirty = true;
        catalog->dirty[catalog->dirty_count++] = id;
    }
}

#endif
