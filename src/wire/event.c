#include "wire/event.h"

#include "wire/describe.h"
#include "base/digits.h"
#include "wire/json.h"
#include "wire/members.h"
#include "wire/outcome.h"

void event_run_members(struct buf *out, const struct run *run, int64_t now_ns)
{
    member_text(out, "state", run_state_name(run->state));
    members_progress(out, run);
    members_rate(out, run);
    member_bool(out, "frozen", run->frozen);
    member_time(out, "time", now_ns);
}

void event_setting_members(struct buf *out, const struct setting *setting, int64_t step, int64_t time_ns,
                           uint64_t overrides)
{
    member_text(out, "name", setting->name);
    member(out, "value");
    setting_value_json(out, setting, &setting->value);
    member_count(out, "revision", setting->revision);
    member_integer(out, "step", step);
    member_time(out, "time", time_ns);
    if (setting->ticket)
        member_count(out, "by", setting->ticket);
    else
        member_text(out, "by", "trainer");
    if (overrides)
        member_count(out, "overrides", overrides);
}

/* "code", "name", "actor" */
static void members_request(struct buf *out, const struct ticket *ticket)
{
    member_integer(out, "code", ticket->code);
    member_text(out, "name", protocol_code(ticket->code)->name);
    member_text(out, "actor", ticket->actor);
}

void event_started_members(struct buf *out, const struct ticket *ticket, int64_t step, int64_t time_ns)
{
    member_count(out, "ticket", ticket->number);
    members_request(out, ticket);
    member_integer(out, "step", step);
    member_time(out, "time", time_ns);
}

void event_outcome_members(struct buf *out, const struct ticket *ticket, const struct run *run)
{
    outcome_members(out, ticket, run);
    members_request(out, ticket);
    member_text(out, "reason", ticket->reason);
    member_time(out, "time", ticket->outcome.time_ns);
    if (ticket->outcome.kind == OUTCOME_APPLIED)
        return;
    member_integer(out, "error", outcome_error(&ticket->outcome));
    member_text(out, "detail", ticket->outcome.detail);
}

void event_message_members(struct buf *out, uint32_t level, struct text text, int64_t step, int64_t time_ns,
                           const char *by)
{
    member_text(out, "level", level == 3 ? "error" : level == 2 ? "warning" : "info");
    member(out, "text");
    json_add_text(out, text);
    if (step != MAILBOX_NO_STEP)
        member_integer(out, "step", step);
    else
        member_null(out, "step");
    member_time(out, "time", time_ns);
    member_text(out, "by", by);
}

void event_said_members(struct buf *out, const struct said *said)
{
    event_message_members(out, said->level, text_from(said->text), said->step, said->time_ns, said->by);
    if (said->id)
        member_count(out, "id", said->id);
}

void event_checkpoint_members(struct buf *out, const struct checkpoint *checkpoint)
{
    members_checkpoint(out, checkpoint);
}

void event_declared_series_members(struct buf *out, uint32_t id, const struct series *series)
{
    member(out, "series");
    describe_series(out, id, series);
}

void event_declared_setting_members(struct buf *out, const struct setting *setting)
{
    member(out, "setting");
    describe_setting(out, setting);
}

void event_declared_action_members(struct buf *out, const struct action *action)
{
    member(out, "action");
    describe_action(out, action);
}

const char *event_name(enum event_kind kind)
{
    switch (kind) {
    case EVENT_POINT:
        return "scalars";
    case EVENT_RUN:
        return "run";
    case EVENT_SETTING:
        return "setting";
    case EVENT_STARTED:
        return "started";
    case EVENT_OUTCOME:
        return "outcome";
    case EVENT_MESSAGE:
        return "message";
    case EVENT_CHECKPOINT:
        return "checkpoint";
    case EVENT_DECLARED:
        return "declared";
    case EVENT_CLIENT:
        return "client";
    case EVENT_OUTPUT:
        return "output";
    }
    return "";
}

static void open_event(struct buf *out, const char *name, uint64_t epoch, uint64_t n)
{
    buf_text(out, "{\"event\":");
    json_add_string(out, name);
    buf_text(out, ",\"cursor\":{");
    member_count(out, "epoch", epoch);
    member_count(out, "n", n);
    buf_char(out, '}');
}

void event_line(struct buf *out, const char *name, uint64_t epoch, uint64_t n, const char *members, size_t size)
{
    open_event(out, name, epoch, n);
    if (size > 0)
        buf_char(out, ',');
    buf_add(out, members, size);
    buf_text(out, "}\n");
}

/* Straight into the buffer: points are most of what the server sends. */
static void add_point(struct buf *out, const struct event_point *point)
{
    if (!buf_reserve(out, 4 * DIGITS_MAX + 5))
        return;
    char *at = out->data + out->size;
    *at++ = '[';
    at = digits_unsigned(at, point->series);
    *at++ = ',';
    at = digits_integer(at, point->step);
    *at++ = ',';
    at = digits_time(at, point->time_ns);
    *at++ = ',';
    at = digits_double(at, point->value);
    *at++ = ']';
    out->size = (size_t)(at - out->data);
}

void event_scalars_line(struct buf *out, uint64_t epoch, uint64_t n, const struct event_point *points, size_t count,
                        uint64_t thinned)
{
    open_event(out, event_name(EVENT_POINT), epoch, n);
    member(out, "points");
    buf_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        element(out);
        add_point(out, &points[i]);
    }
    buf_char(out, ']');
    if (thinned)
        member_count(out, "thinned", thinned);
    buf_text(out, "}\n");
}

void event_gap_line(struct buf *out, uint64_t epoch, uint64_t n, const uint64_t missed[32], uint64_t from, uint64_t to)
{
    open_event(out, "gap", epoch, n);
    member(out, "missed");
    buf_char(out, '{');
    for (unsigned bit = 0; bit < 32; bit++)
        if (missed[bit] && *protocol_topic_name(1u << bit))
            member_count(out, protocol_topic_name(1u << bit), missed[bit]);
    buf_char(out, '}');
    member_count(out, "from", from);
    member_count(out, "to", to);
    buf_text(out, "}\n");
}
