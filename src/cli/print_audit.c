/* print_audit.c: the reply to audit: two lines a request, what was asked and what became of it. */
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"

/* The request without what the line tells already. */
static void print_asked(struct buf *out, const json_t *record)
{
    json_t *request = json_copy(json_object_get(record, "request"));
    const char *reason = field_text(record, "reason");
    buf_text(out, "asked by ");
    print_member(out, record, "actor");
    buf_text(out, " (");
    print_member(out, record, "role");
    buf_text(out, ", ");
    print_member(out, record, "address");
    buf_text(out, "): ");
    print_member(out, record, "name");
    json_object_del(request, "code");
    json_object_del(request, "reason");
    json_object_del(request, "id");
    if (json_object_size(request) > 0) {
        buf_char(out, ' ');
        print_value(out, request);
    }
    if (*reason) {
        buf_text(out, ", because: ");
        print_text(out, reason);
    }
    json_decref(request);
}

static void print_became(struct buf *out, const json_t *record)
{
    const json_t *values = json_object_get(record, "values");
    print_member(out, record, "outcome");
    if (json_is_integer(json_object_get(record, "step")))
        buf_printf(out, " at step %lld", (long long)field_integer(record, "step"));
    if (field_integer(record, "error"))
        buf_printf(out, " (%lld)", (long long)field_integer(record, "error"));
    if (json_object_get(values, "settings")) {
        bool applied = strcmp(field_text(record, "outcome"), "applied") == 0;
        buf_text(out, applied ? ": " : ", in effect: ");
        print_changes(out, json_object_get(values, "settings"), applied);
    }
    if (json_is_false(json_object_get(values, "changed")))
        buf_text(out, ", nothing changed");
    if (json_object_get(values, "pause_step"))
        buf_printf(out, ", pauses at step %lld", (long long)field_integer(values, "pause_step"));
    if (*field_text(record, "detail"))
        buf_text(out, ": ");
    print_member(out, record, "detail");
}

static void print_record(struct buf *out, const json_t *record)
{
    buf_printf(out, "%6lld  ", (long long)field_integer(record, "sequence"));
    print_clock(out, field_number(record, "time"), "%Y-%m-%d %H:%M:%S");
    buf_printf(out, "  ticket %lld  ", (long long)field_integer(record, "ticket"));
    if (strcmp(field_text(record, "record"), "outcome") == 0)
        print_became(out, record);
    else
        print_asked(out, record);
    buf_char(out, '\n');
}

void print_audit(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result"), *head = json_object_get(result, "head");
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(result, "records"), i, record) print_record(out, record);
    if (json_array_size(json_object_get(result, "records")) == 0)
        buf_text(out, "no records\n");
    if (json_is_integer(json_object_get(result, "next")))
        buf_printf(out, "more: --from %lld\n", (long long)field_integer(result, "next"));
    if (field_integer(head, "sequence") > 0) {
        buf_printf(out, "head: record %lld, ", (long long)field_integer(head, "sequence"));
        print_member(out, head, "hash");
        buf_char(out, '\n');
    }
}
