/* recover.c: what an earlier server left: accepted requests without an outcome. */
#include "server/tickets.h"

void tickets_adopt(void *owner, struct ticket *ticket)
{
    struct server *server = owner;
    if (server->tickets.count == TICKETS_MOST) {
        ticket_destroy(ticket);
        return;
    }
    ticket->at_step = MAILBOX_NO_STEP;
    if (ticket->deadline_ns == 0)
        ticket->deadline_ns = INT64_MAX;
    ticket->row_committed = true;
    ticket->reply_early = true;
    server->tickets.live[server->tickets.count++] = ticket;
}

/* A slot of a ticket that nobody waits for: its outcome was told, or run.db was lost. */
static void give_back_slot(struct mailbox *mailbox, uint64_t number, enum slot_state state)
{
    if (!mailbox_withdraw(mailbox, number) && state == SLOT_DONE)
        mailbox_release(mailbox, number);
}

void tickets_recover(struct server *server, struct mailbox *mailbox, uint64_t number)
{
    struct ticket *ticket = tickets_with(server, number);
    enum slot_state state = mailbox_state(mailbox, number);
    tickets_note_number(server, number);
    if (!ticket) {
        give_back_slot(mailbox, number, state);
        return;
    }
    if (ticket->phase != TICKET_ACCEPTED || ticket->post || state == SLOT_FREE)
        return;
    ticket->ordinal = mailbox->map->ordinal;
    if (state == SLOT_WITHDRAWN)
        ticket_judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED,
                     "withdrawn by a server that ended before it could say so");
    else
        ticket->phase = state == SLOT_POSTED ? TICKET_POSTED : TICKET_STARTED;
}

void tickets_recovered(struct server *server)
{
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (ticket->phase == TICKET_ACCEPTED && ticket->code == CODE_ABORT && !ticket->own) {
            ticket->outcome.reached = true; /* as far as is known: the signal may have been sent */
            ticket_judge(server, ticket, OUTCOME_LOST, ERROR_LOST,
                         "the server ended before it could tell whether the trainer ended by it");
        } else if (ticket->phase == TICKET_ACCEPTED && !ticket->post && !ticket->own)
            ticket_judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED, "the server ended before it was posted");
        else if (ticket->cancel)
            ticket_withdraw(server, ticket, "withdrawn on request");
        else if (own_forbids(server, ticket))
            ticket_withdraw(server, ticket, OWN_FROZEN);
    }
}
