/* points_table.h: the points of a run as a table of SQL: each chunk is decoded when a query comes to it.
 *
 *   scalars(series TEXT, segment INTEGER, step INTEGER, time REAL, value REAL, superseded INTEGER)
 * What bounds series, segment, step or time in a query spares the chunks that lie elsewhere. */
#ifndef STORE_POINTS_TABLE_H
#define STORE_POINTS_TABLE_H

#include "store/reader.h"
#include "store/selection.h"
#include "store/shelf.h"

/* What one query reads from. */
struct points_table {
    struct store_reader *reader; /* set before */
    bool loaded;
    struct selection selection; /* all series */
    struct places *places;      /* of each */
    uint64_t *begin;            /* of each, the number of its first row */
    bool lost;                  /* out: points that a query came to could not be read */
    struct err err;             /* out: why the table could not be read, where it says so */
};

/* As the temporary table `scalars`, until the transaction is rolled back. `table` outlives every query. */
int points_table_create(struct points_table *table, struct err *err);
void points_table_finish(struct points_table *table); /* twice is safe */

#endif
