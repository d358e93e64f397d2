/* print_describe.c: the reply to describe. */
#include <stdbool.h>
#include <string.h>

#include "cli/print.h"
#include "cli/table.h"

static void print_choices(struct buf *out, const json_t *choices)
{
    size_t i;
    json_t *choice;
    json_array_foreach(choices, i, choice)
    {
        buf_text(out, i ? "|" : "");
        print_value(out, choice);
    }
}

/* "0 to 1", "0 or more", "at most 1", "a|b", or nothing. */
static void print_range(struct buf *out, const json_t *described)
{
    const json_t *min = json_object_get(described, "min"), *max = json_object_get(described, "max");
    print_choices(out, json_object_get(described, "choices"));
    print_value(out, min);
    if (max)
        buf_text(out, min ? " to " : "at most ");
    else if (min)
        buf_text(out, " or more");
    print_value(out, max);
}

static void print_doc(struct table *table, const json_t *described)
{
    if (json_is_false(json_object_get(described, "attached")))
        buf_text(&table->text, *field_text(described, "doc") ? "(not attached) " : "(not attached)");
    print_member(&table->text, described, "doc");
    table_cell(table);
}

static void setting_row(struct table *table, const json_t *setting)
{
    table_text(table, field_text(setting, "name"));
    print_value(&table->text, json_object_get(setting, "value"));
    buf_text(&table->text, *field_text(setting, "unit") ? " " : "");
    print_member(&table->text, setting, "unit");
    table_cell(table);
    table_text(table, field_text(setting, "type"));
    print_range(&table->text, setting);
    table_cell(table);
    buf_printf(&table->text, "revision %lld", (long long)field_integer(setting, "revision"));
    table_cell(table);
    print_doc(table, setting);
    table_row(table);
}

static void param_row(struct table *table, const json_t *param)
{
    buf_text(&table->text, "  ");
    print_member(&table->text, param, "name");
    buf_char(&table->text, '=');
    print_value(&table->text, json_object_get(param, "default"));
    table_cell(table);
    table_text(table, field_text(param, "type"));
    print_range(&table->text, param);
    table_cell(table);
    table_row(table);
}

/* An action's parameters stand below it, in columns of their own. */
static void action_rows(struct buf *out, const json_t *action, const char *title)
{
    struct table table = {0};
    size_t i;
    json_t *param;
    table_text(&table, field_text(action, "name"));
    print_doc(&table, action);
    table_row(&table);
    table_print(&table, out, title);
    json_array_foreach(json_object_get(action, "params"), i, param) param_row(&table, param);
    table_print(&table, out, "");
}

static void series_row(struct table *table, const json_t *series)
{
    const json_t *last = json_object_get(series, "last");
    table_text(table, field_text(series, "name"));
    if (json_is_number(last))
        print_metric(&table->text, json_number_value(last));
    else
        print_value(&table->text, last);
    if (last && *field_text(series, "unit"))
        buf_char(&table->text, ' ');
    print_member(&table->text, series, "unit");
    table_cell(table);
    if (last)
        buf_printf(&table->text, "at step %lld", (long long)field_integer(series, "step"));
    table_cell(table);
    buf_printf(&table->text, "%lld points", (long long)field_integer(series, "count"));
    table_cell(table);
    table_row(table);
}

void print_describe(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result");
    struct table table = {0};
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(result, "settings"), i, item) setting_row(&table, item);
    table_print(&table, out, "settings");
    json_array_foreach(json_object_get(result, "actions"), i, item) action_rows(out, item, i == 0 ? "actions" : "");
    json_array_foreach(json_object_get(result, "series"), i, item) series_row(&table, item);
    table_print(&table, out, "series");
    if (out->size == 0)
        buf_text(out, "nothing is declared yet\n");
}
