/* tickets.c: accepted requests on their way: audit row -> mailbox -> outcome -> told. */
#include <stdlib.h>

#include "server/server.h"
#include "server/tell.h"
#include "wire/request.h"

static struct ticket *ticket_with(struct server *server, uint64_t number)
{
    for (size_t i = 0; i < server->tickets.count; i++)
        if (server->tickets.live[i]->number == number)
            return server->tickets.live[i];
    return NULL;
}

/* What is judged and only waits to be told takes no slot of the mailbox. */
static bool is_full(const struct server *server)
{
    size_t pending = 0;
    for (size_t i = 0; i < server->tickets.count; i++)
        pending += server->tickets.live[i]->phase != TICKET_JUDGED;
    return pending >= LIMIT_PENDING || server->tickets.count == TICKETS_MOST;
}

/* A number that was met in a slot or in the journal is never given out again, even where run.db does not know it (a
 * pause that was carried out while it could not be written, by a server that was then killed). */
static void note_number(struct server *server, uint64_t number)
{
    if (number >= server->tickets.next_number && number - server->tickets.next_number < TICKETS_AHEAD)
        server->tickets.next_number = number + 1;
}

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

/* ---- judging ---- */

/* The trainer said it: told once the store has passed `at`. */
static void judged_by_trainer(struct server *server, struct ticket *ticket)
{
    ticket->phase = TICKET_JUDGED;
    ticket->judged_at = journal_reader_position(server->attach.reader);
}

/* Queues the row of an outcome that the server judged; where there is no room it is tried again in the next turn. */
static void add_outcome_row(struct server *server, struct ticket *ticket)
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
                            .detail = outcome->detail};
    if (!lanes_add(&server->lanes, &row, &ticket->judged_job))
        ticket->judged_job = 0;
}

/* The server says it: its row is committed first. */
static void judge(struct server *server, struct ticket *ticket, enum outcome_kind kind, int error, const char *detail)
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
    add_outcome_row(server, ticket);
}

/* ---- accepting ---- */

static int add_accepted_row(struct server *server, struct ticket *ticket)
{
    struct store_row row = {.kind = STORE_ROW_ACCEPTED,
                            .time_ns = ticket->accepted_ns,
                            .ticket = ticket->number,
                            .code = ticket->code,
                            .actor = ticket->actor,
                            .address = ticket->address,
                            .canonical = ticket->canonical,
                            .reason = ticket->reason,
                            .role = ticket->role,
                            .deadline_ns = ticket->deadline_ns,
                            .until_step = ticket->until_step};
    return lanes_add(&server->lanes, &row, &ticket->accepted_job) ? 0 : -1;
}

/* pause and stop are carried out even when their audit row cannot be committed now. */
static bool goes_unaudited(enum code code)
{
    return code == CODE_PAUSE || code == CODE_STOP;
}

static struct ticket *ticket_create(struct server *server, enum code code, struct mailbox_request *post)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);
    if (!ticket)
        return NULL;
    ticket->number = server->tickets.next_number;
    ticket->code = code;
    ticket->accepted_ns = server->now_ns;
    ticket->deadline_ns = INT64_MAX;
    ticket->until_step = post->until_step;
    ticket->at_step = post->at_step;
    ticket->ordinal = server->attach.holder.ordinal;
    ticket->post = post;
    post->ticket = ticket->number;
    return ticket;
}

