#include "cli/dashboard.h"

#include <stdlib.h>
#include <string.h>

#include "cli/columns.h"
#include "cli/row.h"

enum { LABEL_COLUMNS = 10, SETTINGS_ROWS = 3, PENDING_ROWS = 3, LINES_ROWS = 8, BAR_LEAST = 10, BAR_MOST = 40 };

#define HOME "\033[H"
#define ERASE_BELOW "\033[J"

static void end_row(struct page *page, struct row *row)
{
    row_end(row);
    page_end_row(page);
}

/* ---- the head ---- */

static void print_name(const struct board *board, struct row *row)
{
    const json_t *run = json_object_get(board->status, "run");
    const char *state = *board->newest.state ? board->newest.state : field_text(run, "state");
    struct buf watchers = {0};
    board_watchers(board, &watchers);
    row_colour(row, TERMINAL_BOLD);
    row_text(row, field_text(run, "name"));
    row_colour(row, TERMINAL_PLAIN);
    row_to(row, row->columns + 2);
    row_colour(row, print_state_colour(state));
    row_text(row, state);
    row_colour(row, TERMINAL_PLAIN);
    if (json_is_true(json_object_get(run, "frozen")))
        row_text(row, ", frozen");
    row_to(row, row->columns + 2);
    row_text(row, buf_string(&watchers));
    buf_finish(&watchers);
}

static void print_bar(const struct newest *newest, struct row *row)
{
    double share = (double)newest->step / (double)newest->total;
    size_t left = row_left(row), size = left > BAR_MOST ? BAR_MOST : left;
    if (newest->total <= 0 || left < BAR_LEAST + 12)
        return;
    size -= 12; /* "  [" "] 100.0 %" */
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    row_text(row, "  [");
    for (size_t i = 0; i < size; i++)
        row_text(row, (double)i < share * (double)size ? "#" : "-");
    row_printf(row, "] %.1f %%", 100 * share);
}

static void print_progress(const struct board *board, struct row *row)
{
    struct buf text = {0};
    if (board->newest.progress_known)
        newest_progress(&board->newest, &text);
    row_text(row, buf_string(&text));
    if (board->newest.progress_known)
        print_bar(&board->newest, row);
    buf_finish(&text);
}

static void add_head(const struct board *board, const char *banner, const struct terminal *terminal, struct page *page)
{
    static void (*const parts[])(const struct board *board, struct row *row) = {print_name, print_progress};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct row row = row_begin(&page->text, terminal);
        parts[i](board, &row);
        end_row(page, &row);
    }
    if (!*banner)
        return;
    struct row row = row_begin(&page->text, terminal);
    row_colour(&row, TERMINAL_YELLOW);
    row_text(&row, banner);
    end_row(page, &row);
}

/* ---- settings: one after the other, as many as fit into the rows ---- */

static void print_item(const struct board *board, const char *name, const json_t *setting, struct buf *item)
{
    const json_t *ticket = json_object_get(board->overridden, name);
    buf_clear(item);
    print_text(item, name);
    buf_char(item, ' ');
    print_value(item, json_object_get(setting, "value"));
    if (ticket)
        buf_printf(item, " (ticket %lld did not last)", (long long)json_integer_value(ticket));
}

static struct row begin_labelled(struct page *page, const struct terminal *terminal, const char *label)
{
    struct row row = row_begin(&page->text, terminal);
    row_text(&row, page->rows == 0 ? label : "");
    row_to(&row, LABEL_COLUMNS);
    return row;
}

static void make_settings(const struct board *board, const struct terminal *terminal, struct page *page)
{
    const char *name;
    json_t *setting, *settings = json_object_get(board->status, "settings");
    size_t left = json_object_size(settings);
    struct buf item = {0};
    if (left == 0)
        return;
    struct row row = begin_labelled(page, terminal, "settings");
    json_object_foreach(settings, name, setting)
    {
        size_t more = left > 1 && page->rows + 1 == SETTINGS_ROWS ? 12 : 0; /* "  +64 more" */
        print_item(board, name, setting, &item);
        size_t needed = columns_of(buf_string(&item), item.size) + 2;
        if (needed + more > row_left(&row) && page->rows + 1 == SETTINGS_ROWS)
            break;
        if (needed > row_left(&row) && row.columns > LABEL_COLUMNS) {
            end_row(page, &row);
            row = begin_labelled(page, terminal, "");
        }
        row_text(&row, buf_string(&item));
        row_to(&row, row.columns + 2);
        left--;
    }
    if (left > 0)
        row_printf(&row, "+%zu more", left);
    end_row(page, &row);
    buf_finish(&item);
}

/* ---- pending requests, and what was said and done ---- */

