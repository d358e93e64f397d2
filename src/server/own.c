/* own.c: control requests that the server itself carries out: freeze and abort. */
#include "server/tell.h"
#include "server/tickets.h"
#include "wire/server_view.h"

bool own_forbids(const struct server *server, const struct ticket *ticket)
{
    return server->run.frozen && protocol_code(ticket->code)->needs == NEEDS_CHANGE;
}

static void freeze(struct server *server, struct ticket *ticket)
{
    bool on = ticket->request->arg[ARG_ON].truth;
    ticket->outcome.changed = server->run.frozen != on;
    server->run.frozen = on;
    for (size_t i = 0; i < server->tickets.count; i++)
        if (own_forbids(server, server->tickets.live[i]))
            ticket_withdraw(server, server->tickets.live[i], OWN_FROZEN);
    ticket_judge(server, ticket, OUTCOME_APPLIED, 0, "");
    if (ticket->outcome.changed)
        tell_run(server);
}

static void begin_abort(struct server *server, struct ticket *ticket)
{
    const struct request_arg *grace = &ticket->request->arg[ARG_GRACE];
    double seconds = grace->present ? grace->number : LIMIT_GRACE_DEFAULT_SECONDS;
    child_abort(server, (int64_t)(seconds * 1e9));
    ticket->phase = TICKET_STARTED;
    tell_started(server, ticket, server->run.step, server->now_ns);
    if (ticket->reply_early)
        tell_pending(server, ticket);
}

void own_begin(struct server *server, struct ticket *ticket)
{
    if (ticket->cancel)
        ticket_judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED, "withdrawn before it was begun");
    else if (ticket->code == CODE_FREEZE)
        freeze(server, ticket);
    else if (server->child.gone)
        ticket_judge(server, ticket, OUTCOME_REFUSED, ERROR_STATE, "the trainer has ended already");
    else
        begin_abort(server, ticket);
    ticket_drop_request(ticket);
}

static void end_abort(struct server *server, struct ticket *ticket)
{
    struct buf result;
    buf_init(&result);
    result_abort(&result, server->child.abort_signal, server->child.exit_status);
    ticket->outcome.changed = true;
    ticket->outcome.result = result.failed ? NULL : strdup(buf_string(&result));
    buf_finish(&result);
    ticket_judge(server, ticket, OUTCOME_APPLIED, 0, "");
}

void own_turn(struct server *server)
{
    for (size_t i = 0; child_has_ended(server) && i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (ticket->own && ticket->phase == TICKET_STARTED)
            end_abort(server, ticket);
    }
}
