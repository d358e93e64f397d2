#include "store/points_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/range.h"

#define MODULE "trimtab_scalars"
#define CURSOR_CHUNKS 4 /* kept decoded: a join comes back to them */

enum column { SERIES, SEGMENT, STEP, TIME, VALUE, SUPERSEDED };

/* What a query asks of a column. In the plan each is two characters: the column, and this. */
enum bound { EQUAL, LEAST, MOST, GLOB, LIKE };

struct scalars {
    sqlite3_vtab base;
    struct points_table *table; /* borrowed */
};

/* Of the rows that are asked for; the places of others are not looked into. */
struct wanted {
    int64_t step, step_most, us, us_most;
    int64_t segment, segment_most;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct points_table *table;
    struct shelf shelf;
    struct wanted wanted;
    bool *skipped;  /* of each series */
    size_t series;  /* where it stands; the number of series: behind the last row */
    size_t segment; /* of its places */
    size_t place;
    const struct points *points;
    uint32_t at, end; /* of the points */
};

/* ---- what it reads from ---- */

void points_table_finish(struct points_table *table)
{
    sqlite3_create_module(table->reader->db, MODULE, NULL, NULL);
    for (size_t i = 0; table->places && i < table->selection.count; i++)
        places_finish(&table->places[i]);
    free(table->places);
    free(table->begin);
    selection_finish(&table->selection);
    *table = (struct points_table){.reader = table->reader};
}

static int load_places(struct points_table *table)
{
    size_t count = table->selection.count;
    table->places = calloc(count + 1, sizeof *table->places);
    table->begin = calloc(count + 1, sizeof *table->begin);
    if (!table->places || !table->begin)
        return err_set(&table->err, ERR_NOMEM, "no memory to read points");
    for (size_t i = 0; i < count; i++)
        table->places[i].series = table->selection.series[i].id;
    int code = places_load(table->reader, table->places, count, &table->err);
    for (size_t i = 0; i < count && !code; i++) {
        const struct places *places = &table->places[i];
        table->begin[i + 1] = table->begin[i] + (places->segments ? places->segment[places->segments - 1].to : 0);
    }
    return code;
}

/* At the first plan that has the table in it. */
static int load(struct points_table *table)
{
    if (table->loaded || table->err.code)
        return table->err.code;
    int code = selection_make(&table->selection, table->reader, NULL, 0, SIZE_MAX, &table->err);
    if (!code)
        code = load_places(table);
    table->loaded = !code;
    return code;
}

/* To SQLite; the error itself stays in the table. */
static int failed(int code)
{
    return code == ERR_NOMEM ? SQLITE_NOMEM : SQLITE_ERROR;
}

/* ---- connecting ---- */

static int connect(sqlite3 *db, void *context, int argc, const char *const *argv, sqlite3_vtab **vtab, char **why)
{
    (void)argc;
    (void)argv;
    (void)why;
    struct scalars *scalars = sqlite3_malloc(sizeof *scalars);
    if (!scalars)
        return SQLITE_NOMEM;
    *scalars = (struct scalars){.table = context};
    *vtab = &scalars->base;
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    return sqlite3_declare_vtab(db, "CREATE TABLE scalars(series TEXT, segment INTEGER, step INTEGER, time REAL,"
                                    " value REAL, superseded INTEGER)");
}

static int disconnect(sqlite3_vtab *vtab)
{
    sqlite3_free(vtab);
    return SQLITE_OK;
}

/* ---- planning ---- */

/* Which bound a constraint is; -1: none that helps. */
static int bound_of(int column, int op)
{
    bool text = column == SERIES, number = column == SEGMENT || column == STEP || column == TIME;
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
        return text || number ? EQUAL : -1;
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE:
        return number ? LEAST : -1;
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE:
        return number ? MOST : -1;
    case SQLITE_INDEX_CONSTRAINT_GLOB:
        return text ? GLOB : -1;
    case SQLITE_INDEX_CONSTRAINT_LIKE:
        return text ? LIKE : -1;
    default:
        return -1;
    }
}

static double rows_left(const struct points_table *table, double rows, int column, int bound)
{
    double series = table->selection.count ? (double)table->selection.count : 1;
    if (column == SERIES)
        return rows / (bound == EQUAL ? series : sqrt(series));
    if (bound == EQUAL && column != SEGMENT)
        return rows > series * 2 ? series * 2 : rows;
    return rows / 4;
}

