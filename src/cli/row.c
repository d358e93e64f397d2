#include "cli/row.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/columns.h"
#include "cli/print.h"

#define CUT "\xE2\x80\xA6" /* U+2026, three dots */
#define ERASE_RIGHT "\033[K"

struct row row_begin(struct buf *out, const struct terminal *terminal)
{
    return (struct row){.out = out, .terminal = terminal, .limit = (size_t)terminal->width};
}

size_t row_left(const struct row *row)
{
    return row->limit > row->columns ? row->limit - row->columns : 0;
}

static void add(struct row *row, const char *text, size_t size)
{
    for (; row->written < row->columns; row->written++)
        buf_char(row->out, ' ');
    buf_add(row->out, text, size);
    row->columns = row->written += columns_of(text, size);
}

static void add_cut(struct row *row, const struct buf *sound)
{
    size_t left = row_left(row);
    if (sound->failed || sound->size == 0 || left == 0)
        return;
    if (columns_fit(sound->data, sound->size, left) == sound->size) {
        add(row, sound->data, sound->size);
        return;
    }
    add(row, sound->data, columns_fit(sound->data, sound->size, left - 1));
    add(row, CUT, sizeof CUT - 1);
}

void row_text(struct row *row, const char *text)
{
    struct buf sound = {0};
    print_text(&sound, text);
    add_cut(row, &sound);
    buf_finish(&sound);
}

void row_printf(struct row *row, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    row_text(row, text);
    free(text);
}

void row_colour(struct row *row, enum terminal_colour colour)
{
    buf_text(row->out, terminal_colour(row->terminal, colour));
    row->coloured = colour != TERMINAL_PLAIN;
}

void row_to(struct row *row, size_t column)
{
    column = column < row->limit ? column : row->limit;
    row->columns = column > row->columns ? column : row->columns;
}

/* In the last column the cursor still stands on it: erasing to the right would take that character. */
void row_end(struct row *row)
{
    if (row->coloured)
        row_colour(row, TERMINAL_PLAIN);
    if (row->written < (size_t)row->terminal->width)
        buf_text(row->out, ERASE_RIGHT);
}
