#include "store/schema.h"

#include <stdio.h>

#include "store/chain.h"
#include "store/db.h"
#include "store/store.h"

/* Columns without a type hold doubles that may be NaN (see db_bind_double) or values of any type.
 * Tables with one row have the id 1. */
static const char version_1[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    /* all of the journal before it is in the tables */
    "CREATE TABLE position(id INTEGER PRIMARY KEY CHECK(id=1), incarnation TEXT NOT NULL, ordinal INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, offset INTEGER NOT NULL);"
    "INSERT INTO position VALUES(1,'00000000000000000000000000000000',0,0,0);"
    /* run: RECORD_RUN as in channel/record.h */
    "CREATE TABLE trainers(ordinal INTEGER PRIMARY KEY, incarnation TEXT NOT NULL, run BLOB NOT NULL);"
    "CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id=1), state INTEGER NOT NULL, step INTEGER, time_ns INTEGER,"
    " ticket INTEGER);"
    "CREATE TABLE config(name TEXT PRIMARY KEY, json TEXT NOT NULL);"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT NOT NULL, count INTEGER NOT NULL,"
    " step INTEGER, time_ns INTEGER, value);"
    /* declaration: RECORD_SETTING with the value in force; value and revision repeat it for those who read by hand */
    "CREATE TABLE settings(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declaration BLOB NOT NULL, value,"
    " revision INTEGER NOT NULL, ticket INTEGER NOT NULL);"
    "CREATE TABLE actions(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declaration BLOB NOT NULL);"
    /* every value that a setting has had */
    "CREATE TABLE effects(id INTEGER PRIMARY KEY, setting INTEGER NOT NULL, step INTEGER, time_ns INTEGER, value,"
    " revision INTEGER, ticket INTEGER, overrides INTEGER);"
    "CREATE TABLE checkpoints(id INTEGER PRIMARY KEY, name TEXT NOT NULL, path TEXT NOT NULL, bytes INTEGER,"
    " step INTEGER, time_ns INTEGER);"
    "CREATE TABLE messages(id INTEGER PRIMARY KEY, level INTEGER, text TEXT NOT NULL, step INTEGER, time_ns INTEGER,"
    " by TEXT NOT NULL);"
    "CREATE TABLE gaps(id INTEGER PRIMARY KEY, scalars INTEGER, others INTEGER, from_step INTEGER, to_step INTEGER,"
    " reason TEXT NOT NULL, time_ns INTEGER);"
    /* rows: as in store/tail.h */
    "CREATE TABLE tail(id INTEGER PRIMARY KEY, points INTEGER NOT NULL, rows BLOB NOT NULL);"
    /* as in store/chain.h; head repeats the last row, so that rows missing at the end show */
    "CREATE TABLE audit(sequence INTEGER PRIMARY KEY, time_ns INTEGER, ticket INTEGER NOT NULL, record TEXT NOT NULL,"
    " code INTEGER, actor TEXT, role TEXT, address TEXT, request TEXT, reason TEXT, deadline_ns INTEGER,"
    " until_step INTEGER, outcome TEXT, error INTEGER, step INTEGER, detail TEXT, vals TEXT,"
    " previous TEXT NOT NULL, hash TEXT NOT NULL);"
    "CREATE INDEX audit_ticket ON audit(ticket, record);"
    "CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id=1), sequence INTEGER NOT NULL, hash TEXT NOT NULL);"
    "INSERT INTO head VALUES(1,0,'0000000000000000000000000000000000000000000000000000000000000000');"
    /* outcomes whose acceptance is still on its way (pause and stop do not wait for theirs): RECORD_OUTCOME */
    "CREATE TABLE early(ticket INTEGER PRIMARY KEY, outcome BLOB NOT NULL);";

/* said: the number of what a client said; NULL: the trainer's own */
static const char version_2[] = "ALTER TABLE messages ADD COLUMN said INTEGER;"
                                "CREATE UNIQUE INDEX messages_said ON messages(said) WHERE said IS NOT NULL;";

/* Points: chunks as in store/chunk.h, rollups as in store/rollup.h, blocks of the tail as in store/tail.h (id < 0: one
 * that cannot be read). `sequence` is that of the first point, in its series. */
static const char version_3[] =
    "CREATE TABLE chunks(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, segment INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, points INTEGER NOT NULL, first_step INTEGER NOT NULL, last_step INTEGER NOT NULL,"
    " least_us INTEGER NOT NULL, most_us INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE UNIQUE INDEX chunks_at"
    " ON chunks(series,sequence,segment,points,first_step,last_step,least_us,most_us);"
    "CREATE TABLE rollups(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, level INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, points INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE UNIQUE INDEX rollups_at ON rollups(series,level,sequence,points);"
    "ALTER TABLE tail RENAME TO tail_2;"
    "CREATE TABLE tail(id INTEGER PRIMARY KEY, points INTEGER NOT NULL, data BLOB NOT NULL);";

/* migrations[n] leads from version n to n + 1 */
static const char *const migrations[STORE_SCHEMA] = {version_1, version_2, version_3};

int schema_check(sqlite3 *db, struct err *err)
{
    int64_t application, version, tables;
    int code = db_integer(db, "PRAGMA application_id", &application, err);
    if (!code)
        code = db_integer(db, "PRAGMA user_version", &version, err);
    if (!code)
        code = db_integer(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (code || (!application && !tables))
        return code;
    if (application != STORE_APPLICATION)
        return err_set(err, ERR_FORMAT,
                       "run.db is another program's database and was left as it is: move it away, or choose another "
                       "folder for the run");
    if (version > STORE_SCHEMA)
        return err_set(err, ERR_VERSION,
                       "run.db was made by a newer trimtab (schema %lld, this one knows %d) and was left as it is: use "
                       "that trimtab, or choose another folder for the run",
                       (long long)version, STORE_SCHEMA);
    return 0;
}

int schema_peek(const char *run, struct err *err)
{
    sqlite3 *db;
    struct err unread;
    if (db_open(&db, run, DB_NAME, SQLITE_OPEN_READONLY, "immutable=1", &unread))
        return 0;
    int code = schema_check(db, &unread);
    sqlite3_close(db);
    if (code != ERR_VERSION && code != ERR_FORMAT)
        return 0;
    return err_set(err, code, "%s", unread.text);
}

/* Where it holds nothing that is to be converted (store/old_tail.h). */
static int drop_old_tail(sqlite3 *db, struct err *err)
{
    int64_t rows;
    int code = db_integer(db, "SELECT count(*) FROM (SELECT 1 FROM tail_2 LIMIT 1)", &rows, err);
    return code || rows ? code : db_exec(db, "DROP TABLE tail_2", err);
}

int schema_migrate(sqlite3 *db, struct err *err)
{
    int64_t version, tables;
    int code = db_integer(db, "PRAGMA user_version", &version, err);
    if (code || version == STORE_SCHEMA)
        return code;
    code = db_integer(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (code)
        return code;
    if (version < 0 || (version == 0 && tables))
        return err_set(err, ERR_DAMAGED, "run.db: schema %lld", (long long)version);
    code = db_exec(db, "BEGIN IMMEDIATE", err);
    for (; !code && version < STORE_SCHEMA; version++)
        code = db_exec(db, migrations[version], err);
    if (!code)
        code = drop_old_tail(db, err);
    char mark[96];
    snprintf(mark, sizeof mark, "PRAGMA application_id=%d;PRAGMA user_version=%d;COMMIT", STORE_APPLICATION,
             STORE_SCHEMA);
    if (!code)
        code = db_exec(db, mark, err);
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}
