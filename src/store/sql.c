#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/points_table.h"
#include "store/sql_views.h"

#define LOOK_EVERY 1000 /* SQLite's operations between two looks at `interrupted` */
#define SQL_SENTENCE 300

struct query {
    struct store_reader *reader;
    struct store_sql_ask *ask;
    struct points_table points;
    struct record *scratch;
    bool refused; /* by may_do */
    sqlite3_stmt *statement;
    struct store_cell *cell;
};

/* ---- what may be asked ---- */

static bool is_harmless(const char *function)
{
    static const char *const harmful[] = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"};
    for (size_t i = 0; function && i < sizeof harmful / sizeof *harmful; i++)
        if (sqlite3_stricmp(function, harmful[i]) == 0)
            return false;
    return true;
}

static int may_do(void *context, int action, const char *first, const char *second, const char *database,
                  const char *trigger)
{
    struct query *query = context;
    (void)first;
    (void)database;
    (void)trigger;
    if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ||
        (action == SQLITE_FUNCTION && is_harmless(second)))
        return SQLITE_OK;
    query->refused = true;
    return SQLITE_DENY;
}

static int is_interrupted(void *context)
{
    const struct query *query = context;
    return query->ask->interrupted && *query->ask->interrupted;
}

/* ---- errors ---- */

/* What SQLite says of the query is for the person who wrote it. */
static int say_why(const struct query *query, struct err *err)
{
    sqlite3 *db = query->reader->db;
    int code = sqlite3_extended_errcode(db) & 0xff;
    if (query->points.err.code)
        return err_set(err, query->points.err.code, "%s", query->points.err.text);
    if (code == SQLITE_INTERRUPT)
        return err_set(err, ERR_CLOSED, "interrupted");
    if (query->refused)
        return err_set(err, ERR_INVALID,
                       "only queries are answered (SELECT, WITH, VALUES, EXPLAIN): nothing can be changed, attached, "
                       "loaded or set");
    if (code == SQLITE_ERROR || code == SQLITE_TOOBIG || code == SQLITE_RANGE || code == SQLITE_MISMATCH ||
        code == SQLITE_CONSTRAINT || code == SQLITE_READONLY || code == SQLITE_AUTH)
        return err_set(err, ERR_INVALID, "%.*s", SQL_SENTENCE, sqlite3_errmsg(db));
    return db_error(db, err, "run.db");
}

/* ---- the query ---- */

/* White space and comments may follow. */
static int check_rest(struct query *query, const char *sql, struct err *err)
{
    sqlite3_stmt *more = NULL;
    int code = sqlite3_prepare_v2(query->reader->db, sql, -1, &more, NULL);
    bool nothing = code == SQLITE_OK && !more;
    sqlite3_finalize(more);
    if (nothing)
        return 0;
    if (code == SQLITE_NOMEM)
        return err_set(err, ERR_NOMEM, "no memory for the query");
    return err_set(err, ERR_INVALID, "one query at a time: leave out what follows the first `;`");
}

static int prepare(struct query *query, struct err *err)
{
    const char *rest;
    if (sqlite3_prepare_v2(query->reader->db, query->ask->sql, -1, &query->statement, &rest))
        return say_why(query, err);
    if (!query->statement)
        return err_set(err, ERR_INVALID, "there is no query");
    int code = check_rest(query, rest, err);
    if (code)
        return code;
    if (!sqlite3_stmt_readonly(query->statement))
        return err_set(err, ERR_INVALID, "only queries are answered: nothing can be changed");
    if (sqlite3_bind_parameter_count(query->statement))
        return err_set(
            err, ERR_INVALID, "the query has a parameter (`%.60s`): write its value",
            sqlite3_bind_parameter_name(query->statement, 1) ? sqlite3_bind_parameter_name(query->statement, 1) : "?");
    query->cell = calloc((size_t)sqlite3_column_count(query->statement) + 1, sizeof *query->cell);
    return query->cell ? 0 : err_set(err, ERR_NOMEM, "no memory for the query");
}

static int give_columns(struct query *query, int count, struct err *err)
{
    const char **names = calloc((size_t)count + 1, sizeof *names);
    int code = names ? 0 : err_set(err, ERR_NOMEM, "no memory for the query");
    for (int i = 0; i < count && !code; i++) {
        names[i] = sqlite3_column_name(query->statement, i);
        code = names[i] ? 0 : err_set(err, ERR_NOMEM, "no memory for the query");
    }
    if (!code && query->ask->columns)
        code = query->ask->columns(query->ask->context, names, count);
    free(names);
    return code;
}