static int plan(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    struct points_table *table = ((struct scalars *)vtab)->table;
    int code = load(table), arguments = 0;
    if (code)
        return failed(code);
    double rows = (double)table->begin[table->selection.count];
    char *bounds = sqlite3_malloc(2 * info->nConstraint + 1);
    if (!bounds)
        return SQLITE_NOMEM;
    for (int i = 0; i < info->nConstraint; i++) {
        int column = info->aConstraint[i].iColumn, bound = bound_of(column, info->aConstraint[i].op);
        if (!info->aConstraint[i].usable || bound < 0)
            continue;
        bounds[2 * arguments] = (char)('0' + column);
        bounds[2 * arguments + 1] = (char)('0' + bound);
        info->aConstraintUsage[i].argvIndex = ++arguments; /* and SQLite looks at each row again */
        rows = rows_left(table, rows, column, bound);
    }
    bounds[2 * arguments] = '\0';
    info->idxStr = bounds;
    info->needToFreeIdxStr = 1;
    info->estimatedRows = (sqlite3_int64)rows + 1;
    info->estimatedCost = rows + 500;
    return SQLITE_OK;
}

/* ---- what is asked for ---- */

static void at_least(int64_t *bound, int64_t value)
{
    *bound = value > *bound ? value : *bound;
}

static void at_most(int64_t *bound, int64_t value)
{
    *bound = value < *bound ? value : *bound;
}

static void narrow(int64_t *least, int64_t *most, enum bound bound, int64_t low, int64_t high)
{
    if (bound != MOST)
        at_least(least, low);
    if (bound != LEAST)
        at_most(most, high);
}

/* The whole numbers around number * scale; what is not a number bounds nothing here. */
static void around(sqlite3_value *value, double scale, int64_t *low, int64_t *high)
{
    int type = sqlite3_value_type(value);
    double number = sqlite3_value_double(value) * scale, slack = scale > 1 ? 2 : 0;
    *low = INT64_MIN;
    *high = INT64_MAX;
    if (type == SQLITE_INTEGER && scale == 1) {
        *low = *high = sqlite3_value_int64(value);
    } else if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
        if (number > -9e18)
            *low = number < 9e18 ? (int64_t)(floor(number) - slack) : INT64_MAX;
        if (number < 9e18)
            *high = number > -9e18 ? (int64_t)(ceil(number) + slack) : INT64_MIN;
    }
}

static void skip_series(struct cursor *cursor, enum bound bound, sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);
    for (size_t i = 0; text && i < cursor->table->selection.count; i++) {
        const char *name = cursor->table->selection.series[i].name;
        bool matches = bound == EQUAL  ? strcmp(name, text) == 0
                       : bound == GLOB ? sqlite3_strglob(text, name) == 0
                                       : sqlite3_strlike(text, name, 0) == 0;
        cursor->skipped[i] |= !matches;
    }
}

static void apply(struct cursor *cursor, int column, enum bound bound, sqlite3_value *value)
{
    struct wanted *wanted = &cursor->wanted;
    int64_t low, high;
    around(value, column == TIME ? 1e6 : 1, &low, &high);
    if (column == SERIES)
        skip_series(cursor, bound, value);
    else if (column == SEGMENT)
        narrow(&wanted->segment, &wanted->segment_most, bound, low, high);
    else if (column == STEP)
        narrow(&wanted->step, &wanted->step_most, bound, low, high);
    else
        narrow(&wanted->us, &wanted->us_most, bound, low, high);
}

/* ---- rows ---- */

static bool is_wanted(const struct cursor *cursor, const struct place *place)
{
    const struct wanted *wanted = &cursor->wanted;
    return place->last_step >= wanted->step && place->first_step <= wanted->step_most && place->most_us >= wanted->us &&
           place->least_us <= wanted->us_most && place->segment >= wanted->segment &&
           place->segment <= wanted->segment_most;
}

/* Within a place steps do not go back: those that are asked for lie together. False: there is none. */
static bool find_steps(struct cursor *cursor)
{
    const struct points *points = cursor->points;
    uint32_t low = 0, high = points->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (points->step[middle] < cursor->wanted.step)
            low = middle + 1;
        else
            high = middle;
    }
    cursor->at = low;
    cursor->end = points->count;
    return low < points->count && points->step[low] <= cursor->wanted.step_most;
}

static void next_place(struct cursor *cursor, const struct places *places)
{
    cursor->place++;
    while (cursor->segment < places->segments && places->segment[cursor->segment].end <= cursor->place)
        cursor->segment++;
}

/* The first place of this series, from here on, that has a row. 1; 0: none is left; or an error. */
static int find_in_series(struct cursor *cursor)
{
    struct points_table *table = cursor->table;
    const struct places *places = &table->places[cursor->series];
    for (; cursor->place < places->count; next_place(cursor, places)) {
        const struct place *place = &places->place[cursor->place];
        if (!is_wanted(cursor, place))
            continue;
        int code = shelf_take(&cursor->shelf, places, place, &cursor->points, &table->err);
        if (!code && find_steps(cursor))
            return 1;
        if (code && code != ERR_DAMAGED)
            return code;
        table->lost |= code == ERR_DAMAGED;
        table->err.code = 0;
    }
    table->lost |= table->selection.series[cursor->series].points > places->points;
    return 0;
}