static void ticket_take_request(struct server *server, struct ticket *ticket, struct client *client,
                                struct request *request)
{
    const struct request_arg *wait = &request->arg[ARG_WAIT], *deadline = &request->arg[ARG_DEADLINE];
    double seconds = wait->present ? wait->number : LIMIT_WAIT_DEFAULT_SECONDS;
    client_actor(client, ticket->actor);
    snprintf(ticket->address, sizeof ticket->address, "%s", client->peer);
    ticket->role = client->role;
    if (deadline->present)
        ticket->deadline_ns = server->now_ns + (int64_t)(deadline->number * 1e9);
    ticket->reply_early = seconds <= 0;
    ticket->waiter[0] = (struct waiter){.client = client->id,
                                        .code = request->code,
                                        .id = request->id,
                                        .until_ns = server->mono_ns + (int64_t)(seconds * 1e9)};
    ticket->waiters = 1;
    const struct request_arg *reason = &request->arg[ARG_REASON];
    ticket->reason = reason->present ? strndup(reason->text.data, reason->text.size) : strdup("");
    ticket->canonical = strndup(request->canonical.data, request->canonical.size);
    ticket->request = malloc(sizeof *request);
    if (ticket->request) {
        *ticket->request = *request;
        *request = (struct request){.code = request->code, .id = request->id};
    }
}

static int begin(struct server *server, struct ticket *ticket, struct refusal *refusal)
{
    bool unaudited = goes_unaudited(ticket->code) && lanes_failing(&server->lanes);
    if (add_accepted_row(server, ticket) < 0) {
        ticket_destroy(ticket);
        return refuse(refusal, ERROR_STORAGE, "the audit record cannot be written: %s",
                      lanes_failing(&server->lanes) ? server->lanes.err.text : "too many records wait");
    }
    ticket->unaudited = unaudited;
    server->tickets.next_number++;
    server->tickets.live[server->tickets.count++] = ticket;
    return 0;
}

int tickets_accept(struct server *server, struct client *client, struct request *request, struct mailbox_request *post,
                   struct refusal *refusal)
{
    int error = 0;
    if (is_full(server))
        error = refuse(refusal, ERROR_LIMIT, "%d requests are pending already; cancel one or wait", LIMIT_PENDING);
    else if (lanes_failing(&server->lanes) && !goes_unaudited(request->code))
        error = refuse(refusal, ERROR_STORAGE, "the audit record cannot be written: %s", server->lanes.err.text);
    struct ticket *ticket = error ? NULL : ticket_create(server, request->code, post);
    if (!ticket) {
        free(post);
        return error ? error : refuse(refusal, ERROR_INTERNAL, "out of memory");
    }
    ticket_take_request(server, ticket, client, request);
    if (!ticket->reason || !ticket->canonical || !ticket->request) {
        if (ticket->request)
            *request = *ticket->request;
        free(ticket->request);
        ticket->request = NULL;
        ticket_destroy(ticket);
        return refuse(refusal, ERROR_INTERNAL, "out of memory");
    }
    return begin(server, ticket, refusal);
}

void tickets_internal(struct server *server, enum code code, const char *reason)
{
    struct refusal refusal;
    struct mailbox_request *post = calloc(1, sizeof *post);
    struct ticket *ticket = post && !is_full(server) ? ticket_create(server, code, post) : NULL;
    if (!ticket) {
        free(post);
        return;
    }
    post->kind = (enum mailbox_kind)code;
    post->at_step = post->until_step = ticket->until_step = ticket->at_step = MAILBOX_NO_STEP;
    ticket->role = ROLE_ADMIN;
    snprintf(ticket->actor, sizeof ticket->actor, "trimtab run");
    snprintf(ticket->address, sizeof ticket->address, "terminal");
    ticket->reason = strdup(reason);
    char canonical[32];
    snprintf(canonical, sizeof canonical, "{\"code\":%d}", (int)code);
    ticket->canonical = strdup(canonical);
    if (ticket->reason && ticket->canonical)
        begin(server, ticket, &refusal);
    else
        ticket_destroy(ticket);
}

/* ---- posting ---- */

static void drop_post(struct ticket *ticket)
{
    free(ticket->post);
    ticket->post = NULL;
    if (ticket->request)
        request_finish(ticket->request);
    free(ticket->request);
    ticket->request = NULL;
}

