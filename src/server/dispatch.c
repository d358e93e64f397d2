#include <stdlib.h>

#include <trimtab/trimtab.h>

#include "server/server.h"
#include "wire/reply.h"
#include "wire/request.h"

void dispatch_refusal(struct client *client, const struct refusal *refusal, const struct request_id *id, int64_t code,
                      bool code_known)
{
    struct buf line;
    buf_init(&line);
    reply_refusal(&line, refusal, code_known, code, id);
    client_answer(client, CODE_LIMIT, &line);
}

static void refuse_request(struct client *client, const struct refusal *refusal, const struct request *request)
{
    client->unanswered &= ~(UINT64_C(1) << request->code);
    dispatch_refusal(client, refusal, &request->id, request->code, true);
}

static void write_hello(struct client *client, struct buf *line)
{
    struct server *server = client->server;
    char actor[160];
    client_actor(client, actor);
    struct hello_view view = {
        .version = TRIMTAB_VERSION, .client = client->id, .name = actor, .role = client->role, .auth = "none"};
    result_hello(line, &view, &server->run, server->now_ns);
}

static void write_result(struct client *client, enum reply_form form, struct buf *line)
{
    struct server *server = client->server;
    switch (form) {
    case REPLY_EMPTY:
        result_empty(line);
        break;
    case REPLY_PING:
        result_ping(line, server->now_ns);
        break;
    case REPLY_HELLO:
        write_hello(client, line);
        break;
    case REPLY_STATUS:
        result_status(line, &server->run, server->tickets.live, server->tickets.count, clients_people(server),
                      server->now_ns);
        break;
    case REPLY_DESCRIBE:
        result_describe(line, &server->run, client->role);
        break;
    }
}

static void reply(struct client *client, const struct request *request, enum reply_form form)
{
    struct buf line;
    buf_init(&line);
    reply_open(&line, request->code, &request->id);
    write_result(client, form, &line);
    reply_close(&line);
    client_answer(client, request->code, &line);
}

static void introduce(struct client *client, const struct request *request)
{
    const struct request_arg *name = &request->arg[ARG_NAME];
    if (name->present) {
        free(client->name);
        client->name = strndup(name->text.data, name->text.size);
    }
    reply(client, request, REPLY_HELLO);
}

/* Once the server ends, nothing is begun that it could not see through. */
static int guard_end(const struct server *server, struct refusal *refusal)
{
    if (server->phase == SERVER_RUNNING)
        return 0;
    return refuse(refusal, ERROR_STATE, "the server is ending; another one may serve this run soon");
}

static void post(struct client *client, struct request *request, struct answer *answer)
{
    struct refusal refusal = {0};
    if (guard_end(client->server, &refusal) < 0 ||
        guard_state(&client->server->run, protocol_code(request->code), &refusal) < 0) {
        free(answer->post);
        refuse_request(client, &refusal, request);
        return;
    }
    client->unanswered |= UINT64_C(1) << request->code;
    if (tickets_accept(client->server, client, request, answer->post, &refusal) < 0)
        refuse_request(client, &refusal, request);
}

static void ask_audit(struct client *client, const struct request *request, const struct answer *answer)
{
    struct refusal refusal = {0};
    client->unanswered |= UINT64_C(1) << request->code;
    if (guard_end(client->server, &refusal) == 0) {
        if (lanes_ask(&client->server->lanes, client->id, &request->id, answer->from, answer->limit, answer->ticket))
            return;
        refuse(&refusal, ERROR_LIMIT, "%d requests wait for the store already; try again", LIMIT_ASKS_WAITING);
    }
    refuse_request(client, &refusal, request);
}

static void cancel(struct client *client, const struct request *request, const struct answer *answer)
{
    struct refusal refusal = {0};
    client->unanswered |= UINT64_C(1) << request->code;
    if (tickets_cancel(client->server, client, request, (uint64_t)answer->ticket, &refusal) < 0)
        refuse_request(client, &refusal, request);
}

/* Carries an answer out. May move the request's contents away (a post keeps them). */
static void carry_out(struct client *client, struct request *request, struct answer *answer)
{
    switch (answer->kind) {
    case ANSWER_REPLY:
        reply(client, request, answer->form);
        break;
    case ANSWER_REFUSE:
        refuse_request(client, &answer->refusal, request);
        break;
    case ANSWER_POST:
        post(client, request, answer);
        break;
    case ANSWER_AUDIT:
        ask_audit(client, request, answer);
        break;
    case ANSWER_INTRODUCE:
        introduce(client, request);
        break;
    case ANSWER_SUBSCRIBE:
        follow_begin(client, request, answer->topics);
        break;
    case ANSWER_UNSUBSCRIBE:
        follow_end(client);
        reply(client, request, REPLY_EMPTY);
        break;
    case ANSWER_CANCEL:
        cancel(client, request, answer);
        break;
    case ANSWER_SHUTDOWN:
        reply(client, request, REPLY_EMPTY);
        turn_begin_end(client->server);
        break;
    }
}

static void handle(struct client *client, struct request *request)
{
    struct command command = {.run = &client->server->run, .request = request};
    struct answer answer = command_handler(request->code)(&command);
    carry_out(client, request, &answer);
}

/* The checks that need the connection: same code (41), then role (44). */
static int check_caller(const struct client *client, const struct message_head *head, struct refusal *refusal)
{
    if (client->unanswered >> head->entry->code & 1) {
        refuse(refusal, ERROR_CODE, "a request with code %d (%s) is still unanswered on this connection",
               (int)head->entry->code, head->entry->name);
        refusal->same_code = true;
        return -1;
    }
    if (client->role < head->entry->role)
        return refuse(refusal, ERROR_AUTHORISED, "%s needs the role %s", head->entry->name,
                      protocol_role_name(head->entry->role));
    return 0;
}

void dispatch_line(struct client *client, const char *line, size_t size)
{
    struct message *message = NULL;
    struct message_head head = {0};
    struct refusal refusal = {0};
    struct request request = {0};
    if (message_read(line, size, &message, &head, &refusal) < 0 || check_caller(client, &head, &refusal) < 0 ||
        message_request(message, &head, &request, &refusal) < 0)
        dispatch_refusal(client, &refusal, &head.id, head.code, head.code_known);
    else
        handle(client, &request);
    request_finish(&request);
    message_destroy(message);
    if (refusal.fatal)
        client_drain(client);
}

void dispatch_audit(void *owner, struct lane_ask *ask)
{
    struct client *client = client_with(owner, ask->client);
    if (!client)
        return;
    struct buf line;
    buf_init(&line);
    if (ask->status == 0 && !ask->out.failed) {
        reply_open(&line, CODE_AUDIT, &ask->id);
        buf_add(&line, ask->out.data, ask->out.size);
        reply_close(&line);
    } else {
        struct refusal refusal = {0};
        refuse(&refusal, ERROR_STORAGE, "the audit cannot be read: %s", ask->err.text);
        reply_refusal(&line, &refusal, true, CODE_AUDIT, &ask->id);
    }
    client_answer(client, CODE_AUDIT, &line);
}
