#include "wire/reply.h"

#include "wire/json.h"
#include "wire/members.h"

void result_empty(struct buf *out)
{
    buf_text(out, "{}");
}

void result_ping(struct buf *out, int64_t now_ns)
{
    buf_char(out, '{');
    member_time(out, "time", now_ns);
    buf_char(out, '}');
}

void result_cursor(struct buf *out, uint64_t epoch, uint64_t n)
{
    buf_text(out, "{\"cursor\":{");
    member_count(out, "epoch", epoch);
    member_count(out, "n", n);
    buf_text(out, "}}");
}

/* Of "run": whose it is and how it fares. Without its closing brace. */
static void open_run(struct buf *out, const struct run *run)
{
    member(out, "run");
    buf_char(out, '{');
    member_text(out, "name", run->name);
    member_text(out, "folder", run->folder);
    member_text(out, "state", run_state_name(run->state));
}

void result_hello(struct buf *out, const struct hello_view *view, const struct run *run, int64_t now_ns)
{
    buf_char(out, '{');
    member_integer(out, "protocol", PROTOCOL_VERSION);
    member_text(out, "version", view->version);
    member_count(out, "client", view->client);
    member_text(out, "name", view->name);
    member_text(out, "role", protocol_role_name(view->role));
    member_text(out, "auth", view->auth);
    member_time(out, "time", now_ns);
    open_run(out, run);
    members_progress(out, run);
    buf_text(out, "}}");
}

static void status_run(struct buf *out, const struct run *run)
{
    open_run(out, run);
    member_time(out, "since", run->state_time_ns);
    members_progress(out, run);
    members_rate(out, run);
    member_bool(out, "frozen", run->frozen);
    buf_char(out, '}');
}

static void status_settings(struct buf *out, const struct run *run)
{
    member(out, "settings");
    buf_char(out, '{');
    for (uint32_t i = 0; i < run->settings_count; i++) {
        member(out, run->settings[i].name);
        buf_char(out, '{');
        member(out, "value");
        setting_value_json(out, &run->settings[i], &run->settings[i].value);
        member_count(out, "revision", run->settings[i].revision);
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

static void status_ticket(struct buf *out, const struct ticket *ticket, int64_t now_ns)
{
    static const char *const phases[] = {"accepted", "posted", "started", "judged"};
    element(out);
    buf_char(out, '{');
    member_count(out, "ticket", ticket->number);
    member_integer(out, "code", ticket->code);
    member_text(out, "name", protocol_code(ticket->code)->name);
    member_text(out, "actor", ticket->actor);
    member_text(out, "phase", phases[ticket->phase]);
    member_seconds(out, "age", (double)(now_ns - ticket->accepted_ns) / 1e9);
    if (ticket->at_step != MAILBOX_NO_STEP)
        member_integer(out, "at_step", ticket->at_step);
    buf_char(out, '}');
}

static void status_pending(struct buf *out, struct ticket *const *tickets, size_t count, int64_t now_ns)
{
    member(out, "pending");
    buf_char(out, '[');
    for (size_t i = 0; i < count; i++)
        status_ticket(out, tickets[i], now_ns);
    buf_char(out, ']');
}

static void status_checkpoints(struct buf *out, const struct run *run)
{
    member(out, "checkpoints");
    buf_char(out, '[');
    for (uint32_t i = 0; i < run->checkpoints_count; i++) {
        element(out);
        buf_char(out, '{');
        members_checkpoint(out, &run->checkpoints[i]);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void member_config(struct buf *out, const struct run *run)
{
    member(out, "config");
    buf_char(out, '{');
    for (uint32_t i = 0; i < run->configs_count; i++) {
        member(out, run->configs[i].name);
        json_add_one_line(out, text_from(run->configs[i].json));
    }
    buf_char(out, '}');
}

/* What is not known of a trainer is null. */
static void status_trainer(struct buf *out, const struct run *run)
{
    const struct trainer *trainer = &run->trainer;
    static const struct incarnation nobody = {0};
    char incarnation[33] = "";
    if (!incarnation_same(&trainer->incarnation, &nobody))
        incarnation_text(incarnation, &trainer->incarnation);
    member(out, "trainer");
    buf_char(out, '{');
    member_bool(out, "attached", trainer->attached);
    if (trainer->pid > 0)
        member_integer(out, "pid", trainer->pid);
    else
        member_null(out, "pid");
    member_text_or_null(out, "host", trainer->host);
    member_text_or_null(out, "language", trainer->language);
    member_text_or_null(out, "command", trainer->command);
    if (trainer->started_ns > 0)
        member_time(out, "started", trainer->started_ns);
    else
        member_null(out, "started");
    member_text_or_null(out, "incarnation", incarnation);
    member_config(out, run);
    buf_char(out, '}');
}

void result_status(struct buf *out, const struct run *run, struct ticket *const *tickets, size_t count,
                   uint64_t clients, int64_t now_ns)
{
    buf_char(out, '{');
    status_run(out, run);
    status_settings(out, run);
    status_pending(out, tickets, count, now_ns);
    status_checkpoints(out, run);
    status_trainer(out, run);
    member(out, "history");
    buf_char(out, '{');
    member_text(out, "state", run->history);
    buf_char(out, '}');
    member_count(out, "clients", clients);
    member_time(out, "time", now_ns);
    buf_char(out, '}');
}
