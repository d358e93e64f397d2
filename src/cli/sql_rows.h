/* sql_rows.h: the rows of a query's answer, written as they come. */
#ifndef CLI_SQL_ROWS_H
#define CLI_SQL_ROWS_H

#include "base/buf.h"
#include "cli/terminal.h"
#include "store/store.h"

enum sql_format { SQL_TABLE, SQL_CSV, SQL_JSONL };

struct sql_rows {
    enum sql_format format;   /* these two are set before */
    struct terminal terminal; /* standard output: where it is one, what would drive it is made harmless */
    int columns;
    char **name;      /* of each column, made unique for JSON */
    uint64_t count;   /* of rows */
    struct buf out;   /* goes out when it is large enough, and at the end */
    struct buf cells; /* of a table: texts of the first rows, each with its end in `ends` */
    struct buf ends;
    struct buf numbers; /* a byte for each cell: it is a number */
    size_t *width;      /* of a table's columns; NULL as long as rows are kept back to find it */
};

/* For struct store_sql_ask; the context is the rows. ERR_SYSTEM: standard output cannot be written. */
int sql_rows_columns(void *context, const char *const *names, int count);
int sql_rows_row(void *context, const struct store_cell *cells, int count);
/* What is kept back; nothing where there was no query. */
int sql_rows_end(struct sql_rows *rows);
void sql_rows_finish(struct sql_rows *rows); /* twice is safe */

#endif
