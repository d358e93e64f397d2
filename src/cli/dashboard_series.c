#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/columns.h"
#include "cli/dashboard.h"
#include "cli/row.h"

enum { NAME_MOST = 32, VALUE_COLUMNS = 13, STEP_COLUMNS = 12, RANGE_COLUMNS = 28, BETWEEN = 2, INDENT = 2 };

/* ---- which rows ---- */

/* One row: a series, or the head of those that share a prefix. */
struct entry {
    const struct newest_series *series;
    bool is_head, is_indented;
};

struct grid {
    struct entry *entry;
    size_t count;
    size_t name_columns;
};

static size_t prefix_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? (size_t)(slash - name) + 1 : 0;
}

static bool same_prefix(const char *a, const char *b)
{
    size_t size = prefix_of(a);
    return size == prefix_of(b) && memcmp(a, b, size) == 0;
}

/* By prefix; within one as they were declared. */
static int compare(const void *left, const void *right)
{
    const struct newest_series *a = ((const struct entry *)left)->series, *b = ((const struct entry *)right)->series;
    size_t a_size = prefix_of(a->name), b_size = prefix_of(b->name);
    int order = memcmp(a->name, b->name, a_size < b_size ? a_size : b_size);
    if (order == 0 && a_size != b_size)
        order = a_size < b_size ? -1 : 1;
    return order ? order : a < b ? -1 : a > b;
}

static size_t collect(const struct newest *newest, struct entry *entry)
{
    size_t count = 0;
    for (size_t i = 0; i < newest->count; i++)
        if (newest->series[i].name && newest->series[i].known)
            entry[count++] = (struct entry){.series = &newest->series[i]};
    qsort(entry, count, sizeof *entry, compare);
    return count;
}

static const char *name_of(const struct entry *entry)
{
    const char *name = entry->series->name;
    return entry->is_indented ? name + prefix_of(name) : name;
}

static void add_entry(struct grid *grid, struct entry entry)
{
    const char *name = name_of(&entry);
    struct buf sound = {0};
    print_text(&sound, name);
    size_t columns = (entry.is_indented ? INDENT : 0) + (sound.failed ? 0 : columns_of(sound.data, sound.size));
    if (!entry.is_head && columns > grid->name_columns)
        grid->name_columns = columns;
    grid->entry[grid->count++] = entry;
    buf_finish(&sound);
}

/* A prefix that several share is told once. */
static bool fill_grid(struct grid *grid, const struct newest *newest)
{
    struct entry *sorted = calloc(newest->count + 1, sizeof *sorted);
    grid->entry = calloc(2 * newest->count + 1, sizeof *grid->entry);
    size_t count = sorted && grid->entry ? collect(newest, sorted) : 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = sorted[i].series->name;
        bool as_before = i > 0 && same_prefix(name, sorted[i - 1].series->name);
        bool as_next = i + 1 < count && same_prefix(name, sorted[i + 1].series->name);
        bool grouped = prefix_of(name) > 0 && (as_before || as_next);
        if (grouped && !as_before)
            add_entry(grid, (struct entry){.series = sorted[i].series, .is_head = true});
        add_entry(grid, (struct entry){.series = sorted[i].series, .is_indented = grouped});
    }
    free(sorted);
    return count > 0;
}

/* ---- cells ---- */

static void print_head(struct row *row, const struct newest_series *series)
{
    char *prefix = strndup(series->name, prefix_of(series->name));
    row_text(row, prefix);
    free(prefix);
}

static void print_metric_cell(struct row *row, double number)
{
    struct buf text = {0};
    print_metric(&text, number);
    row_text(row, buf_string(&text));
    buf_finish(&text);
}

/* What was seen since watching began. */
static void print_range(struct row *row, const struct newest_series *series)
{
    if (series->not_finite > 0) {
        row_colour(row, TERMINAL_RED);
        row_printf(row, "%lld not finite, at step %lld", (long long)series->not_finite, (long long)series->at);
        row_colour(row, TERMINAL_PLAIN);
    } else if (series->least < series->greatest) {
        print_metric_cell(row, series->least);
        row_text(row, " .. ");
        print_metric_cell(row, series->greatest);
    }
}

static void print_series(struct row *row, const struct entry *entry, size_t name_columns)
{
    const struct newest_series *series = entry->series;
    size_t at = row->columns + name_columns + 1, end = row->limit;
    row_to(row, row->columns + (entry->is_indented ? INDENT : 0));
    row->limit = at - 1 < end ? at - 1 : end;
    row_text(row, name_of(entry));
    row->limit = end;
    row_to(row, at);
    row_colour(row, isfinite(series->value) ? TERMINAL_BOLD : TERMINAL_RED);
    print_metric_cell(row, series->value);
    row_colour(row, TERMINAL_PLAIN);
    row_to(row, at += VALUE_COLUMNS);
    if (at + STEP_COLUMNS > end)
        return;
    row_printf(row, "@%lld", (long long)series->step);
    row_to(row, at += STEP_COLUMNS);
    if (at + RANGE_COLUMNS <= end)
        print_range(row, series);
}

/* ---- rows ---- */

static void print_rows(const struct grid *grid, const struct terminal *terminal, size_t rows, size_t columns,
                       struct page *page)
{
    size_t stride = (size_t)terminal->width / columns;
    for (size_t i = 0; i < rows; i++) {
        struct row row = row_begin(&page->text, terminal);
        for (size_t column = 0; column < columns && column * rows + i < grid->count; column++) {
            const struct entry *entry = &grid->entry[column * rows + i];
            row.limit = column + 1 < columns ? (column + 1) * stride - BETWEEN : (size_t)terminal->width;
            row_to(&row, column * stride);
            if (entry->is_head)
                print_head(&row, entry->series);
            else
                print_series(&row, entry, grid->name_columns);
        }
        row_end(&row);
        page_end_row(page);
    }
}

static void print_more(const struct grid *grid, size_t shown, const struct terminal *terminal, struct page *page)
{
    size_t more = 0;
    for (size_t i = shown; i < grid->count; i++)
        more += !grid->entry[i].is_head;
    struct row row = row_begin(&page->text, terminal);
    row_printf(&row, "+%zu more; --series GLOB chooses", more);
    row_end(&row);
    page_end_row(page);
}

void dashboard_series(const struct newest *newest, const struct terminal *terminal, size_t room, struct page *page)
{
    struct grid grid = {0};
    size_t width = (size_t)terminal->width, rows = room, columns = 1;
    if (fill_grid(&grid, newest) && room > 0) {
        size_t name_most = width / 2 < NAME_MOST ? width / 2 : NAME_MOST;
        grid.name_columns = grid.name_columns < name_most ? grid.name_columns : name_most;
        size_t most = (width + BETWEEN) / (grid.name_columns + 1 + VALUE_COLUMNS + BETWEEN);
        most = most > 0 ? most : 1;
        bool all = grid.count <= room * most;
        rows = all ? room : room - 1;
        if (grid.count <= rows)
            rows = grid.count;
        else if (rows > 0)
            columns = all ? (grid.count + rows - 1) / rows : most;
        print_rows(&grid, terminal, rows, columns, page);
        if (!all)
            print_more(&grid, rows * columns, terminal, page);
    }
    free(grid.entry);
}
