/* reader.h: a connection that only reads; for this room only. */
#ifndef STORE_READER_H
#define STORE_READER_H

#include <sqlite3.h>

#include "store/store.h"

struct store_reader {
    sqlite3 *db;
    struct store *writer; /* NULL: the connection is the reader's own */
};

/* All that is read between the two is of one moment. */
int reader_begin(struct store_reader *reader, struct err *err);
void reader_end(struct store_reader *reader);

/* Is what the file holds this room's, and readable? ERR_MISSING: it is empty yet; as schema_check. */
int reader_inspect(sqlite3 *db, struct err *err);

#endif
