/* dispatch.c: a line becomes requests; what must be refused is refused; the rest is carried out. */
#include "server/server.h"
#include "wire/reply.h"
#include "wire/request.h"

void dispatch_refusal(struct client *client, const struct refusal *refusal, const struct request_id *id, int64_t code,
                      bool code_known)
{
    struct buf line;
    buf_init(&line);
    reply_refusal(&line, refusal, code_known, code, id);
    client_answer(client, CODE_LIMIT, refusal->error, &line);
}

void dispatch_refuse(struct client *client, const struct refusal *refusal, const struct request *request)
{
    client->unanswered &= ~(UINT64_C(1) << request->code);
    dispatch_refusal(client, refusal, &request->id, request->code, true);
}

static void handle(struct client *client, struct request *request)
{
    struct command command = {.run = &client->server->run, .request = request};
    struct answer answer = command_handler(request->code)(&command);
    carry_out(client, request, &answer);
}

/* hello and subscriptions are of a connection, not of a request. */
static bool needs_to_stay(enum code code)
{
    return code == CODE_HELLO || code == CODE_SUBSCRIBE || code == CODE_UNSUBSCRIBE;
}

/* The checks that need the connection: same code (41), then who asks (44, 52); what does not suit the transport (43) is
 * a parameter's fault of its own kind. */
static int check_caller(struct client *client, const struct message_head *head, struct refusal *refusal)
{
    if (client->unanswered >> head->entry->code & 1) {
        refuse(refusal, ERROR_CODE, "a request with code %d (%s) is still unanswered on this connection",
               (int)head->entry->code, head->entry->name);
        refusal->same_code = true;
        return -1;
    }
    if (authority_permits(client, head->entry, refusal) < 0)
        return -1;
    if (client->transport == TRANSPORT_HTTP && needs_to_stay(head->entry->code))
        return refuse(refusal, ERROR_PARAMETER,
                      "%s needs a connection that stays: a WebSocket at /ws, or lines over TCP", head->entry->name);
    return 0;
}

static void dispatch_one(struct client *client, const struct message *message, size_t i)
{
    struct message_head head;
    struct refusal refusal = {0};
    struct request request = {0};
    if (message_head(message, i, &head, &refusal) < 0 || check_caller(client, &head, &refusal) < 0 ||
        message_request(message, i, &head, &request, &refusal) < 0 ||
        authority_permits_request(client, &request, &refusal) < 0)
        dispatch_refusal(client, &refusal, &head.id, head.code, head.code_known);
    else
        handle(client, &request);
    request_finish(&request);
}

bool dispatch_line(struct client *client, const char *line, size_t size)
{
    struct message *message = NULL;
    struct message_head head;
    struct refusal refusal = {0};
    if (message_read(line, size, &message, &head, &refusal) < 0) {
        dispatch_refusal(client, &refusal, &head.id, head.code, head.code_known);
        if (refusal.fatal)
            client_drain(client);
        return false;
    }
    for (size_t i = 0; i < message_count(message) && !client->draining; i++)
        dispatch_one(client, message, i);
    message_destroy(message);
    return true;
}
