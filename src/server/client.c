#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/client.h"
#include "wire/reply.h"

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
    client->role = ROLE_ADMIN;
    client->is_unix = listener == &server->local;
    if (client->is_unix)
        client->login = login_of(server, fd);
    snprintf(client->peer, sizeof client->peer, "%s", peer);
    ndjson_init(&client->in, LIMIT_MESSAGE_BYTES);
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
    if (client->login)
        snprintf(actor, 160, "%s", client->login);
    else if (client->name)
        snprintf(actor, 160, "%s (claimed)", client->name);
    else
        snprintf(actor, 160, "anonymous");
}

void client_answer(struct client *client, enum code code, struct buf *line)
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
    else
        conn_reply(&client->conn, line->data, line->size);
    buf_finish(line);
    client_make_ready(client);
}

void client_drain(struct client *client)
{
    client->draining = true;
    client->drain_until_ns = client->server->mono_ns + DRAIN_NS;
}

/* What does this connection speak? False: it is closed. */
static bool first_byte(struct client *client, const char *data, size_t *skip)
{
    client->started = true;
    *skip = 0;
    if (client->is_unix && data[0] == 0x02) {
        client->is_pulse = true;
        client->server->attach.pulse = client;
        client->server->attach.look_now = true;
        *skip = 1;
        return true;
    }
    if (client->is_unix)
        clients_count_person(client->server);
    return !(data[0] >= 'A' && data[0] <= 'Z') && data[0] != 0x16;
}

static void take_bytes(struct client *client, const char *data, size_t size)
{
    size_t skip = 0;
    if (!client->started && !first_byte(client, data, &skip)) {
        client_close(client);
        return;
    }
    if (client->is_pulse) {
        client->server->attach.look_now = true;
        return;
    }
    if (!client->draining && !ndjson_feed(&client->in, data + skip, size - skip))
        client->conn.broken = true;
}

static void too_long(struct client *client)
{
    struct refusal refusal = {0};
    refuse(&refusal, ERROR_JSON, "the request is longer than %d bytes; the connection is closed", LIMIT_MESSAGE_BYTES);
    dispatch_refusal(client, &refusal, NULL, 0, false);
    client_drain(client);
}

static bool blocked(const struct client *client)
{
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
    if (client->conn.ended && !client->is_pulse)
        ndjson_end(&client->in);
    take_lines(client);
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
    if (client->is_pulse)
        return client->conn.ended;
    if (conn_has_output(&client->conn))
        return false;
    if (client->draining)
        return client->conn.ended || client->server->mono_ns >= client->drain_until_ns;
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
