/* socket.c: a connection that has become a WebSocket: a text message is a request, a reply or an event is a message. */
#include "server/http.h"
#include "wire/http_answer.h"
#include "wire/websocket.h"

/* Between two slices it is looked whether the peer reads what it asks for. */
enum { SLICE_BYTES = 256, ECHO_BYTES = 33554432 };

#define PING_NS (LIMIT_PING_SECONDS * INT64_C(1000000000))

static void on_message(void *context, const char *data, size_t size, bool binary)
{
    struct client *client = context;
    if (binary)
        socket_close(client, 1003, "requests are text messages");
    else if (!client->draining)
        dispatch_line(client, data, size);
}

static void on_send(void *context, const void *data, size_t size)
{
    struct client *client = context;
    conn_reply(&client->conn, data, size);
    client_make_ready(client);
}

static const struct websocket_events requests = {.message = on_message, .send = on_send};

#ifdef TRIMTAB_ECHO
static void on_echo(void *context, const char *data, size_t size, bool binary)
{
    struct client *client = context;
    struct buf out;
    buf_init(&out);
    websocket_frame(&out, binary, data, size);
    on_send(context, out.data, out.size);
    client->conn.broken = client->conn.broken || out.failed;
    buf_finish(&out);
}

static const struct websocket_events echoes = {.message = on_echo, .send = on_send};
#endif

static struct websocket *create(struct client *client, bool echo)
{
#ifdef TRIMTAB_ECHO
    if (echo)
        return websocket_create(ECHO_BYTES, &echoes, client);
#else
    (void)echo;
#endif
    return websocket_create(authority_is_awaited(client) ? LIMIT_GREETING_BYTES : LIMIT_MESSAGE_BYTES, &requests,
                            client);
}

static void answer_handshake(struct client *client, const char *accept)
{
    char more[128];
    struct buf out;
    snprintf(more, sizeof more, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n", accept);
    buf_init(&out);
    http_answer(&out, &(struct http_answer){.status = 101, .more = more, .now_ns = client->server->now_ns});
    if (out.failed)
        client->conn.broken = true;
    else
        conn_reply(&client->conn, out.data, out.size);
    buf_finish(&out);
}

void socket_begin(struct client *client, bool echo)
{
    struct http_fault fault = {0};
    char accept[29];
    if (websocket_accept(&client->http->head, accept, &fault) < 0) {
        http_decline(client, fault.status, ERROR_NONE, "%s", fault.detail);
        return;
    }
    client->websocket = create(client, echo);
    if (!client->websocket) {
        http_decline(client, 503, ERROR_NONE, "out of memory");
        return;
    }
    answer_handshake(client, accept);
    client->transport = TRANSPORT_WEBSOCKET;
    client->server->http_count--;
    client->ping_ns = client->server->mono_ns + PING_NS;
    client_await_greeting(client);
    struct buf rest = client->http->in;
    buf_init(&client->http->in);
    http_destroy(client->http);
    client->http = NULL;
    socket_feed(client, rest.data, rest.size);
    buf_finish(&rest);
}

static bool is_blocked(const struct client *client)
{
    return conn_replies_waiting(&client->conn) > LIMIT_REPLIES_BYTES;
}

void socket_go_on(struct client *client)
{
    struct buf *held = &client->in.pending;
    size_t taken = 0;
    while (taken < held->size && !client->draining && !client->conn.broken && !is_blocked(client)) {
        size_t slice = held->size - taken < SLICE_BYTES ? held->size - taken : SLICE_BYTES;
        if (!websocket_feed(client->websocket, held->data + taken, slice))
            client_drain(client);
        taken += slice;
    }
    if (client->draining || taken == held->size) {
        buf_finish(held); /* an idle connection holds no buffer */
        buf_init(held);
    } else {
        buf_drop(held, taken);
    }
}

void socket_feed(struct client *client, const char *data, size_t size)
{
    if (client->draining || size == 0)
        return;
    buf_add(&client->in.pending, data, size);
    if (client->in.pending.failed)
        client->conn.broken = true;
    else
        socket_go_on(client);
}

void socket_send(struct client *client, const char *lines, size_t size)
{
    struct buf out;
    if (client->draining)
        return; /* nothing follows a close frame */
    buf_init(&out);
    websocket_frame_lines(&out, lines, size);
    if (out.failed)
        client->conn.broken = true;
    else
        conn_reply(&client->conn, out.data, out.size);
    buf_finish(&out);
}

void socket_close(struct client *client, unsigned code, const char *why)
{
    if (client->draining)
        return;
    websocket_close(client->websocket, code, why);
    client_drain(client);
}

void socket_look(struct client *client)
{
    if (client->draining || client->server->mono_ns < client->ping_ns)
        return;
    client->ping_ns = client->server->mono_ns + PING_NS;
    if (conn_has_output(&client->conn)) { /* a ping would stand behind it */
        client->pinged = false;
        return;
    }
    bool heard = websocket_heard(client->websocket);
    if (client->pinged && !heard)
        client->conn.broken = true;
    else
        websocket_ping(client->websocket);
    client->pinged = true;
    client_make_ready(client);
}
