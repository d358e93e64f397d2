/* print_clients.c: the reply to clients. */
#include <string.h>

#include "cli/print.h"
#include "cli/table.h"

static void print_topics(struct buf *out, const json_t *topics)
{
    size_t i;
    json_t *topic;
    if (json_array_size(topics) == 0)
        buf_text(out, "follows nothing");
    json_array_foreach(topics, i, topic)
    {
        buf_text(out, i ? "," : "");
        print_value(out, topic);
    }
}

static void client_row(struct table *table, const json_t *client)
{
    buf_printf(&table->text, "%lld", (long long)field_integer(client, "id"));
    table_cell(table);
    print_member(&table->text, client, "name");
    if (json_is_true(json_object_get(client, "you")))
        buf_text(&table->text, " (you)");
    table_cell(table);
    table_text(table, field_text(client, "role"));
    print_member(&table->text, client, "transport");
    if (strcmp(field_text(client, "transport"), field_text(client, "address")) != 0) {
        buf_char(&table->text, ' ');
        print_member(&table->text, client, "address");
    }
    table_cell(table);
    buf_text(&table->text, "since ");
    print_clock(&table->text, field_number(client, "since"), "%Y-%m-%d %H:%M:%S");
    table_cell(table);
    print_topics(&table->text, json_object_get(client, "topics"));
    table_cell(table);
    print_bytes(&table->text, field_number(client, "sent"));
    buf_text(&table->text, " sent");
    table_cell(table);
    buf_printf(&table->text, "%lld missed", (long long)field_integer(client, "missed"));
    table_cell(table);
    table_row(table);
}

void print_clients(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result"), *clients = json_object_get(result, "clients");
    json_int_t more = field_integer(result, "total") - (json_int_t)json_array_size(clients);
    struct table table = {0};
    size_t i;
    json_t *client;
    json_array_foreach(clients, i, client) client_row(&table, client);
    table_print(&table, out, "clients");
    if (more > 0)
        buf_printf(out, "and %lld more\n", (long long)more);
}
