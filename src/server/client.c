#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/client.h"
#include "server/http.h"
#include "wire/reply.h"
#include "wire/websocket.h"

enum { READ_BYTES = LIMIT_FAIRNESS_BYTES, DRAIN_NS = 2000000000, FEED_CHUNKS = 4 };

static void on_ready(struct conn *conn)
{
    client_make_ready((struct client *)conn);
}

/* The only place where a client's memory is freed. */
static void on_closed(struct conn *conn)
{
    struct client *client = (struct client *)conn;
    ndjson_finish(&client->in);
    http_destroy(client->http);
    websocket_destroy(client->websocket);
    free(client->name);
    free(client->login);
    free(client);
}

static const struct conn_events events = {.ready = on_ready, .closed = on_closed};

static void flush(struct client *client)
{
    uint64_t before = client->conn.sent;
    conn_flush(&client->conn, (uint64_t)client->server->mono_ns);
    client->server->bytes_out += client->conn.sent - before;
}

void client_make_ready(struct client *client)
{
    if (client->ready || client->conn.closing)
        return;
    client->ready = true;
    client->next_ready = client->server->ready;
    client->server->ready = client;
}

/* The name of our own user was looked up at the start: a directory service that is down would hold everybody up. */
static char *login_of(const struct server *server, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    char number[32];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return NULL;
    if (peer.uid == getuid() && server->login[0])
        return strdup(server->login);
    snprintf(number, sizeof number, "uid %u", (unsigned)peer.uid);
    return strdup(number);
}

struct client *client_create(struct listener *listener, int fd, const char *peer)
{
    struct server *server = listener->owner;
    struct client *client = calloc(1, sizeof *client);
    if (!client || conn_init(&client->conn, &listener->peers, fd, &events) < 0) {
        if (!client)
            close(fd);
        free(client);
        return NULL;
    }
    client->server = server;
    client->id = ++server->next_client;
    client->since_ns = server->now_ns;
    client_await_greeting(client);
    client->is_unix = listener == &server->local;
    if (client->is_unix)
        client->login = login_of(server, fd);
    snprintf(client->peer, sizeof client->peer, "%s", peer);
    ndjson_init(&client->in, authority_is_awaited(client) ? LIMIT_GREETING_BYTES : LIMIT_MESSAGE_BYTES);
    return client;
}

void client_close(struct client *client)
{
    struct server *server = client->server;
    if (client->conn.closing)
        return;
    people_left(client);
    follow_end(client);
    tickets_forget_client(server, client->id);
    lanes_forget_client(&server->lanes, client->id);
    if (server->attach.pulse == client)
        server->attach.pulse = NULL;
    clients_leave(client);
    conn_close(&client->conn);
}

void client_actor(const struct client *client, char actor[160])
{
    if (client->bearer)
        snprintf(actor, 160, "%s", client->bearer->grant.name);
    else if (client->login)
        snprintf(actor, 160, "%s", client->login);
    else if (client->name)
        snprintf(actor, 160, "%s (claimed)", client->name);
    else
        snprintf(actor, 160, "anonymous");
}

void client_send(struct client *client, const char *lines, size_t size)
{
    if (client->transport == TRANSPORT_WEBSOCKET)
        socket_send(client, lines, size);
    else
        conn_reply(&client->conn, lines, size);
}

void client_answer(struct client *client, enum code code, int error, struct buf *line)
{
    if (code < CODE_LIMIT) {
        client->unanswered &= ~(UINT64_C(1) << code);
        client->server->requests_answered++;
    } else {
        client->server->requests_refused++;
    }
    buf_char(line, '\n');
    if (line->failed)
        client->conn.broken = true;
    else if (client->transport == TRANSPORT_HTTP)
        http_take_reply(client, line->data, line->size, error);
    else
        client_send(client, line->data, line->size);
    buf_finish(line);
    client_make_ready(client);
}

void client_drain(struct client *client)
{
    client->draining = true;
    client->drain_until_ns = client->server->mono_ns + DRAIN_NS;
}

void client_await_greeting(struct client *client)
{
    client->greet_ns = client->server->mono_ns + LIMIT_GREETING_SECONDS * INT64_C(1000000000);
}

void client_greeted(struct client *client)
{
    client->in.limit = LIMIT_MESSAGE_BYTES;
    if (client->websocket)
        websocket_set_limit(client->websocket, LIMIT_MESSAGE_BYTES);
}

void client_expel(struct client *client, const char *why)
{
    struct refusal refusal = {0};
    people_left(client);
    follow_end(client);
    tickets_forget_client(client->server, client->id);
    lanes_forget_client(&client->server->lanes, client->id);
    client->unanswered = 0;
    client->bearer = NULL;
    refuse(&refusal, ERROR_AUTHORISED, "%s", why);
    if (client->transport == TRANSPORT_HTTP) {
        http_expel(client, &refusal);
        return;
    }
    dispatch_refusal(client, &refusal, NULL, 0, false);
    if (client->transport == TRANSPORT_WEBSOCKET)
        socket_close(client, 1008, why);
    else
        client_drain(client);
}

