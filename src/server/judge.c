/* judge.c: how a request ends: by the trainer's word, or by the server's. */
#include <stdlib.h>

#include "server/tell.h"
#include "server/tickets.h"
#include "wire/request.h"

/* The trainer said it: told once the store has passed `at`. */
static void judged_by_trainer(struct server *server, struct ticket *ticket)
{
    ticket->phase = TICKET_JUDGED;
    ticket->judged_at = journal_reader_position(server->attach.reader);
}

/* Queues the row of an outcome that the server judged; where there is no room it is tried again in the next turn. */
void ticket_add_outcome_row(struct server *server, struct ticket *ticket)
{
    const struct outcome *outcome = &ticket->outcome;
    struct store_row row = {.kind = STORE_ROW_OUTCOME,
                            .time_ns = outcome->time_ns,
                            .ticket = ticket->number,
                            .code = ticket->code,
                            .outcome = outcome->kind,
                            .error = outcome->error,
                            .reached = outcome->reached,
                            .step_known = outcome->step_known,
                            .step = outcome->step,
                            .detail = outcome->detail,
                            .result = outcome->result,
                            .changed = outcome->changed,
                            .freezes = ticket->code == CODE_FREEZE && outcome->kind == OUTCOME_APPLIED,
                            .frozen = server->run.frozen};
    if (!lanes_add(&server->lanes, &row, &ticket->judged_job))
        ticket->judged_job = 0;
}

/* The server says it: its row is committed first. */
void ticket_judge(struct server *server, struct ticket *ticket, enum outcome_kind kind, int error, const char *detail)
{
    struct outcome *outcome = &ticket->outcome;
    outcome->kind = kind;
    outcome->error = error;
    outcome->time_ns = server->now_ns;
    outcome->step_known = server->run.step_known;
    outcome->step = server->run.step;
    outcome->detail = strdup(detail);
    ticket->phase = TICKET_JUDGED;
    ticket->judged_at.ordinal = 0;
    ticket_add_outcome_row(server, ticket);
}

/* An action's result is JSON that the trainer wrote: it is checked before it is passed on. */
static void take_outcome(struct server *server, struct outcome *outcome, const struct record *record)
{
    struct text result = record->outcome.result;
    if (!outcome_take(outcome, &server->run, record))
        server->run.failed = true;
    if (outcome->kind == OUTCOME_REFUSED && !protocol_message(outcome->error))
        outcome->error = ERROR_MODEL;
    if (result.size && json_is_sound(result.data, result.size, RECORD_PAYLOAD_MAX, false))
        outcome->result = strndup(result.data, result.size);
}

void tickets_take_outcome(struct server *server, const struct record *record)
{
    struct ticket *ticket = tickets_with(server, record->outcome.ticket);
    tickets_note_number(server, record->outcome.ticket);
    if (ticket && ticket->phase != TICKET_JUDGED) {
        take_outcome(server, &ticket->outcome, record);
        judged_by_trainer(server, ticket);
    } else if (!ticket && server->attach.mailbox.map) {
        mailbox_release(&server->attach.mailbox, record->outcome.ticket); /* nobody is left to be told */
    }
}

void tickets_take_started(struct server *server, const struct record *record)
{
    struct ticket *ticket = tickets_with(server, record->started.ticket);
    tickets_note_number(server, record->started.ticket);
    if (!ticket || ticket->phase != TICKET_POSTED)
        return;
    ticket->phase = TICKET_STARTED;
    tell_started(server, ticket, record->step, record->time_ns);
}

void tickets_trainer_gone(struct server *server, struct mailbox *mailbox)
{
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (ticket->own || (ticket->phase != TICKET_POSTED && ticket->phase != TICKET_STARTED) ||
            ticket->ordinal != mailbox->map->ordinal)
            continue;
        enum slot_state state = mailbox_state(mailbox, ticket->number);
        ticket->outcome.reached = state == SLOT_TAKEN || state == SLOT_DONE || ticket->phase == TICKET_STARTED;
        ticket_judge(server, ticket, OUTCOME_LOST, ERROR_LOST,
                     ticket->outcome.reached ? "the trainer went away after it had taken the request"
                                             : "the trainer went away before it took the request");
    }
}
