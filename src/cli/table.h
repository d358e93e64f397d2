/* table.h: columns that stand under each other. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/buf.h"

#define TABLE_COLUMNS 8

/* Zeros are an empty table. */
struct table {
    struct buf text;               /* of all cells, one after the other */
    struct buf ends;               /* size_t: where in text each cell ends */
    size_t columns[TABLE_COLUMNS]; /* widths */
    size_t column;                 /* of the cell that is being written */
    size_t begun;                  /* of text: where it begins */
};

/* Ends the cell whose text was added to table->text. */
void table_cell(struct table *table);
void table_text(struct table *table, const char *text); /* a whole cell, made harmless */
void table_row(struct table *table);                    /* ends the row */
/* Puts `title` before the first row and as much space before the others, and empties the table. */
void table_print(struct table *table, struct buf *out, const char *title);

#endif
