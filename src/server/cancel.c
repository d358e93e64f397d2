/* cancel.c: requests that are withdrawn. */
#include <stdlib.h>

#include "server/tell.h"
#include "server/tickets.h"

/* Where the trainer has it already, its true outcome follows. */
void ticket_withdraw(struct server *server, struct ticket *ticket, const char *why)
{
    if (ticket->phase != TICKET_ACCEPTED)
        ticket->cancel = false; /* else it is kept until the ticket would be posted */
    if (ticket->phase == TICKET_POSTED && server->attach.mailbox.map &&
        mailbox_withdraw(&server->attach.mailbox, ticket->number))
        ticket_judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED, why);
}

/* ---- a person goes before an agent ---- */

static bool names_one_of(const struct ticket *ticket, struct run *run, const struct request *request)
{
    const struct request_arg *named = &request->arg[ARG_SETTINGS];
    for (size_t i = 0; i < named->count; i++) {
        const struct setting *setting = run_setting_named(run, named->pairs[i].name);
        for (uint32_t s = 0; setting && s < ticket->settings; s++)
            if (ticket->setting[s] == (uint32_t)(setting - run->settings))
                return true;
    }
    return false;
}

static void yield(struct server *server, struct ticket *ticket, const char *why)
{
    if (ticket->phase != TICKET_ACCEPTED) {
        ticket_withdraw(server, ticket, why);
        return;
    }
    free(ticket->why);
    ticket->why = strdup(why);
    ticket->cancel = true;
}

void tickets_yield(struct server *server, struct client *client, const struct request *request)
{
    char actor[160], why[256];
    if (request->code != CODE_SET || client_grant(client)->agent)
        return;
    client_actor(client, actor);
    snprintf(why, sizeof why, "withdrawn: %s, a person, sets the same", actor);
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (ticket->agent && ticket->code == CODE_SET && names_one_of(ticket, &server->run, request))
            yield(server, ticket, why);
    }
}

static int add_waiter(struct server *server, struct ticket *ticket, struct client *client,
                      const struct request *request, struct refusal *refusal)
{
    if (ticket->waiters == TICKET_WAITERS)
        return refuse(refusal, ERROR_LIMIT, "%d requests wait for ticket %llu already", TICKET_WAITERS,
                      (unsigned long long)ticket->number);
    ticket->waiter[ticket->waiters++] =
        (struct waiter){.client = client->id,
                        .code = request->code,
                        .id = request->id,
                        .until_ns = server->mono_ns + LIMIT_WAIT_DEFAULT_SECONDS * INT64_C(1000000000)};
    return 0;
}

static int cancel_ended(struct server *server, struct client *client, const struct request *request, uint64_t number,
                        struct refusal *refusal)
{
    for (size_t i = 0; i < sizeof server->tickets.ended / sizeof server->tickets.ended[0]; i++)
        if (server->tickets.ended[i] && server->tickets.ended[i]->number == number) {
            tell_one(server, client, request->code, &request->id, server->tickets.ended[i]);
            return 0;
        }
    return refuse(refusal, ERROR_PARAMETER, "ticket %llu is not pending; the audit tells what became of it",
                  (unsigned long long)number);
}

int tickets_cancel(struct server *server, struct client *client, const struct request *request, uint64_t number,
                   struct refusal *refusal)
{
    struct ticket *ticket = tickets_with(server, number);
    if (!ticket)
        return cancel_ended(server, client, request, number, refusal);
    if (add_waiter(server, ticket, client, request, refusal) < 0)
        return -1;
    if (ticket->phase == TICKET_ACCEPTED)
        ticket->cancel = true; /* in tickets_recovered, or when it would be posted */
    else
        ticket_withdraw(server, ticket, "withdrawn on request");
    return 0;
}
