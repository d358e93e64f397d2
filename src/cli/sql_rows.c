#include "cli/sql_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "cli/columns.h"
#include "cli/csv.h"
#include "cli/print.h"
#include "store/jsonw.h"

#define ROWS_KEPT 500        /* of a table, until its columns have a width */
#define CELL_COLUMNS 60      /* of a table: what is wider is cut */
#define OUT_BYTES (1u << 16) /* written at once */
#define CUT "\xE2\x80\xA6"

static int no_room(const struct sql_rows *rows)
{
    return rows->out.failed || rows->cells.failed || rows->ends.failed || rows->numbers.failed ? ERR_NOMEM : 0;
}

static int write_out(struct sql_rows *rows)
{
    int code = no_room(rows);
    if (!code && rows->out.size && fwrite(rows->out.data, 1, rows->out.size, stdout) != rows->out.size)
        code = ERR_SYSTEM;
    buf_clear(&rows->out);
    return code;
}

/* ---- a cell ---- */

static void put_bytes(struct buf *out, struct text bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        buf_printf(out, "%02x", (unsigned char)bytes.data[i]);
}

static void put_number(struct buf *out, double number, bool json)
{
    char text[DIGITS_MAX];
    if (!json && !isfinite(number))
        buf_text(out, isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    else
        buf_add(out, text, (size_t)(digits_double(text, number) - text));
}

static void put_plain(struct buf *out, const struct store_cell *cell)
{
    char text[DIGITS_MAX];
    switch (cell->kind) {
    case STORE_CELL_NULL:
        break;
    case STORE_CELL_INTEGER:
        buf_add(out, text, (size_t)(digits_integer(text, cell->integer) - text));
        break;
    case STORE_CELL_NUMBER:
        put_number(out, cell->number, false);
        break;
    case STORE_CELL_TEXT:
        buf_add(out, cell->text.data, cell->text.size);
        break;
    case STORE_CELL_BYTES:
        put_bytes(out, cell->text);
        break;
    }
}

/* `text` ends with a NUL, and is moved to `out` as a terminal may show it. */
static void put_harmless(struct buf *out, struct buf *text, bool lines)
{
    if (lines)
        print_lines(out, buf_string(text));
    else
        print_text(out, buf_string(text));
    buf_finish(text);
}

/* ---- csv: RFC 4180, with a line feed as the end of a line; NULL is nothing, an empty text is "" ---- */

static void csv_row(struct buf *out, const struct store_cell *cells, int count)
{
    for (int i = 0; i < count; i++) {
        if (i)
            buf_char(out, ',');
        if (cells[i].kind == STORE_CELL_TEXT)
            csv_text(out, cells[i].text);
        else
            put_plain(out, &cells[i]);
    }
    buf_char(out, '\n');
}

/* ---- jsonl: what is not finite, and bytes as hexadecimal digits, are texts ---- */

static void put_json(struct buf *out, const struct store_cell *cell)
{
    switch (cell->kind) {
    case STORE_CELL_NULL:
        buf_text(out, "null");
        break;
    case STORE_CELL_INTEGER:
        put_plain(out, cell);
        break;
    case STORE_CELL_NUMBER:
        put_number(out, cell->number, true);
        break;
    case STORE_CELL_TEXT:
        jsonw_text(out, cell->text);
        break;
    case STORE_CELL_BYTES:
        buf_char(out, '"');
        put_bytes(out, cell->text);
        buf_char(out, '"');
        break;
    }
}

static void json_row(struct sql_rows *rows, struct buf *out, const struct store_cell *cells, int count)
{
    buf_char(out, '{');
    for (int i = 0; i < count; i++) {
        if (i)
            buf_char(out, ',');
        jsonw_text(out, text_from(rows->name[i]));
        buf_char(out, ':');
        put_json(out, &cells[i]);
    }
    buf_text(out, "}\n");
}

/* ---- table ---- */

static void keep_cell(struct sql_rows *rows, const struct store_cell *cell)
{
    struct buf text = {0};
    put_plain(&text, cell);
    rows->cells.failed |= text.failed;
    size_t start = rows->cells.size;
    put_harmless(&rows->cells, &text, false);
    if (!rows->cells.failed && columns_of(rows->cells.data + start, rows->cells.size - start) > CELL_COLUMNS) {
        rows->cells.size = start + columns_fit(rows->cells.data + start, rows->cells.size - start, CELL_COLUMNS - 1);
        buf_text(&rows->cells, CUT);
    }
    buf_add(&rows->ends, &rows->cells.size, sizeof rows->cells.size);
    buf_char(&rows->numbers, cell->kind == STORE_CELL_INTEGER || cell->kind == STORE_CELL_NUMBER);
}

static struct text kept_cell(const struct sql_rows *rows, size_t i)
{
    size_t end, begin = 0;
    if (i)
        memcpy(&begin, rows->ends.data + (i - 1) * sizeof begin, sizeof begin);
    memcpy(&end, rows->ends.data + i * sizeof end, sizeof end);
    return text_of(rows->cells.data + begin, end - begin);
}

static void table_row(struct sql_rows *rows, size_t first, bool is_head)
{
    struct buf *out = &rows->out;
    size_t columns = (size_t)rows->columns;
    buf_text(out, is_head ? terminal_colour(&rows->terminal, TERMINAL_BOLD) : "");
    for (size_t i = 0; i < columns; i++) {
        struct text cell = kept_cell(rows, first + i);
        size_t taken = columns_of(cell.data, cell.size), width = rows->width[i];
        size_t left = width > taken ? width - taken : 0;
        bool right = rows->numbers.data[first + i];
        buf_printf(out, "%*s", right ? (int)left : 0, "");
        buf_add(out, cell.data, cell.size);
        if (i + 1 < columns)
            buf_printf(out, "%*s", (right ? 0 : (int)left) + 2, "");
    }
    buf_text(out, is_head ? terminal_colour(&rows->terminal, TERMINAL_PLAIN) : "");
    buf_char(out, '\n');
}

/* The rows that were kept back; their widths are those of all that follow. The first row holds the names. */
static int table_flush(struct sql_rows *rows)
{
    size_t columns = (size_t)rows->columns, cells = rows->ends.size / sizeof(size_t);
    bool begins = !rows->width;
    int code = no_room(rows);
    if (code || !columns)
        return code;
    if (begins && !(rows->width = calloc(columns, sizeof *rows->width)))
        return ERR_NOMEM;
    for (size_t i = 0; begins && i < cells; i++) {
        struct text cell = kept_cell(rows, i);
        size_t taken = columns_of(cell.data, cell.size);
        rows->width[i % columns] = taken > rows->width[i % columns] ? taken : rows->width[i % columns];
        rows->numbers.data[i % columns] |= rows->numbers.data[i]; /* a name stands over its numbers */
    }
    for (size_t i = 0; i + columns <= cells; i += columns)
        table_row(rows, i, begins && i == 0);
    buf_clear(&rows->cells);
    buf_clear(&rows->ends);
    buf_clear(&rows->numbers);
    return no_room(rows);
}

/* ---- all ---- */

/* The n-th column of the same name is called NAME_n. */
static char *unique_name(const struct sql_rows *rows, const char *name)
{
    char *made = strdup(name);
    for (int n = 2, i = 0; made && i < rows->columns; i++) {
        if (strcmp(rows->name[i], made) != 0)
            continue;
        free(made);
        if (asprintf(&made, "%s_%d", name, n++) < 0)
            made = NULL;
        i = -1;
    }
    return made;
}

int sql_rows_columns(void *context, const char *const *names, int count)
{
    struct sql_rows *rows = context;
    rows->columns = 0;
    rows->name = calloc((size_t)count + 1, sizeof *rows->name);
    if (!rows->name)
        return ERR_NOMEM;
    for (; rows->columns < count; rows->columns++)
        if (!(rows->name[rows->columns] = unique_name(rows, names[rows->columns])))
            return ERR_NOMEM;
    for (int i = 0; i < count; i++) {
        const struct store_cell name = {.kind = STORE_CELL_TEXT, .text = text_from(names[i])};
        if (rows->format == SQL_TABLE)
            keep_cell(rows, &name);
        else if (rows->format == SQL_CSV) {
            buf_text(&rows->out, i ? "," : "");
            csv_text(&rows->out, name.text);
        }
    }
    if (rows->format == SQL_CSV)
        buf_char(&rows->out, '\n');
    return no_room(rows);
}

int sql_rows_row(void *context, const struct store_cell *cells, int count)
{
    struct sql_rows *rows = context;
    struct buf line = {0}, *out = rows->terminal.is_terminal ? &line : &rows->out;
    rows->count++;
    if (rows->format == SQL_TABLE) {
        for (int i = 0; i < count; i++)
            keep_cell(rows, &cells[i]);
        if (rows->width || rows->count == ROWS_KEPT)
            table_flush(rows);
    } else if (rows->format == SQL_CSV) {
        csv_row(out, cells, count);
    } else {
        json_row(rows, out, cells, count);
    }
    rows->out.failed |= line.failed;
    if (out == &line)
        put_harmless(&rows->out, &line, true);
    if (rows->out.size < OUT_BYTES && !rows->terminal.is_terminal)
        return no_room(rows);
    return write_out(rows);
}

int sql_rows_end(struct sql_rows *rows)
{
    int code = rows->format == SQL_TABLE && rows->columns ? table_flush(rows) : 0;
    if (!code)
        code = write_out(rows);
    if (!code && fflush(stdout) != 0)
        code = ERR_SYSTEM;
    return code;
}

void sql_rows_finish(struct sql_rows *rows)
{
    for (int i = 0; i < rows->columns; i++)
        free(rows->name[i]);
    free(rows->name);
    free(rows->width);
    buf_finish(&rows->out);
    buf_finish(&rows->cells);
    buf_finish(&rows->ends);
    buf_finish(&rows->numbers);
    rows->name = NULL;
    rows->width = NULL;
    rows->columns = 0;
}
