/* print_runs.c: the reply to runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "cli/table.h"

#define SHOWN_MOST 3 /* values in one cell */

/* Where all lie, as a rule: "" where they do not. */
static size_t common_folder(const json_t *runs)
{
    const char *first = field_text(json_array_get(runs, 0), "folder"), *slash = strrchr(first, '/');
    size_t size = slash ? (size_t)(slash - first) + 1 : 0, i;
    json_t *run;
    json_array_foreach(runs, i, run) if (strncmp(field_text(run, "folder"), first, size) != 0) return 0;
    return size;
}

static void print_steps(struct buf *out, const json_t *run)
{
    if (json_is_integer(json_object_get(run, "step")))
        buf_printf(out, "step %lld", (long long)field_integer(run, "step"));
    if (field_integer(run, "total") > 0)
        buf_printf(out, " of %lld", (long long)field_integer(run, "total"));
}

static void print_some(struct buf *out, json_t *values)
{
    const char *name;
    json_t *value;
    size_t count = 0, size = json_object_size(values);
    json_object_foreach(values, name, value)
    {
        if (count++ == SHOWN_MOST) {
            buf_printf(out, "  +%zu more", size - SHOWN_MOST);
            break;
        }
        buf_text(out, count > 1 ? "  " : "");
        print_text(out, name);
        buf_char(out, ' ');
        if (json_is_real(value))
            print_metric(out, json_real_value(value));
        else
            print_value(out, value);
    }
}

static void run_row(struct table *table, const json_t *run, size_t common)
{
    table_text(table, field_text(run, "folder") + common);
    if (*field_text(run, "error")) {
        table_text(table, field_text(run, "error"));
        table_row(table);
        return;
    }
    table_text(table, field_text(run, "name"));
    print_member(&table->text, run, "state");
    buf_text(&table->text, json_is_true(json_object_get(run, "live")) ? ", live" : "");
    table_cell(table);
    print_steps(&table->text, run);
    table_cell(table);
    if (!isnan(field_number(run, "started")))
        print_clock(&table->text, field_number(run, "started"), "%Y-%m-%d %H:%M");
    table_cell(table);
    print_some(&table->text, json_object_get(run, "last"));
    table_cell(table);
    print_some(&table->text, json_object_get(run, "settings"));
    table_cell(table);
    table_row(table);
}

void print_run_list(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result"), *runs = json_object_get(result, "runs");
    json_int_t more = field_integer(result, "total") - (json_int_t)json_array_size(runs);
    size_t common = common_folder(runs), i;
    char *folder = strndup(field_text(json_array_get(runs, 0), "folder"), common);
    struct table table = {0};
    json_t *run;
    if (common > 0) {
        print_text(out, folder);
        buf_char(out, '\n');
    }
    free(folder);
    json_array_foreach(runs, i, run) run_row(&table, run, common);
    table_print(&table, out, "runs");
    if (json_array_size(runs) == 0)
        buf_text(out, "there are no runs beside this one\n");
    if (more > 0)
        buf_printf(out, "and %lld older ones\n", (long long)more);
}
