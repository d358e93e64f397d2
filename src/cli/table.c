#include "cli/table.h"

#include <string.h>

#include "cli/columns.h"
#include "cli/print.h"

#define TITLE_WIDTH 13

void table_cell(struct table *table)
{
    size_t end = table->text.size;
    if (!buf_reserve(&table->text, 1))
        return;
    size_t width = columns_of(table->text.data + table->begun, end - table->begun);
    if (width > table->columns[table->column])
        table->columns[table->column] = width;
    buf_add(&table->ends, &end, sizeof end);
    table->begun = end;
    table->column++;
}

void table_text(struct table *table, const char *text)
{
    print_text(&table->text, text);
    table_cell(table);
}

void table_row(struct table *table)
{
    while (table->column < TABLE_COLUMNS && !table->text.failed)
        table_cell(table);
    table->column = 0;
}

static void print_row(const struct table *table, struct buf *out, size_t row, size_t at)
{
    size_t owed = 0;
    for (size_t column = 0; column < TABLE_COLUMNS; column++) {
        size_t end;
        memcpy(&end, table->ends.data + (row * TABLE_COLUMNS + column) * sizeof end, sizeof end);
        const char *cell = table->text.data + at;
        size_t size = end - at;
        if (size > 0) {
            buf_printf(out, "%*s", (int)owed, "");
            buf_add(out, cell, size);
            owed = 0;
        }
        if (table->columns[column] > 0)
            owed += table->columns[column] - columns_of(cell, size) + 2;
        at = end;
    }
    buf_char(out, '\n');
}

void table_print(struct table *table, struct buf *out, const char *title)
{
    size_t rows = table->ends.size / sizeof(size_t) / TABLE_COLUMNS, at = 0;
    if (table->text.failed || table->ends.failed)
        rows = 0;
    for (size_t row = 0; row < rows; row++) {
        buf_printf(out, "%-*s", TITLE_WIDTH, row == 0 ? title : "");
        print_row(table, out, row, at);
        memcpy(&at, table->ends.data + ((row + 1) * TABLE_COLUMNS - 1) * sizeof at, sizeof at);
    }
    buf_finish(&table->text);
    buf_finish(&table->ends);
    *table = (struct table){0};
}
