/* print_stats.c: the reply to stats. */
#include <math.h>

#include "cli/print.h"
#include "cli/table.h"

static void print_short(struct buf *out, double seconds)
{
    if (seconds < 0.1)
        buf_printf(out, "%.3g ms", 1000 * seconds);
    else
        print_duration(out, seconds);
}

static void add(struct table *table, const json_t *object, const char *name, const char *before,
                void (*print)(struct buf *out, double number), const char *after)
{
    if (isnan(field_number(object, name)))
        return;
    buf_text(&table->text, before);
    print(&table->text, field_number(object, name));
    buf_text(&table->text, after);
    table_cell(table);
}

static void end_line(struct table *table, struct buf *out, const char *title)
{
    table_row(table);
    table_print(table, out, title);
}

static void print_server(const json_t *result, struct buf *out)
{
    struct table table = {0};
    print_member(&table.text, result, "version");
    buf_printf(&table.text, ", pid %lld", (long long)field_integer(result, "pid"));
    table_cell(&table);
    add(&table, result, "uptime", "up ", print_short, "");
    add(&table, result, "cpu", "cpu ", print_short, "");
    add(&table, result, "resident", "", print_bytes, " resident");
    add(&table, result, "turns", "", print_metric, " turns");
    end_line(&table, out, "server");
}

void print_stats(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result"), *clients = json_object_get(result, "clients"),
                 *requests = json_object_get(result, "requests"), *bytes = json_object_get(result, "bytes"),
                 *events = json_object_get(result, "events"), *store = json_object_get(result, "store");
    struct table table = {0};
    print_server(result, out);
    add(&table, clients, "now", "", print_metric, " now");
    add(&table, clients, "most", "", print_metric, " at most");
    add(&table, clients, "ever", "", print_metric, " ever");
    end_line(&table, out, "clients");
    add(&table, requests, "answered", "", print_metric, " answered");
    add(&table, requests, "refused", "", print_metric, " refused");
    add(&table, bytes, "in", "", print_bytes, " in");
    add(&table, bytes, "out", "", print_bytes, " out");
    end_line(&table, out, "requests");
    add(&table, events, "published", "", print_metric, " published");
    add(&table, events, "held", "", print_metric, " held");
    add(&table, events, "held_bytes", "", print_bytes, " in memory");
    add(&table, events, "thinned", "", print_metric, " thinned");
    add(&table, events, "gaps", "", print_metric, " gaps");
    end_line(&table, out, "events");
    add(&table, store, "points", "", print_metric, " points");
    add(&table, store, "commits", "", print_metric, " commits");
    add(&table, store, "failed", "", print_metric, " failed");
    add(&table, store, "last_commit", "the last one took ", print_short, "");
    end_line(&table, out, "store");
}
