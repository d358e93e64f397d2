/* tickets.c: accepted requests on their way: audit row -> mailbox -> outcome -> told. */
#include "server/tickets.h"

#include <stdlib.h>

#include "server/tell.h"

struct ticket *tickets_with(struct server *server, uint64_t number)
{
    for (size_t i = 0; i < server->tickets.count; i++)
        if (server->tickets.live[i]->number == number)
            return server->tickets.live[i];
    return NULL;
}

/* A number that was met in a slot or in the journal is never given out again, even where run.db does not know it (a
 * pause that was carried out while it could not be written, by a server that was then killed). */
void tickets_note_number(struct server *server, uint64_t number)
{
    if (number >= server->tickets.next_number && number - server->tickets.next_number < TICKETS_AHEAD)
        server->tickets.next_number = number + 1;
}

/* What is judged and only waits to be told takes no slot of the mailbox. */
static bool is_full(const struct server *server)
{
    size_t pending = 0;
    for (size_t i = 0; i < server->tickets.count; i++)
        pending += server->tickets.live[i]->phase != TICKET_JUDGED;
    return pending >= LIMIT_PENDING || server->tickets.count == TICKETS_MOST;
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

/* pause, stop and abort are carried out even when their audit row cannot be committed now. */
static bool goes_unaudited(enum code code)
{
    return code == CODE_PAUSE || code == CODE_STOP || code == CODE_ABORT;
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
    ticket->until_step = ticket->at_step = MAILBOX_NO_STEP;
    ticket->own = !post;
    if (!post)
        return ticket;
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
    ticket->role = client_grant(client)->role;
    ticket->agent = client_grant(client)->agent;
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

/* Which settings it would set: a person who sets one of them goes before an agent. */
static bool note_settings(struct server *server, struct ticket *ticket, const struct request *request)
{
    const struct request_arg *named = &request->arg[ARG_SETTINGS];
    if (ticket->code != CODE_SET)
        return true;
    ticket->setting = calloc(named->count ? named->count : 1, sizeof *ticket->setting);
    if (!ticket->setting)
        return false;
    for (size_t i = 0; i < named->count; i++) {
        const struct setting *setting = run_setting_named(&server->run, named->pairs[i].name);
        if (setting)
            ticket->setting[ticket->settings++] = (uint32_t)(setting - server->run.settings);
    }
    return true;
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
    if (!ticket->reason || !ticket->canonical || !ticket->request || !note_settings(server, ticket, ticket->request)) {
        if (ticket->request)
            *request = *ticket->request;
        free(ticket->request);
        ticket->request = NULL;
        ticket_destroy(ticket);
        return refuse(refusal, ERROR_INTERNAL, "out of memory");
    }
    if (begin(server, ticket, refusal) < 0)
        return -1;
    tickets_yield(server, ticket);
    return 0;
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

void ticket_drop_request(struct ticket *ticket)
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
        ticket_judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED,
                     ticket->why ? ticket->why : "withdrawn before it was posted");
    } else if (own_forbids(server, ticket)) {
        ticket_judge(server, ticket, OUTCOME_CANCELLED, ERROR_CANCELLED, OWN_FROZEN);
    } else if (ticket->deadline_ns <= server->now_ns) {
        ticket_judge(server, ticket, OUTCOME_EXPIRED, ERROR_EXPIRED, "its deadline passed before it was posted");
    } else if (!server->attach.mailbox.map || ticket->ordinal != server->attach.holder.ordinal ||
               !server->run.trainer.attached) {
        ticket_judge(server, ticket, OUTCOME_LOST, ERROR_LOST, "the trainer went away before the request was posted");
    } else if (mailbox_post(&server->attach.mailbox, ticket->post, &err) < 0) {
        ticket_judge(server, ticket, OUTCOME_REFUSED, ERROR_LIMIT, err.text);
    } else {
        ticket->phase = TICKET_POSTED;
        attach_wake(server);
        if (ticket->reply_early)
            tell_pending(server, ticket);
    }
    ticket_drop_request(ticket);
}

static void post_accepted(struct server *server)
{
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        if (ticket->phase != TICKET_ACCEPTED || (!ticket->row_committed && !ticket->unaudited))
            continue;
        if (ticket->own)
            own_begin(server, ticket);
        else if (ticket->post)
            post(server, ticket);
    }
}

/* ---- expiring, waiting, withdrawing ---- */

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
        ticket_judge(server, ticket, OUTCOME_EXPIRED, ERROR_EXPIRED, why);
}

static bool is_told_when_stored(const struct server *server, const struct ticket *ticket)
{
    if (ticket->unaudited && (ticket->judged_at.ordinal || ticket->judged_job))
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
    own_turn(server);
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        expire(server, ticket);
        tell_waiting(server, ticket);
        if (ticket->phase == TICKET_JUDGED && !ticket->judged_at.ordinal && !ticket->judged_job)
            ticket_add_outcome_row(server, ticket);
    }
    tell_judged(server);
}

/* ---- the store has answered ---- */

/* The store fails: what is not yet posted is refused, but pause, stop and abort go on. */
static void storage_failed(struct server *server)
{
    size_t kept = 0;
    for (size_t i = 0; i < server->tickets.count; i++) {
        struct ticket *ticket = server->tickets.live[i];
        bool waits = ticket->phase == TICKET_ACCEPTED && !ticket->row_committed && (ticket->post || ticket->own);
        if (waits && goes_unaudited(ticket->code))
            ticket->unaudited = true;
        if (!waits || ticket->unaudited) {
            server->tickets.live[kept++] = ticket;
            continue;
        }
        lanes_take_back(&server->lanes, STORE_ROW_ACCEPTED, ticket->number);
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

bool tickets_of(const struct server *server, uint64_t ordinal)
{
    for (size_t i = 0; i < server->tickets.count; i++)
        if (server->tickets.live[i]->ordinal == ordinal)
            return true;
    return false;
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