static void post(struct server *server, struct ticket *ticket)
{
    struct err err = {0};
    if (ticket->cancel) {
        judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED, "withdrawn before it was posted");
    } else if (ticket->deadline_ns <= server->now_ns) {
        judge(server, ticket, OUTCOME_EXPIRED, ERROR_EXPIRED, "its deadline passed before it was posted");
    } else if (!server->attach.mailbox.map || ticket->ordinal != server->attach.holder.ordinal ||
               !server->run.trainer.attached) {
        judge(server, ticket, OUTCOME_LOST, ERROR_LOST, "the trainer went away before the request was posted");
    } else if (mailbox_post(&server->attach.mailbox, ticket->post, &err) < 0) {
        judge(server, ticket, OUTCOME_REFUSED, ERROR_LIMIT, err.text);
    } else {
        ticket->phase = TICKET_POSTED;
        attach_wake(server);
        if (ticket->reply_early)
            tell_pending(server, ticket);
    }
    drop_post(ticket);
}

static void post_accepted(struct server *server)
{
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (ticket->phase == TICKET_ACCEPTED && ticket->post && (ticket->row_committed || ticket->unaudited))
            post(server, ticket);
    }
}

/* ---- expiring, waiting, withdrawing ---- */

/* Where the trainer has it already, its true outcome follows. */
static void withdraw(struct server *server, struct ticket *ticket)
{
    ticket->cancel = false;
    if (ticket->phase == TICKET_POSTED && server->attach.mailbox.map &&
        mailbox_withdraw(&server->attach.mailbox, ticket->number))
        judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED, "withdrawn on request");
}

static const char *expiry(const struct server *server, const struct ticket *ticket)
{
    if (ticket->deadline_ns <= server->now_ns)
        return "its deadline passed before a control point took it";
    if (ticket->until_step != MAILBOX_NO_STEP && server->run.step_known && server->run.step > ticket->until_step)
        return "the run passed its until_step before a control point took it";
    return NULL;
}

static void expire(struct server *server, struct ticket *ticket)
{
    const char *why = ticket->phase == TICKET_POSTED ? expiry(server, ticket) : NULL;
    if (why && server->attach.mailbox.map && mailbox_withdraw(&server->attach.mailbox, ticket->number))
        judge(server, ticket, OUTCOME_EXPIRED, ERROR_EXPIRED, why);
}

static bool is_told_when_stored(const struct server *server, const struct ticket *ticket)
{
    if (ticket->unaudited && ticket->judged_at.ordinal)
        return true;
    if (ticket->judged_at.ordinal)
        return journal_position_compare(&server->lanes.stored, &ticket->judged_at) >= 0;
    return ticket->judged_job && server->lanes.committed_job >= ticket->judged_job;
}

static void keep_ended(struct server *server, struct ticket *ticket)
{
    size_t slot = server->tickets.ended_next++ % (sizeof server->tickets.ended / sizeof server->tickets.ended[0]);
    ticket_destroy(server->tickets.ended[slot]);
    server->tickets.ended[slot] = ticket;
}

/* Tells what may be told, and takes it off the table. */
static void tell_judged(struct server *server)
{
    size_t kept = 0;
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (ticket->phase != TICKET_JUDGED || !is_told_when_stored(server, ticket)) {
            server->tickets.live[kept++] = ticket;
            continue;
        }
        tell_outcome(server, ticket);
        if (server->attach.mailbox.map)
            mailbox_release(&server->attach.mailbox, ticket->number);
        keep_ended(server, ticket);
    }
    server->tickets.count = kept;
}

void tickets_turn(struct server *server)
{
    post_accepted(server);
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        expire(server, ticket);
        tell_waiting(server, ticket);
        if (ticket->phase == TICKET_JUDGED && !ticket->judged_at.ordinal && !ticket->judged_job)
            add_outcome_row(server, ticket);
    }
    tell_judged(server);
}

/* ---- the store has answered ---- */