/* ---- what comes in ---- */

static void begin_pulse(struct client *client)
{
    client->transport = TRANSPORT_PULSE;
    client->server->attach.pulse = client;
}

/* What does this connection speak? False: it is closed. */
static bool first_byte(struct client *client, char byte)
{
    if (client->is_unix && byte == 0x02) {
        begin_pulse(client);
        return true;
    }
    if (client->is_unix)
        clients_count_person(client->server);
    client->transport = byte >= 'A' && byte <= 'Z' ? TRANSPORT_HTTP : TRANSPORT_LINES;
    if (client->transport == TRANSPORT_HTTP) {
        client->http = http_create(client);
        client->server->http_count++;
    }
    return byte != 0x16 && (client->transport != TRANSPORT_HTTP || client->http);
}

static void take_bytes(struct client *client, const char *data, size_t size)
{
    if (client->transport == TRANSPORT_UNKNOWN && !first_byte(client, data[0])) {
        client_close(client);
        return;
    }
    if (client->transport == TRANSPORT_PULSE)
        client->server->attach.look_now = true;
    else if (client->transport == TRANSPORT_HTTP)
        http_feed(client, data, size);
    else if (client->transport == TRANSPORT_WEBSOCKET)
        socket_feed(client, data, size);
    else if (!client->draining && !ndjson_feed(&client->in, data, size))
        client->conn.broken = true;
}

static void too_long(struct client *client)
{
    struct refusal refusal = {0};
    refuse(&refusal, ERROR_JSON, "the request is longer than %u bytes; the connection is closed", client->in.limit);
    dispatch_refusal(client, &refusal, NULL, 0, false);
    client_drain(client);
}

static bool blocked(const struct client *client)
{
    if (client->transport == TRANSPORT_HTTP && !client->draining)
        return !http_reads_on(client);
    return conn_replies_waiting(&client->conn) > LIMIT_REPLIES_BYTES;
}

static void take_lines(struct client *client)
{
    const char *line;
    size_t size;
    int got = 0;
    while (!client->draining && !client->conn.closing && !blocked(client) &&
           (got = ndjson_next(&client->in, &line, &size)) > 0)
        dispatch_line(client, line, size);
    if (got < 0)
        too_long(client);
}

static void go_on(struct client *client)
{
    switch ((enum transport)client->transport) {
    case TRANSPORT_LINES:
        if (client->conn.ended)
            ndjson_end(&client->in);
        take_lines(client);
        break;
    case TRANSPORT_HTTP:
        http_go_on(client);
        break;
    case TRANSPORT_WEBSOCKET:
        socket_go_on(client);
        break;
    case TRANSPORT_UNKNOWN:
    case TRANSPORT_PULSE:
        break;
    }
}

static void read_some(struct client *client)
{
    static _Thread_local char data[READ_BYTES];
    ssize_t got = conn_read(&client->conn, data, sizeof data);
    if (got > 0) {
        client->server->bytes_in += (uint64_t)got;
        take_bytes(client, data, (size_t)got);
    }
    if (client->conn.closing)
        return;
    go_on(client);
    conn_pause_input(&client->conn, blocked(client));
    /* more may lie in the socket: come again in the next turn, after the others */
    if (client->conn.readable && !blocked(client))
        client_make_ready(client);
}

/* Nothing more is to come from it and nothing is owed to it. */
bool client_is_done(const struct client *client)
{
    if (client->conn.broken)
        return true;
    if (client->transport == TRANSPORT_PULSE)
        return client->conn.ended;
    if (conn_has_output(&client->conn))
        return false;
    if (client->draining)
        return client->conn.ended || client->server->mono_ns >= client->drain_until_ns;
    if (client->transport == TRANSPORT_HTTP)
        return http_is_done(client);
    if (client->transport == TRANSPORT_WEBSOCKET)
        return client->conn.ended;
    return client->conn.ended && client->unanswered == 0 && ndjson_held(&client->in) == 0 && !client->follower;
}

/* A follower goes on as soon as there is space until it has what the last tick released. */
void client_feed(struct client *client)
{
    for (int i = 0; client->follower && follower_lags(client->follower); i++) {
        if (!conn_wants_chunk(&client->conn))
            return;
        if (i == FEED_CHUNKS) {
            client_make_ready(client);
            return;
        }
        follow_offer(client);
        flush(client);
    }
}

void client_serve(struct client *client)
{
    if (client->conn.closing)
        return;
    read_some(client);
    if (client->conn.closing)
        return;
    bool was_blocked = client->conn.paused;
    flush(client);
    if (was_blocked && !blocked(client))
        client_make_ready(client); /* lines that waited for it to read */
    if (client->draining && !conn_has_output(&client->conn))
        shutdown(client->conn.fd, SHUT_WR);
    client_feed(client);
    if (client_is_done(client))
        client_close(client);
}
