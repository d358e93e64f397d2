/* print_status.c: the reply to status. Ages are counted by the server's clock. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cli/print.h"
#include "cli/table.h"

enum terminal_colour print_state_colour(const char *state)
{
    static const struct {
        const char *state;
        enum terminal_colour colour;
    } colours[] = {{"running", TERMINAL_GREEN}, {"paused", TERMINAL_YELLOW}, {"lost", TERMINAL_RED}};
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strcmp(colours[i].state, state) == 0)
            return colours[i].colour;
    return TERMINAL_BOLD;
}

bool print_state_is_end(const char *state)
{
    return strcmp(state, "finished") == 0 || strcmp(state, "lost") == 0;
}

static void print_progress(struct buf *out, const json_t *run)
{
    double step = field_number(run, "step"), total = field_number(run, "total"), rate = field_number(run, "rate");
    if (!isnan(step))
        buf_printf(out, "  step %.0f", step);
    if (!isnan(step) && total > 0)
        buf_printf(out, " of %.0f (%.1f %%)", total, 100 * step / total);
    if (!isnan(rate))
        buf_printf(out, "  %.3g steps/s", rate);
    if (!isnan(field_number(run, "eta"))) {
        buf_text(out, "  ETA ");
        print_duration(out, field_number(run, "eta"));
    }
}

static void print_run(struct buf *out, const json_t *result, const struct terminal *terminal)
{
    const json_t *run = json_object_get(result, "run");
    const char *state = field_text(run, "state");
    print_member(out, run, "name");
    buf_printf(out, "  %s", terminal_colour(terminal, print_state_colour(state)));
    print_text(out, state);
    buf_text(out, terminal_colour(terminal, TERMINAL_PLAIN));
    if (!isnan(field_number(run, "since"))) {
        buf_text(out, " for ");
        print_duration(out, field_number(result, "time") - field_number(run, "since"));
    }
    if (json_is_true(json_object_get(run, "frozen")))
        buf_text(out, ", frozen: no changes are accepted");
    print_progress(out, run);
    buf_char(out, '\n');
    print_member(out, run, "folder");
    buf_text(out, "\n\n");
}

/* What it was before the resume, where it is another now. */
static void print_before_resume(struct buf *out, const json_t *result)
{
    const json_t *config = json_object_get(json_object_get(result, "trainer"), "config");
    const json_t *resumed = json_object_get(config, "resumed");
    struct table table = {0};
    const char *name;
    json_t *old;
    json_object_foreach(json_object_get(resumed, "settings"), name, old)
    {
        const json_t *now = json_object_get(json_object_get(json_object_get(result, "settings"), name), "value");
        if (!now || print_same_value(old, now))
            continue;
        print_text(&table.text, name);
        buf_text(&table.text, " is ");
        print_value(&table.text, now);
        buf_text(&table.text, ", was ");
        print_value(&table.text, old);
        buf_text(&table.text, " before the resume");
        table_cell(&table);
        table_row(&table);
    }
    table_print(&table, out, "resumed");
}

static void print_settings(struct buf *out, const json_t *result)
{
    struct table table = {0};
    const char *name;
    json_t *setting;
    json_object_foreach(json_object_get(result, "settings"), name, setting)
    {
        table_text(&table, name);
        print_value(&table.text, json_object_get(setting, "value"));
        table_cell(&table);
        buf_printf(&table.text, "revision %lld", (long long)field_integer(setting, "revision"));
        table_cell(&table);
        table_row(&table);
    }
    table_print(&table, out, "settings");
}

static void pending_row(struct table *table, const json_t *request)
{
    buf_printf(&table->text, "ticket %lld", (long long)field_integer(request, "ticket"));
    table_cell(table);
    table_text(table, field_text(request, "name"));
    buf_text(&table->text, "by ");
    table_text(table, field_text(request, "actor"));
    table_text(table, field_text(request, "phase"));
    print_duration(&table->text, field_number(request, "age"));
    buf_text(&table->text, " ago");
    table_cell(table);
    if (json_is_integer(json_object_get(request, "at_step"))) {
        buf_printf(&table->text, "due at step %lld", (long long)field_integer(request, "at_step"));
        table_cell(table);
    }
    table_row(table);
}

static void checkpoint_row(struct table *table, const json_t *checkpoint, double now)
{
    table_text(table, field_text(checkpoint, "id"));
    buf_printf(&table->text, "step %lld", (long long)field_integer(checkpoint, "step"));
    table_cell(table);
    print_duration(&table->text, now - field_number(checkpoint, "time"));
    buf_text(&table->text, " ago");
    table_cell(table);
    if (!isnan(field_number(checkpoint, "bytes")))
        print_bytes(&table->text, field_number(checkpoint, "bytes"));
    table_cell(table);
    table_text(table, field_text(checkpoint, "path"));
    table_row(table);
}

static void print_requests_and_checkpoints(struct buf *out, const json_t *result)
{
    struct table table = {0};
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(result, "pending"), i, item) pending_row(&table, item);
    table_print(&table, out, "pending");
    json_array_foreach(json_object_get(result, "checkpoints"), i, item)
        checkpoint_row(&table, item, field_number(result, "time"));
    table_print(&table, out, "checkpoints");
}

static void print_trainer(struct buf *out, const json_t *result)
{
    const json_t *trainer = json_object_get(result, "trainer");
    struct table table = {0};
    if (json_is_true(json_object_get(trainer, "attached"))) {
        print_member(&table.text, trainer, "language");
        buf_printf(&table.text, ", pid %lld on ", (long long)field_integer(trainer, "pid"));
        print_member(&table.text, trainer, "host");
        buf_text(&table.text, ", for ");
        print_duration(&table.text, field_number(result, "time") - field_number(trainer, "started"));
    } else {
        buf_text(&table.text, "none attached");
    }
    table_cell(&table);
    table_row(&table);
    if (*field_text(trainer, "command")) {
        table_text(&table, field_text(trainer, "command"));
        table_row(&table);
    }
    table_print(&table, out, "trainer");
}

/* What the library itself puts into the config and the trainer's lines tell already. */
static bool is_told_already(const char *name)
{
    static const char *const names[] = {"resumed", "command", "host", "pid", "started"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void print_config(struct buf *out, const json_t *result)
{
    struct table table = {0};
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(json_object_get(result, "trainer"), "config"), name, value)
    {
        if (is_told_already(name))
            continue;
        table_text(&table, name);
        print_value(&table.text, value);
        table_cell(&table);
        table_row(&table);
    }
    table_print(&table, out, "config");
}

void print_status(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    const json_t *result = json_object_get(reply, "result");
    print_run(out, result, terminal);
    print_settings(out, result);
    print_before_resume(out, result);
    print_requests_and_checkpoints(out, result);
    print_trainer(out, result);
    print_config(out, result);
    buf_text(out, "history      ");
    print_member(out, json_object_get(result, "history"), "state");
    buf_printf(out, "\nclients      %lld\n", (long long)field_integer(result, "clients"));
}
