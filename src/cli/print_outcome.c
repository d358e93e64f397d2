/* print_outcome.c: what became of a control request. */
#include <string.h>

#include "cli/print.h"
#include "protocol/protocol.h"

/* ---- set ---- */

static bool is_other(const json_t *setting)
{
    const json_t *requested = json_object_get(setting, "requested"), *effective = json_object_get(setting, "effective");
    return requested && effective && !print_same_value(requested, effective);
}

static void print_change(struct buf *out, const char *name, const json_t *setting, const char *after_name)
{
    print_text(out, name);
    buf_text(out, after_name);
    print_value(out, json_object_get(setting, "old"));
    buf_text(out, " -> ");
    print_value(out, json_object_get(setting, "effective"));
}

static void print_in_effect(struct buf *out, const char *name, const json_t *setting)
{
    print_text(out, name);
    buf_char(out, ' ');
    print_value(out, json_object_get(setting, "effective"));
}

void print_changes(struct buf *out, json_t *settings, bool applied)
{
    const char *name, *between = "";
    json_t *setting;
    json_object_foreach(settings, name, setting)
    {
        buf_text(out, between);
        if (applied)
            print_change(out, name, setting, " ");
        else
            print_in_effect(out, name, setting);
        between = ", ";
    }
}

static void print_set(struct buf *out, const json_t *result)
{
    const char *name;
    json_t *setting;
    json_object_foreach(json_object_get(result, "settings"), name, setting)
    {
        print_change(out, name, setting, ": ");
        buf_printf(out, " at step %lld (revision %lld)\n", (long long)field_integer(result, "step"),
                   (long long)field_integer(setting, "revision"));
        if (!is_other(setting))
            continue;
        buf_text(out, "  asked for ");
        print_value(out, json_object_get(setting, "requested"));
        buf_text(out, ", in effect is ");
        print_value(out, json_object_get(setting, "effective"));
        buf_char(out, '\n');
    }
}

/* ---- act ---- */

static void print_result_member(struct buf *out, const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    print_text(out, name);
    if (!text || !strchr(text, '\n')) {
        buf_text(out, ": ");
        print_value(out, value);
        buf_char(out, '\n');
        return;
    }
    buf_text(out, ":\n");
    print_lines(out, text);
    if (text[strlen(text) - 1] != '\n')
        buf_char(out, '\n');
}

static void print_act(struct buf *out, const json_t *result)
{
    const char *name;
    json_t *value;
    buf_printf(out, "done at step %lld (ticket %lld)\n", (long long)field_integer(result, "step"),
               (long long)field_integer(result, "ticket"));
    json_object_foreach(json_object_get(result, "result"), name, value) print_result_member(out, name, value);
    if (json_is_true(json_object_get(result, "result_cut")))
        buf_text(out, "(the result was too large: part of it was left out)\n");
}

/* ---- pause, resume, stop, advance, abort ---- */

static void print_abort(struct buf *out, const json_t *how)
{
    const char *signal = field_text(how, "signal");
    buf_text(out, "the trainer has ended");
    if (*signal)
        buf_text(out, " after ");
    print_text(out, signal);
    if (json_is_integer(json_object_get(how, "exit_status")))
        buf_printf(out, ", with status %lld", (long long)field_integer(how, "exit_status"));
    buf_char(out, '\n');
}

static void print_state(struct buf *out, json_int_t code, const json_t *result)
{
    long long step = field_integer(result, "step");
    bool changed = !json_is_false(json_object_get(result, "changed"));
    switch (code) {
    case CODE_PAUSE:
        buf_printf(out, changed ? "paused at step %lld\n" : "it was paused already, at step %lld\n", step);
        break;
    case CODE_RESUME:
        buf_printf(out, changed ? "goes on at step %lld\n" : "it was not paused, at step %lld\n", step);
        break;
    case CODE_STOP:
        buf_printf(out, changed ? "stops at step %lld\n" : "it was stopping already, at step %lld\n", step);
        break;
    case CODE_ADVANCE:
        buf_printf(out, "goes on at step %lld, pauses at step %lld\n", step,
                   (long long)field_integer(result, "pause_step"));
        break;
    case CODE_ABORT:
        print_abort(out, json_object_get(result, "result"));
        break;
    default:
        buf_printf(out, "applied at step %lld\n", step);
    }
}

void print_outcome(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result");
    const char *outcome = field_text(result, "outcome");
    json_int_t code = field_integer(reply, "code");
    long long ticket = field_integer(result, "ticket");
    if (strcmp(outcome, "pending") == 0)
        buf_printf(out,
                   "ticket %lld is pending and lives on: `trimtab audit --ticket %lld` tells what became of it, "
                   "`trimtab cancel %lld` withdraws it\n",
                   ticket, ticket, ticket);
    else if (strcmp(outcome, "applied") != 0) {
        buf_printf(out, "ticket %lld: ", ticket);
        print_text(out, outcome);
        buf_char(out, '\n');
    } else if (json_object_get(result, "settings"))
        print_set(out, result);
    else if (code == CODE_ACT || (json_object_get(result, "result") && code != CODE_ABORT))
        print_act(out, result);
    else
        print_state(out, code, result);
    if (strcmp(field_text(result, "audit"), "waiting") == 0)
        buf_text(out, "its audit record is not written yet: the history cannot be stored at the moment\n");
}

void print_refusal(struct buf *out, const json_t *reply)
{
    print_member(out, reply, "Message");
    buf_printf(out, " (%lld)", (long long)field_integer(reply, "CodeError"));
    if (*field_text(reply, "Detail"))
        buf_text(out, ": ");
    print_member(out, reply, "Detail");
    if (json_object_get(reply, "ticket"))
        buf_printf(out, " (ticket %lld)", (long long)field_integer(reply, "ticket"));
    if (json_object_get(reply, "reached"))
        buf_text(out, json_is_true(json_object_get(reply, "reached")) ? "; the trainer had taken it"
                                                                      : "; the trainer had not taken it");
    if (json_object_get(reply, "settings")) {
        buf_text(out, "; in effect: ");
        print_changes(out, json_object_get(reply, "settings"), false);
    }
}