static struct store_cell cell_of(sqlite3_stmt *row, int column)
{
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return (struct store_cell){.kind = STORE_CELL_INTEGER, .integer = sqlite3_column_int64(row, column)};
    case SQLITE_FLOAT:
        return (struct store_cell){.kind = STORE_CELL_NUMBER, .number = sqlite3_column_double(row, column)};
    case SQLITE_TEXT:
        return (struct store_cell){.kind = STORE_CELL_TEXT, .text = db_text(row, column)};
    case SQLITE_BLOB:
        return (struct store_cell){.kind = STORE_CELL_BYTES, .text = db_bytes(row, column)};
    default:
        return (struct store_cell){.kind = STORE_CELL_NULL};
    }
}

static int give_rows(struct query *query, int count, struct err *err)
{
    int code = 0, result = SQLITE_DONE;
    while (!code && (result = sqlite3_step(query->statement)) == SQLITE_ROW) {
        for (int i = 0; i < count; i++)
            query->cell[i] = cell_of(query->statement, i);
        code = query->ask->row(query->ask->context, query->cell, count);
    }
    return code || result == SQLITE_DONE ? code : say_why(query, err);
}

static int answer(struct query *query, struct err *err)
{
    sqlite3 *db = query->reader->db;
    sqlite3_set_authorizer(db, may_do, query);
    sqlite3_progress_handler(db, LOOK_EVERY, is_interrupted, query);
    int code = prepare(query, err);
    int count = code ? 0 : sqlite3_column_count(query->statement);
    if (!code)
        code = give_columns(query, count, err);
    if (!code)
        code = give_rows(query, count, err);
    sqlite3_finalize(query->statement);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    sqlite3_set_authorizer(db, NULL, NULL);
    query->ask->lost = query->points.lost;
    return code;
}

/* ---- around it ---- */

/* A temporary view is not written into run.db, but SQLite's query_only (of a run that is not on a local file system)
 * does not know that. */
static int prepare_views(struct query *query, struct err *err)
{
    sqlite3 *db = query->reader->db;
    int64_t query_only = 0;
    int code = reader_check_points(query->reader, err);
    if (!code)
        code = db_integer(db, "PRAGMA query_only", &query_only, err);
    if (!code && query_only)
        code = db_exec(db, "PRAGMA query_only=0", err);
    if (!code)
        code = sql_views_create(db, query->scratch, err);
    if (!code)
        code = points_table_create(&query->points, err);
    if (!code && query_only)
        code = db_exec(db, "PRAGMA query_only=1", err);
    return code;
}

int store_sql(struct store_reader *reader, struct store_sql_ask *ask, struct err *err)
{
    struct query query = {
        .reader = reader, .ask = ask, .points = {.reader = reader}, .scratch = malloc(sizeof *query.scratch)};
    if (!query.scratch)
        return err_set(err, ERR_NOMEM, "no memory for the query");
    assert(!reader->writer);
    sqlite3_db_config(reader->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(reader->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int code = reader_begin(reader, err);
    if (!code) {
        code = prepare_views(&query, err);
        if (!code)
            code = answer(&query, err);
        reader_statements_finish(reader);
        reader_end(reader);
    }
    points_table_finish(&query.points);
    sql_views_finish(reader->db);
    free(query.cell);
    free(query.scratch);
    return code;
}

/* ---- what can be asked ---- */

struct listing {
    struct buf names; /* of views, each with a NUL behind it */
    const char *view; /* whose columns come */
    void (*each)(void *context, const char *view, const char *const *columns, int count);
    void *context;
};

static int take_view(void *context, const struct store_cell *cells, int count)
{
    struct listing *listing = context;
    if (count > 0 && cells[0].kind == STORE_CELL_TEXT)
        buf_add(&listing->names, cells[0].text.data, cells[0].text.size);
    buf_char(&listing->names, '\0');
    return listing->names.failed ? ERR_NOMEM : 0;
}

static int take_columns(void *context, const char *const *names, int count)
{
    struct listing *listing = context;
    listing->each(listing->context, listing->view, names, count);
    return 0;
}

static int no_row(void *context, const struct store_cell *cells, int count)
{
    (void)context;
    (void)cells;
    return count < 0;
}

int store_sql_views(struct store_reader *reader,
                    void (*each)(void *context, const char *view, const char *const *columns, int count), void *context,
                    struct err *err)
{
    struct listing listing = {.each = each, .context = context};
    struct store_sql_ask ask = {
        .sql = "SELECT name FROM sqlite_temp_schema WHERE type IN ('view','table') ORDER BY type, rowid",
        .row = take_view,
        .context = &listing};
    int code = store_sql(reader, &ask, err);
    for (size_t at = 0; !code && at < listing.names.size; at += strlen(listing.view) + 1) {
        char sql[128];
        listing.view = listing.names.data + at;
        snprintf(sql, sizeof sql, "SELECT * FROM %.64s LIMIT 0", listing.view);
        ask = (struct store_sql_ask){.sql = sql, .columns = take_columns, .row = no_row, .context = &listing};
        code = store_sql(reader, &ask, err);
    }
    buf_finish(&listing.names);
    return code;
}