/* The same, or of a series behind it. */
static int find_place(struct cursor *cursor)
{
    for (; cursor->series < cursor->table->selection.count; cursor->series++) {
        int code = cursor->skipped[cursor->series] ? 0 : find_in_series(cursor);
        if (code)
            return code > 0 ? SQLITE_OK : failed(code);
        cursor->place = cursor->segment = 0;
    }
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **opened)
{
    struct points_table *table = ((struct scalars *)vtab)->table;
    struct cursor *cursor = calloc(1, sizeof *cursor);
    int code = load(table);
    *opened = NULL;
    if (!cursor || code) {
        free(cursor);
        return code ? failed(code) : SQLITE_NOMEM;
    }
    *cursor = (struct cursor){.table = table, .series = table->selection.count};
    cursor->skipped = calloc(table->selection.count + 1, sizeof *cursor->skipped);
    if (!cursor->skipped || shelf_init(&cursor->shelf, table->reader, CURSOR_CHUNKS, NULL)) {
        free(cursor->skipped);
        free(cursor);
        return SQLITE_NOMEM;
    }
    *opened = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *closed)
{
    struct cursor *cursor = (struct cursor *)closed;
    shelf_finish(&cursor->shelf);
    free(cursor->skipped);
    free(cursor);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *filtered, int number, const char *bounds, int argc, sqlite3_value **argv)
{
    struct cursor *cursor = (struct cursor *)filtered;
    (void)number;
    cursor->wanted = (struct wanted){INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};
    memset(cursor->skipped, 0, cursor->table->selection.count);
    for (int i = 0; i < argc; i++)
        apply(cursor, bounds[2 * i] - '0', (enum bound)(bounds[2 * i + 1] - '0'), argv[i]);
    cursor->series = cursor->segment = cursor->place = 0;
    return find_place(cursor);
}

static int next(sqlite3_vtab_cursor *moved)
{
    struct cursor *cursor = (struct cursor *)moved;
    if (++cursor->at < cursor->end && cursor->points->step[cursor->at] <= cursor->wanted.step_most)
        return SQLITE_OK;
    next_place(cursor, &cursor->table->places[cursor->series]);
    return find_place(cursor);
}

static int is_behind(sqlite3_vtab_cursor *asked)
{
    const struct cursor *cursor = (struct cursor *)asked;
    return cursor->series >= cursor->table->selection.count;
}

static int column(sqlite3_vtab_cursor *asked, sqlite3_context *out, int number)
{
    const struct cursor *cursor = (struct cursor *)asked;
    const struct place_segment *segment = &cursor->table->places[cursor->series].segment[cursor->segment];
    int64_t step = cursor->points->step[cursor->at];
    switch ((enum column)number) {
    case SERIES:
        sqlite3_result_text(out, cursor->table->selection.series[cursor->series].name, -1, SQLITE_STATIC);
        break;
    case SEGMENT:
        sqlite3_result_int64(out, segment->number);
        break;
    case STEP:
        sqlite3_result_int64(out, step);
        break;
    case TIME:
        sqlite3_result_double(out, (double)cursor->points->time_us[cursor->at] / 1e6);
        break;
    case VALUE:
        sqlite3_result_double(out, cursor->points->value[cursor->at]); /* NULL where it is NaN */
        break;
    case SUPERSEDED:
        sqlite3_result_int(out, segment->is_replaced && step >= segment->until);
        break;
    }
    return SQLITE_OK;
}

static int row_number(sqlite3_vtab_cursor *asked, sqlite3_int64 *number)
{
    const struct cursor *cursor = (struct cursor *)asked;
    const struct place *place = &cursor->table->places[cursor->series].place[cursor->place];
    *number = (sqlite3_int64)(cursor->table->begin[cursor->series] + place->sequence + cursor->at);
    return SQLITE_OK;
}

int points_table_create(struct points_table *table, struct err *err)
{
    static const sqlite3_module module = {.xCreate = connect,
                                          .xConnect = connect,
                                          .xBestIndex = plan,
                                          .xDisconnect = disconnect,
                                          .xDestroy = disconnect,
                                          .xOpen = open_cursor,
                                          .xClose = close_cursor,
                                          .xFilter = filter,
                                          .xNext = next,
                                          .xEof = is_behind,
                                          .xColumn = column,
                                          .xRowid = row_number};
    sqlite3 *db = table->reader->db;
    if (sqlite3_create_module(db, MODULE, &module, table))
        return db_error(db, err, "the table of points");
    return db_exec(db, "CREATE VIRTUAL TABLE temp.scalars USING " MODULE, err);
}
