/* print_event.c: events as lines that begin with the time of day. */
#include <string.h>

#include "cli/print.h"

static void print_setting(struct buf *out, const json_t *event)
{
    const json_t *by = json_object_get(event, "by");
    print_member(out, event, "name");
    buf_text(out, " = ");
    print_value(out, json_object_get(event, "value"));
    if (json_is_integer(json_object_get(event, "step")))
        buf_printf(out, " at step %lld", (long long)field_integer(event, "step"));
    buf_printf(out, ", revision %lld", (long long)field_integer(event, "revision"));
    if (json_is_integer(by))
        buf_printf(out, ", ticket %lld", (long long)json_integer_value(by));
    else if (by) {
        buf_text(out, ", by ");
        print_value(out, by);
    }
    if (json_is_integer(json_object_get(event, "overrides")))
        buf_printf(out, ": what ticket %lld had set did not last", (long long)field_integer(event, "overrides"));
}

static void print_request(struct buf *out, const json_t *event)
{
    buf_printf(out, "ticket %lld: ", (long long)field_integer(event, "ticket"));
    print_member(out, event, "name");
    buf_text(out, " by ");
    print_member(out, event, "actor");
}

static void print_started(struct buf *out, const json_t *event)
{
    print_request(out, event);
    buf_printf(out, " began at step %lld", (long long)field_integer(event, "step"));
}

static void print_ended(struct buf *out, const json_t *event)
{
    print_request(out, event);
    buf_char(out, ' ');
    print_member(out, event, "outcome");
    if (json_is_integer(json_object_get(event, "step")))
        buf_printf(out, " at step %lld", (long long)field_integer(event, "step"));
    if (json_object_get(event, "settings")) {
        bool applied = strcmp(field_text(event, "outcome"), "applied") == 0;
        buf_text(out, applied ? ": " : ", in effect: ");
        print_changes(out, json_object_get(event, "settings"), applied);
    }
    if (*field_text(event, "detail"))
        buf_text(out, ": ");
    print_member(out, event, "detail");
    if (*field_text(event, "reason")) {
        buf_text(out, ", because: ");
        print_member(out, event, "reason");
    }
}

static void print_message(struct buf *out, const json_t *event)
{
    print_member(out, event, "level");
    if (json_object_get(event, "id")) { /* a client has said it */
        buf_text(out, " by ");
        print_value(out, json_object_get(event, "by"));
    }
    if (json_is_integer(json_object_get(event, "step")))
        buf_printf(out, " at step %lld", (long long)field_integer(event, "step"));
    buf_text(out, ": ");
    print_member(out, event, "text");
}

static void print_checkpoint(struct buf *out, const json_t *event)
{
    buf_text(out, "checkpoint ");
    print_member(out, event, "id");
    buf_printf(out, " at step %lld, ", (long long)field_integer(event, "step"));
    print_bytes(out, (double)field_integer(event, "bytes"));
    if (*field_text(event, "path"))
        buf_text(out, ", ");
    print_member(out, event, "path");
}

static void print_declared(struct buf *out, const json_t *event)
{
    static const char *const kinds[] = {"series", "setting", "action"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const json_t *declared = json_object_get(event, kinds[i]);
        if (!declared)
            continue;
        buf_printf(out, "declared: %s ", kinds[i]);
        print_member(out, declared, "name");
    }
}

static void print_client(struct buf *out, const json_t *event)
{
    if (strcmp(field_text(event, "change"), "many") == 0) {
        buf_printf(out, "%lld joined, %lld left", (long long)field_integer(event, "joined"),
                   (long long)field_integer(event, "left"));
    } else {
        print_member(out, event, "name");
        buf_char(out, ' ');
        print_member(out, event, "change");
    }
    buf_printf(out, ": %lld follow", (long long)field_integer(event, "clients"));
}

/* Whole lines only. */
static void print_output(struct buf *out, const json_t *event)
{
    size_t i;
    json_t *line;
    if (field_integer(event, "skipped") > 0) {
        print_bytes(out, field_number(event, "skipped"));
        buf_text(out, " passed over; ");
    }
    buf_text(out, "printed:");
    json_array_foreach(json_object_get(event, "lines"), i, line)
    {
        buf_text(out, "\n  ");
        print_value(out, line);
    }
}

static void print_gap(struct buf *out, const json_t *event)
{
    const char *topic, *between = "missed ";
    json_t *count;
    json_object_foreach(json_object_get(event, "missed"), topic, count)
    {
        buf_printf(out, "%s%lld of ", between, (long long)json_integer_value(count));
        print_text(out, topic);
        between = ", ";
    }
    buf_text(out, ": read too slowly; what follows is the state as of now");
}

void print_event(struct buf *out, const json_t *event, const struct terminal *terminal)
{
    static const struct {
        const char *name;
        void (*print)(struct buf *out, const json_t *event);
        enum terminal_colour colour;
    } kinds[] = {
        {"setting", print_setting, TERMINAL_PLAIN},
        {"started", print_started, TERMINAL_PLAIN},
        {"outcome", print_ended, TERMINAL_PLAIN},
        {"message", print_message, TERMINAL_PLAIN},
        {"checkpoint", print_checkpoint, TERMINAL_PLAIN},
        {"declared", print_declared, TERMINAL_PLAIN},
        {"client", print_client, TERMINAL_PLAIN},
        {"output", print_output, TERMINAL_PLAIN},
        {"gap", print_gap, TERMINAL_YELLOW},
    };
    const char *name = field_text(event, "event");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) != 0)
            continue;
        bool coloured = kinds[i].colour != TERMINAL_PLAIN;
        if (json_object_get(event, "time")) {
            print_clock(out, field_number(event, "time"), "%H:%M:%S");
            buf_text(out, "  ");
        }
        buf_text(out, coloured ? terminal_colour(terminal, kinds[i].colour) : "");
        kinds[i].print(out, event);
        buf_text(out, coloured ? terminal_colour(terminal, TERMINAL_PLAIN) : "");
        buf_char(out, '\n');
    }
}
