/* row.h: one row of a screen, never wider than it. */
#ifndef CLI_ROW_H
#define CLI_ROW_H

#include "base/buf.h"
#include "cli/terminal.h"

struct row {
    struct buf *out;
    const struct terminal *terminal;
    size_t columns; /* taken so far, */
    size_t written; /* but for blanks that nothing has followed yet */
    size_t limit;   /* no text goes past it; the terminal's width, or less for a cell */
    bool coloured;
};

struct row row_begin(struct buf *out, const struct terminal *terminal);
/* Made harmless; what does not fit is cut, with a mark at the end. */
void row_text(struct row *row, const char *text);
void row_printf(struct row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));
void row_colour(struct row *row, enum terminal_colour colour);
/* Blank up to this column. */
void row_to(struct row *row, size_t column);
/* Columns that are left. */
size_t row_left(const struct row *row);
/* Back to plain; what stood to the right before is erased. */
void row_end(struct row *row);

#endif
