#include "cli/token_list.h"

#include "access/tokens.h"
#include "base/clock.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/table.h"
#include "cli/verbs.h"

static json_t *seconds_of(int64_t time_ns)
{
    return json_real((double)(time_ns / 1000) / 1e6);
}

json_t *token_list_entry(const struct grant *grant, int64_t now_ns)
{
    char text[200];
    json_t *entry = json_pack("{s:s, s:s, s:s, s:o}", "name", grant->name, "role", protocol_role_name(grant->role),
                              "kind", grant->agent ? "agent" : "person", "created", seconds_of(grant->created_ns));
    json_t *allow = json_array();
    for (uint32_t i = 0; i < grant->allows; i++) {
        grant_allow_write(&grant->allow[i], text);
        json_array_append_new(allow, json_string(text));
    }
    grant_rate_write(grant, text);
    if (grant->expires_ns)
        json_object_set_new(entry, "expires", seconds_of(grant->expires_ns));
    if (grant->allows)
        json_object_set(entry, "allow", allow);
    if (grant->rate)
        json_object_set_new(entry, "rate", json_string(text));
    if (grant->expires_ns && grant->expires_ns <= now_ns)
        json_object_set_new(entry, "expired", json_true());
    json_decref(allow);
    return entry;
}

static void print_json(struct buf *out, const struct tokens *tokens, int64_t now_ns)
{
    json_t *list = json_array();
    for (size_t i = 0; i < tokens->count; i++)
        json_array_append_new(list, token_list_entry(&tokens->item[i].grant, now_ns));
    json_t *told = json_pack("{s:o}", "tokens", list);
    print_value(out, told);
    buf_char(out, '\n');
    json_decref(told);
}

static void print_moment(struct buf *out, const char *before, int64_t time_ns)
{
    buf_text(out, before);
    print_clock(out, (double)time_ns / 1e9, "%Y-%m-%d %H:%M");
}

static void print_end(struct buf *out, const struct token *token, int64_t now_ns)
{
    if (token_is_over(token, now_ns))
        print_moment(out, "expired ", token->grant.expires_ns);
    else if (token->grant.expires_ns)
        print_moment(out, "until ", token->grant.expires_ns);
}

static void add_row(struct table *table, const struct token *token, int64_t now_ns)
{
    const struct grant *grant = &token->grant;
    char text[200];
    table_text(table, grant->name);
    table_text(table, protocol_role_name(grant->role));
    table_text(table, grant->agent ? "agent" : "person");
    print_moment(&table->text, "since ", grant->created_ns);
    table_cell(table);
    print_end(&table->text, token, now_ns);
    table_cell(table);
    grant_rate_write(grant, text);
    table_text(table, text);
    for (uint32_t i = 0; i < grant->allows; i++) {
        grant_allow_write(&grant->allow[i], text);
        buf_text(&table->text, i ? ", " : "only ");
        print_text(&table->text, text);
    }
    table_cell(table);
    table_row(table);
}

static void print_table(struct buf *out, const struct tokens *tokens, int64_t now_ns)
{
    struct table table = {0};
    if (tokens->count == 0)
        buf_text(out, "no tokens; `trimtab token add` and `trimtab link` make them\n");
    for (size_t i = 0; i < tokens->count; i++)
        add_row(&table, &tokens->item[i], now_ns);
    table_print(&table, out, "tokens");
}

int token_list(int run_fd, bool json)
{
    struct tokens tokens;
    struct err err;
    struct buf out = {0};
    if (tokens_read(run_fd, &tokens, &err) < 0) {
        say_wrong("%s", err.text);
        return CLI_REFUSED;
    }
    (json ? print_json : print_table)(&out, &tokens, clock_real_ns());
    say_out(&out);
    buf_finish(&out);
    tokens_finish(&tokens);
    return CLI_DONE;
}
