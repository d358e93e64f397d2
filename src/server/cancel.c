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

static bool share_a_setting(const struct ticket *a, const struct ticket *b)
{
    for (uint32_t i = 0; i < a->settings; i++)
        for (uint32_t j = 0; j < b->settings; j++)
            if (a->setting[i] == b->setting[j])
                return true;
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

void tickets_yield(struct server *server, const struct ticket *to)
{
    char why[256];
    if (to->agent)
        return;
    snprintf(why, sizeof why, "withdrawn: %s, a person, sets the same", to->actor);
    for (size_t i = 0; i < server->tickets.count; i++)
        if (server->tickets.live[i]->agent && share_a_setting(server->tickets.live[i], to))
            yield(server, server->tickets.live[i], why);
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