static void print_request(const json_t *request, struct row *row)
{
    struct buf age = {0};
    print_duration(&age, field_number(request, "age"));
    row_printf(row, "ticket %lld  %s by %s  %s  %s ago", (long long)field_integer(request, "ticket"),
               field_text(request, "name"), field_text(request, "actor"), field_text(request, "phase"),
               buf_string(&age));
    if (json_is_integer(json_object_get(request, "at_step")))
        row_printf(row, "  due at step %lld", (long long)field_integer(request, "at_step"));
    buf_finish(&age);
}

static void make_pending(const struct board *board, const struct terminal *terminal, struct page *page)
{
    const json_t *pending = json_object_get(board->status, "pending");
    size_t i, count = json_array_size(pending);
    json_t *request;
    json_array_foreach(pending, i, request)
    {
        struct row row = begin_labelled(page, terminal, "pending");
        bool is_last = page->rows + 1 == PENDING_ROWS && i + 1 < count;
        if (is_last)
            row_printf(&row, "+%zu more", count - i);
        else
            print_request(request, &row);
        end_row(page, &row);
        if (is_last)
            break;
    }
}

static void make_lines(const struct board *board, const struct terminal *terminal, struct page *page)
{
    for (size_t i = 0; i < board->count; i++) {
        struct row row = row_begin(&page->text, terminal);
        row_text(&row, board->line[(board->first + i) % BOARD_LINES]);
        end_row(page, &row);
    }
}

/* ---- who gets how many rows ---- */

struct parts {
    struct page series, settings, pending, lines;
    size_t settings_rows, pending_rows, lines_rows;
};

static void shrink(size_t *rows, size_t least, size_t *excess)
{
    size_t most = *rows > least ? *rows - least : 0, taken = most < *excess ? most : *excess;
    *rows -= taken;
    *excess -= taken;
}

/* The series keep half of the room if they need it; the rest shrinks, what is told often first. */
static void divide(struct parts *parts, size_t room, size_t series)
{
    parts->settings_rows = parts->settings.rows;
    parts->pending_rows = parts->pending.rows;
    parts->lines_rows = parts->lines.rows < LINES_ROWS ? parts->lines.rows : LINES_ROWS;
    size_t kept = series < room / 2 ? series : (room + 1) / 2;
    size_t wanted = kept + parts->settings_rows + parts->pending_rows + parts->lines_rows;
    size_t excess = wanted > room ? wanted - room : 0;
    for (size_t least = 1; excess > 0; least--) {
        shrink(&parts->lines_rows, least, &excess);
        shrink(&parts->settings_rows, least, &excess);
        shrink(&parts->pending_rows, least, &excess);
        if (least == 0)
            break;
    }
}

static void add_part(struct page *page, const struct page *part, size_t first, size_t rows, size_t *spare)
{
    if (rows == 0)
        return;
    if (*spare > 0) {
        buf_text(&page->text, "\033[K");
        page_end_row(page);
        --*spare;
    }
    page_add(page, part, first, first + rows);
}

static void lay_out(const struct board *board, const struct terminal *terminal, size_t room, struct page *page)
{
    struct parts parts = {.settings_rows = 0};
    make_settings(board, terminal, &parts.settings);
    make_pending(board, terminal, &parts.pending);
    make_lines(board, terminal, &parts.lines);
    divide(&parts, room, 2 * board->newest.count);
    size_t others = parts.settings_rows + parts.pending_rows + parts.lines_rows;
    dashboard_series(&board->newest, terminal, room > others ? room - others : 0, &parts.series);
    size_t spare = room > others + parts.series.rows ? room - others - parts.series.rows : 0;
    size_t older = parts.lines.rows - parts.lines_rows, blanks = spare < 4 ? spare : 4;
    parts.lines_rows += older < spare - blanks ? older : spare - blanks;
    add_part(page, &parts.series, 0, parts.series.rows, &blanks);
    add_part(page, &parts.settings, 0, parts.settings_rows, &blanks);
    add_part(page, &parts.pending, 0, parts.pending_rows, &blanks);
    add_part(page, &parts.lines, parts.lines.rows - parts.lines_rows, parts.lines_rows, &blanks);
    page_finish(&parts.series);
    page_finish(&parts.settings);
    page_finish(&parts.pending);
    page_finish(&parts.lines);
}

void dashboard_frame(const struct board *board, const char *banner, const struct terminal *terminal, struct buf *out)
{
    struct page head = {.rows = 0}, page = {.rows = 0};
    size_t height = (size_t)terminal->height;
    add_head(board, banner, terminal, &head);
    page_add(&page, &head, 0, height);
    if (height > page.rows)
        lay_out(board, terminal, height - page.rows, &page);
    buf_text(out, HOME);
    page_print(&page, out);
    if (page.rows < height)
        buf_text(out, "\r\n" ERASE_BELOW);
    page_finish(&head);
    page_finish(&page);
}