/* The store fails: what is not yet posted is refused, but pause and stop go on. */
static void storage_failed(struct server *server)
{
    size_t kept = 0;
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        bool waits = ticket->phase == TICKET_ACCEPTED && !ticket->row_committed && ticket->post;
        if (waits && goes_unaudited(ticket->code))
            ticket->unaudited = true;
        if (!waits || ticket->unaudited) {
            server->tickets.live[kept++] = ticket;
            continue;
        }
        lanes_take_back(&server->lanes, ticket->number);
        tell_storage(server, ticket, server->lanes.err.text);
        ticket_destroy(ticket);
    }
    server->tickets.count = kept;
}

void tickets_stored(struct server *server, bool ok)
{
    if (!ok) {
        storage_failed(server);
        return;
    }
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (!ticket->row_committed && ticket->accepted_job <= server->lanes.committed_job)
            ticket->row_committed = true;
    }
}

/* ---- the trainer has answered ---- */

static bool take_items(struct server *server, struct outcome *outcome, const struct record_outcome *record)
{
    outcome->item = calloc(record->items ? record->items : 1, sizeof *outcome->item);
    if (!outcome->item)
        return false;
    const struct id_map *map = &server->run.settings_map;
    for (uint32_t i = 0; i < record->items; i++) {
        uint32_t id = record->item[i].setting;
        if (id >= map->count || map->to[id] == UINT32_MAX)
            continue;
        outcome->item[outcome->items++] = (struct outcome_item){.setting = map->to[id],
                                                                .old = record->item[i].old,
                                                                .requested = record->item[i].requested,
                                                                .effective = record->item[i].effective,
                                                                .revision = record->item[i].revision};
    }
    return true;
}

static void take_outcome(struct server *server, struct outcome *outcome, const struct record *record)
{
    const struct record_outcome *said = &record->outcome;
    outcome->kind = said->outcome == OUTCOME_APPLIED ? OUTCOME_APPLIED : OUTCOME_REFUSED;
    outcome->error = outcome->kind == OUTCOME_APPLIED ? 0 : (int)said->error;
    if (outcome->kind == OUTCOME_REFUSED && !protocol_message(outcome->error))
        outcome->error = ERROR_MODEL;
    outcome->step_known = true;
    outcome->step = record->step;
    outcome->time_ns = record->time_ns;
    outcome->changed = said->changed;
    outcome->pause_step_known = said->pause_step != INT64_MIN;
    outcome->pause_step = said->pause_step;
    outcome->result_cut = said->result_cut;
    outcome->detail = strndup(said->detail.size ? said->detail.data : "", said->detail.size);
    if (said->result.size && json_is_sound(said->result.data, said->result.size, RECORD_PAYLOAD_MAX, false))
        outcome->result = strndup(said->result.data, said->result.size);
    take_items(server, outcome, said);
}

void tickets_take_outcome(struct server *server, const struct record *record)
{
    struct ticket *ticket = ticket_with(server, record->outcome.ticket);
    note_number(server, record->outcome.ticket);
    if (ticket && ticket->phase != TICKET_JUDGED) {
        take_outcome(server, &ticket->outcome, record);
        judged_by_trainer(server, ticket);
    } else if (!ticket && server->attach.mailbox.map) {
        mailbox_release(&server->attach.mailbox, record->outcome.ticket); /* nobody is left to be told */
    }
}

void tickets_take_started(struct server *server, const struct record *record)
{
    struct ticket *ticket = ticket_with(server, record->started.ticket);
    note_number(server, record->started.ticket);
    if (!ticket || ticket->phase != TICKET_POSTED)
        return;
    ticket->phase = TICKET_STARTED;
    tell_started(server, ticket, record->step, record->time_ns);
}

void tickets_trainer_gone(struct server *server, struct mailbox *mailbox)
{
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if ((ticket->phase != TICKET_POSTED && ticket->phase != TICKET_STARTED) ||
            ticket->ordinal != mailbox->map->ordinal)
            continue;
        enum slot_state state = mailbox_state(mailbox, ticket->number);
        ticket->outcome.reached = state == SLOT_TAKEN || state == SLOT_DONE || ticket->phase == TICKET_STARTED;
        judge(server, ticket, OUTCOME_LOST, ERROR_LOST,
              ticket->outcome.reached ? "the trainer went away after it had taken the request"
                                      : "the trainer went away before it took the request");
    }
}

