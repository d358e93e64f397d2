/* carry_out.c: what a command has decided is done here: answered, posted, asked of the store, followed. */
#include <stdlib.h>

#include <trimtab/trimtab.h>

#include "server/server.h"
#include "wire/reply.h"
#include "wire/server_view.h"

static void write_hello(struct client *client, struct buf *line)
{
    struct server *server = client->server;
    char actor[160];
    client_actor(client, actor);
    const struct grant *grant = client_grant(client);
    struct hello_view view = {.version = TRIMTAB_VERSION,
                              .client = client->id,
                              .name = actor,
                              .role = grant ? grant->role : ROLE_NONE,
                              .auth = server->authority.none ? "none" : "token"};
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
        result_describe(line, &server->run, client_grant(client));
        break;
    case REPLY_CLIENTS:
        people_list(client, line);
        break;
    case REPLY_STATS:
        stats_write(server, line);
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
    client_answer(client, request->code, ERROR_NONE, &line);
}

static void introduce(struct client *client, const struct request *request)
{
    const struct request_arg *name = &request->arg[ARG_NAME];
    struct refusal refusal = {0};
    if (authority_greet(client, request->arg[ARG_TOKEN].text, &refusal) < 0) {
        dispatch_refuse(client, &refusal, request);
        return;
    }
    if (name->present) {
        free(client->name);
        client->name = strndup(name->text.data, name->text.size);
    }
    people_renamed(client);
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
        dispatch_refuse(client, &refusal, request);
        return;
    }
    client->unanswered |= UINT64_C(1) << request->code;
    if (tickets_accept(client->server, client, request, answer->post, &refusal) < 0)
        dispatch_refuse(client, &refusal, request);
}

/* What would be kept of it. */
static int guard_record(const struct server *server, struct refusal *refusal)
{
    if (attach_is_over(server))
        return refuse(refusal, ERROR_STATE, "the run has ended and is served as it is");
    if (server->read_only)
        return refuse(refusal, ERROR_STATE, "the run is served read-only: nothing can be kept of it");
    return guard_end(server, refusal);
}

/* What the server itself carries out needs no trainer, but abort needs the process. */
static int guard_own(const struct server *server, enum code code, struct refusal *refusal)
{
    if (code != CODE_ABORT || (server->child.started && !server->child.gone))
        return guard_record(server, refusal);
    if (!server->run.trainer.attached)
        return refuse(refusal, ERROR_STATE, "no trainer of this server is running");
    return refuse(
        refusal, ERROR_STATE,
        "this server did not start the trainer (only `trimtab run` does): stop asks it to end, and its process "
        "is %lld on %.64s",
        (long long)server->run.trainer.pid, server->run.trainer.host ? server->run.trainer.host : "this host");
}

static void own(struct client *client, struct request *request)
{
    struct refusal refusal = {0};
    client->unanswered |= UINT64_C(1) << request->code;
    if (guard_own(client->server, request->code, &refusal) < 0 ||
        tickets_accept(client->server, client, request, NULL, &refusal) < 0)
        dispatch_refuse(client, &refusal, request);
}

static void ask(struct client *client, const struct request *request, const struct answer *answer)
{
    struct refusal refusal = {0};
    struct lane_ask asked = {.code = request->code,
                             .client = client->id,
                             .id = request->id,
                             .from = answer->from,
                             .limit = answer->limit,
                             .ticket = answer->ticket};
    client->unanswered |= UINT64_C(1) << request->code;
    if (guard_end(client->server, &refusal) == 0) {
        bool is_history = request->code == CODE_HISTORY;
        if (is_history && !(asked.history = lane_history_create(request, answer)))
            refuse(&refusal, ERROR_INTERNAL, "out of memory");
        else if (lanes_ask(&client->server->lanes, &asked))
            return;
        else
            refuse(&refusal, ERROR_LIMIT, "%d requests wait for the store already; try again", LIMIT_ASKS_WAITING);
    }
    dispatch_refuse(client, &refusal, request);
}

static void say(struct client *client, const struct request *request, const struct answer *answer)
{
    struct refusal refusal = {0};
    client->unanswered |= UINT64_C(1) << request->code;
    if (guard_record(client->server, &refusal) < 0 || say_accept(client, request, answer, &refusal) < 0)
        dispatch_refuse(client, &refusal, request);
}

static void cancel(struct client *client, const struct request *request, const struct answer *answer)
{
    struct refusal refusal = {0};
    client->unanswered |= UINT64_C(1) << request->code;
    if (authority_permits_cancel(client, (uint64_t)answer->ticket, &refusal) < 0 ||
        tickets_cancel(client->server, client, request, (uint64_t)answer->ticket, &refusal) < 0)
        dispatch_refuse(client, &refusal, request);
}

void carry_out(struct client *client, struct request *request, struct answer *answer)
{
    switch (answer->kind) {
    case ANSWER_REPLY:
        reply(client, request, answer->form);
        break;
    case ANSWER_REFUSE:
        dispatch_refuse(client, &answer->refusal, request);
        break;
    case ANSWER_POST:
        post(client, request, answer);
        break;
    case ANSWER_OWN:
        own(client, request);
        break;
    case ANSWER_ASK:
        ask(client, request, answer);
        break;
    case ANSWER_SAY:
        say(client, request, answer);
        break;
    case ANSWER_INTRODUCE:
        introduce(client, request);
        break;
    case ANSWER_SUBSCRIBE:
        follow_begin(client, request, answer->topics, answer->rate_ns);
        output_turn(client->server); /* what is printed after the reply is news */
        break;
    case ANSWER_UNSUBSCRIBE:
        people_left(client);
        follow_end(client);
        reply(client, request, REPLY_EMPTY);
        break;
    case ANSWER_CANCEL:
        cancel(client, request, answer);
        break;
    case ANSWER_SHUTDOWN:
        reply(client, request, REPLY_EMPTY);
        attach_dismiss(client->server);
        turn_begin_end(client->server);
        break;
    }
}

/* What the asker can mend is told as it is. */
static void refuse_asked(const struct lane_ask *ask, struct refusal *refusal)
{
    bool is_history = ask->code == CODE_HISTORY && !ask->out.failed;
    if (is_history && (ask->status == ERR_MISSING || ask->status == ERR_INVALID))
        refuse(refusal, ERROR_PARAMETER, "%s", ask->err.text);
    else if (ask->status == ERR_CLOSED)
        refuse(refusal, ERROR_STATE, "%s", ask->err.text);
    else if (is_history && ask->status == ERR_FULL)
        refuse(refusal, ERROR_LIMIT, "%s", ask->err.text);
    else
        refuse(refusal, ERROR_STORAGE, "%s cannot be read: %s", protocol_code(ask->code)->name,
               ask->status < 0 ? ask->err.text : "out of memory");
}

void carry_out_asked(void *owner, struct lane_ask *ask)
{
    struct client *client = client_with(owner, ask->client);
    if (!client)
        return;
    struct buf line;
    struct refusal refusal = {0};
    buf_init(&line);
    if (ask->status == 0 && !ask->out.failed) {
        reply_open(&line, ask->code, &ask->id);
        buf_add(&line, ask->out.data, ask->out.size);
        reply_close(&line);
    } else {
        refuse_asked(ask, &refusal);
        reply_refusal(&line, &refusal, true, ask->code, &ask->id);
    }
    client_answer(client, ask->code, refusal.error, &line);
}
