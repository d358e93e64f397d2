/* reader.h: a connection that only reads; for this room only. */
#ifndef STORE_READER_H
#define STORE_READER_H

#include <sqlite3.h>

#include "store/rollup.h"
#include "store/store.h"

/* X(NAME, sql): prepared when it is first asked for, and kept. A query has views of the same names (sql_views.h). */
#define READER_STATEMENTS(X)                                                                                           \
    X(VERSION, "PRAGMA user_version")                                                                                  \
    X(SERIES, "SELECT id,name,unit,count FROM main.series ORDER BY id")                                                \
    X(SERIES_NAMED, "SELECT id,name,unit,count FROM main.series WHERE name=?1")                                        \
    X(CHUNKS, "SELECT sequence,segment,points,first_step,last_step,least_us,most_us FROM main.chunks WHERE series=?1"  \
              " ORDER BY sequence")                                                                                    \
    X(CHUNK, "SELECT data FROM main.chunks WHERE series=?1 AND sequence=?2")                                           \
    X(TAIL, "SELECT data FROM main.tail WHERE id>0 ORDER BY id")                                                       \
    X(ROLLUPS_0, READER_ROLLUPS)                                                                                       \
    X(ROLLUPS_1, READER_ROLLUPS)                                                                                       \
    X(ROLLUPS_2, READER_ROLLUPS)                                                                                       \
    X(ROLLUPS_3, READER_ROLLUPS)                                                                                       \
    X(ROLLUPS_4, READER_ROLLUPS)                                                                                       \
    X(ROLLUPS_5, READER_ROLLUPS)                                                                                       \
    X(ROLLUPS_6, READER_ROLLUPS)
#define READER_ROLLUPS                                                                                                 \
    "SELECT sequence,points,data FROM main.rollups WHERE series=?1 AND level=?2 AND sequence>=?3 AND sequence<?4"      \
    " ORDER BY sequence"

enum reader_statement {
#define X(NAME, sql) READER_##NAME,
    READER_STATEMENTS(X)
#undef X
        READER_STATEMENT_COUNT
};

struct store_reader {
    sqlite3 *db;
    struct store *writer; /* NULL: the connection is the reader's own */
    sqlite3_stmt *statement[READER_STATEMENT_COUNT];
};

/* All that is read between the two is of one moment. */
int reader_begin(struct store_reader *reader, struct err *err);
void reader_end(struct store_reader *reader);

/* Reset and without bindings; NULL where it cannot be prepared: *code says why. */
sqlite3_stmt *reader_statement(struct store_reader *reader, enum reader_statement which, int *code, struct err *err);
/* Before the connection is closed; twice is safe. */
void reader_statements_finish(struct store_reader *reader);

/* Does run.db hold points as this room keeps them? ERR_VERSION: it was made by an older trimtab. */
int reader_check_points(struct store_reader *reader, struct err *err);

/* Is what the file holds this room's, and readable? ERR_MISSING: it is empty yet; as schema_check. */
int reader_inspect(sqlite3 *db, struct err *err);

#endif