bool tickets_of(const struct server *server, uint64_t ordinal)
{
    for (size_t i = 0; i < server->tickets.count; i++)
        if (server->tickets.live[i]->ordinal == ordinal)
            return true;
    return false;
}

/* ---- what an earlier server left ---- */

/* A slot of a ticket that nobody waits for: its outcome was told, or run.db was lost. */
static void give_back_slot(struct mailbox *mailbox, uint64_t number, enum slot_state state)
{
    if (!mailbox_withdraw(mailbox, number) && state == SLOT_DONE)
        mailbox_release(mailbox, number);
}

void tickets_recover(struct server *server, struct mailbox *mailbox, uint64_t number)
{
    struct ticket *ticket = ticket_with(server, number);
    enum slot_state state = mailbox_state(mailbox, number);
    note_number(server, number);
    if (!ticket) {
        give_back_slot(mailbox, number, state);
        return;
    }
    if (ticket->phase != TICKET_ACCEPTED || ticket->post || state == SLOT_FREE)
        return;
    ticket->ordinal = mailbox->map->ordinal;
    if (state == SLOT_WITHDRAWN)
        judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED,
              "withdrawn by a server that ended before it could say so");
    else
        ticket->phase = state == SLOT_POSTED ? TICKET_POSTED : TICKET_STARTED;
}

void tickets_recovered(struct server *server)
{
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (ticket->phase == TICKET_ACCEPTED && !ticket->post)
            judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED, "the server ended before it was posted");
        else if (ticket->cancel)
            withdraw(server, ticket);
    }
}

/* ---- cancel ---- */

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
    return refuse(refusal, ERROR_PARAMETER, "ticket %llu is not pending; audit (code 8) tells what became of it",
                  (unsigned long long)number);
}

int tickets_cancel(struct server *server, struct client *client, const struct request *request, uint64_t number,
                   struct refusal *refusal)
{
    struct ticket *ticket = ticket_with(server, number);
    if (!ticket)
        return cancel_ended(server, client, request, number, refusal);
    if (add_waiter(server, ticket, client, request, refusal) < 0)
        return -1;
    if (ticket->phase == TICKET_ACCEPTED)
        ticket->cancel = true; /* in tickets_recovered, or when it would be posted */
    else
        withdraw(server, ticket);
    return 0;
}

/* ---- the end ---- */

void tickets_end(struct server *server)
{
    for (size_t i = 0; i < server->tickets.count; i++)
        if (server->tickets.live[i]->phase == TICKET_ACCEPTED && server->tickets.live[i]->post)
            server->tickets.live[i]->cancel = true;
    post_accepted(server);
}

void tickets_forget_client(struct server *server, uint64_t client)
{
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        uint32_t kept = 0;
        for (uint32_t w = 0; w < ticket->waiters; w++)
            if (ticket->waiter[w].client != client)
                ticket->waiter[kept++] = ticket->waiter[w];
        ticket->waiters = kept;
    }
}

bool tickets_waiting_to_be_told(const struct server *server)
{
    for (size_t i = 0; i < server->tickets.count; i++)
        if (server->tickets.live[i]->phase == TICKET_JUDGED ||
            (server->tickets.live[i]->cancel && server->tickets.live[i]->post))
            return true;
    return false;
}

void tickets_finish(struct server *server)
{
    for (size_t i = 0; i < server->tickets.count; i++)
        ticket_destroy(server->tickets.live[i]);
    for (size_t i = 0; i < sizeof server->tickets.ended / sizeof server->tickets.ended[0]; i++)
        ticket_destroy(server->tickets.ended[i]);
    server->tickets.count = 0;
}
