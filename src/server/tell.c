#include "server/tell.h"

#include "wire/event.h"
#include "wire/reply.h"

void tell_one(struct server *server, struct client *client, enum code code, const struct request_id *id,
              const struct ticket *ticket)
{
    struct buf line;
    buf_init(&line);
    if (code == CODE_CANCEL && ticket->outcome.kind == OUTCOME_CANCELLED) {
        reply_open(&line, code, id);
        result_withdrawn(&line, ticket->number);
        reply_close(&line);
        client_answer(client, code, ERROR_NONE, &line);
        return;
    }
    reply_outcome(&line, code, id, ticket, &server->run);
    client_answer(client, code, ticket->outcome.kind == OUTCOME_APPLIED ? ERROR_NONE : ticket->outcome.error, &line);
}

void tell_outcome(struct server *server, struct ticket *ticket)
{
    for (uint32_t i = 0; i < ticket->waiters; i++) {
        struct client *client = client_with(server, ticket->waiter[i].client);
        if (client)
            tell_one(server, client, ticket->waiter[i].code, &ticket->waiter[i].id, ticket);
    }
    ticket->waiters = 0;
    struct buf members;
    buf_init(&members);
    event_outcome_members(&members, ticket, &server->run);
    hub_publish(&server->hub, EVENT_OUTCOME, &members);
}

static void tell_waiter_pending(struct server *server, struct ticket *ticket, const struct waiter *waiter)
{
    struct client *client = client_with(server, waiter->client);
    if (!client)
        return;
    struct buf line;
    buf_init(&line);
    reply_open(&line, waiter->code, &waiter->id);
    result_pending(&line, ticket);
    reply_close(&line);
    client_answer(client, waiter->code, ERROR_NONE, &line);
}

static void tell_pending_until(struct server *server, struct ticket *ticket, int64_t until_ns)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ticket->waiters; i++)
        if (ticket->waiter[i].until_ns <= until_ns)
            tell_waiter_pending(server, ticket, &ticket->waiter[i]);
        else
            ticket->waiter[kept++] = ticket->waiter[i];
    ticket->waiters = kept;
}

void tell_pending(struct server *server, struct ticket *ticket)
{
    tell_pending_until(server, ticket, INT64_MAX);
}

void tell_end(struct server *server, struct ticket *ticket)
{
    if (ticket->phase == TICKET_ACCEPTED)
        tell_storage(server, ticket, "the server ends");
    else
        tell_pending(server, ticket);
}

void tell_waiting(struct server *server, struct ticket *ticket)
{
    /* "pending" would be untrue of what may yet be refused for want of an audit row */
    if (ticket->phase != TICKET_ACCEPTED)
        tell_pending_until(server, ticket, server->mono_ns);
}

void tell_storage(struct server *server, struct ticket *ticket, const char *why)
{
    for (uint32_t i = 0; i < ticket->waiters; i++) {
        struct client *client = client_with(server, ticket->waiter[i].client);
        if (!client)
            continue;
        struct refusal refusal = {0};
        struct buf line;
        buf_init(&line);
        refuse(&refusal, ERROR_STORAGE, "the audit record cannot be written: %s", why);
        reply_refusal(&line, &refusal, true, ticket->waiter[i].code, &ticket->waiter[i].id);
        client_answer(client, ticket->waiter[i].code, ERROR_STORAGE, &line);
    }
}

void tell_started(struct server *server, const struct ticket *ticket, int64_t step, int64_t time_ns)
{
    struct buf members;
    buf_init(&members);
    event_started_members(&members, ticket, step, time_ns);
    hub_publish(&server->hub, EVENT_STARTED, &members);
}

void tell_run(struct server *server)
{
    struct buf members;
    buf_init(&members);
    event_run_members(&members, &server->run, server->now_ns);
    hub_publish(&server->hub, EVENT_RUN, &members);
    server->next_progress_ns = server->mono_ns + INT64_C(1000000000);
    server->told_step = server->run.step;
}

void tell_setting(struct server *server, uint32_t id, const struct record *record)
{
    struct buf members;
    buf_init(&members);
    event_setting_members(&members, &server->run.settings[id], record->step, record->time_ns, record->effect.overrides);
    hub_publish(&server->hub, EVENT_SETTING, &members);
}

void tell_said(struct server *server, const struct said *said)
{
    struct buf members;
    buf_init(&members);
    event_said_members(&members, said);
    hub_publish(&server->hub, EVENT_MESSAGE, &members);
}

void tell_newest_said(struct server *server)
{
    const struct run *run = &server->run;
    if (run->messages_count > 0)
        tell_said(server, &run->messages[run->messages_count - 1]);
}

void tell_checkpoint(struct server *server)
{
    struct buf members;
    buf_init(&members);
    event_checkpoint_members(&members, &server->run.checkpoints[0]);
    hub_publish(&server->hub, EVENT_CHECKPOINT, &members);
}

void tell_declared(struct server *server, const struct change *change)
{
    struct run *run = &server->run;
    struct buf members;
    buf_init(&members);
    if (change->kind == CHANGE_SERIES)
        event_declared_series_members(&members, change->id, &run->series[change->id]);
    else if (change->kind == CHANGE_SETTING)
        event_declared_setting_members(&members, &run->settings[change->id]);
    else
        event_declared_action_members(&members, &run->actions[change->id]);
    hub_publish(&server->hub, EVENT_DECLARED, &members);
}
