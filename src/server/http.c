#include "server/http.h"

#include <stdlib.h>

#include "wire/http_answer.h"
#include "wire/reply.h"

#define SECONDS(n) ((n)*INT64_C(1000000000))

struct http *http_create(const struct client *client)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return NULL;
    buf_init(&http->in);
    buf_init(&http->head_bytes);
    buf_init(&http->replies);
    http->deadline_ns = client->server->mono_ns + SECONDS(LIMIT_HTTP_HEAD_SECONDS);
    return http;
}

void http_destroy(struct http *http)
{
    if (!http)
        return;
    buf_finish(&http->in);
    buf_finish(&http->head_bytes);
    buf_finish(&http->replies);
    http_body_finish(&http->body);
    free(http);
}

/* ---- answering ---- */

/* Nothing of the next request is looked at before this one's answer is on its way. */
static void request_ends(struct client *client)
{
    struct http *http = client->http;
    buf_finish(&http->head_bytes);
    buf_init(&http->head_bytes);
    http->seen = 0;
    http->head = (struct http_head){0};
    http_body_finish(&http->body);
    http->in_body = http->busy = false;
    http->deadline_ns =
        client->server->mono_ns + SECONDS(http->in.size ? LIMIT_HTTP_HEAD_SECONDS : LIMIT_HTTP_IDLE_SECONDS);
    if (!http->keep_alive)
        client_drain(client);
}

void http_respond(struct client *client, int status, const struct http_content *content)
{
    struct http *http = client->http;
    struct buf out;
    struct http_answer answer = {.status = status,
                                 .type = content->type,
                                 .more = content->more,
                                 .length = content->size,
                                 .close = !http->keep_alive,
                                 .now_ns = client->server->now_ns};
    buf_init(&out);
    http_answer(&out, &answer);
    if (!text_is(http->head.method, "HEAD") && status != 304)
        buf_add(&out, content->bytes, content->size);
    if (out.failed)
        client->conn.broken = true;
    else
        conn_reply(&client->conn, out.data, out.size);
    buf_finish(&out);
    request_ends(client);
    client_make_ready(client);
}

/* What an answer of this status has to tell besides. */
static const char *fields_of(const struct http_head *head, int status)
{
    if (status == 401)
        return "WWW-Authenticate: Bearer realm=\"trimtab\"\r\n";
    if (status == 426)
        return "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    if (status != 405)
        return NULL;
    return text_is(head->path, "/api")  ? "Allow: POST\r\n"
           : text_is(head->path, "/ws") ? "Allow: GET\r\n"
                                        : "Allow: GET, HEAD\r\n";
}

void http_decline(struct client *client, int status, int error, const char *format, ...)
{
    struct http *http = client->http;
    struct refusal refusal = {0};
    struct buf body;
    char sentence[sizeof refusal.detail];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    buf_init(&body);
    if (error) {
        refuse(&refusal, error, "%s", sentence);
        reply_refusal(&body, &refusal, false, 0, NULL);
    } else {
        buf_text(&body, sentence);
    }
    buf_char(&body, '\n');
    bool whole = http->head_bytes.size > 0 && (http->busy || http->head.body == HTTP_NO_BODY);
    http->keep_alive = http->keep_alive && whole;
    client->server->requests_refused++;
    http_respond(client, status,
                 &(struct http_content){.type = error ? "application/json" : "text/plain; charset=utf-8",
                                        .more = fields_of(&http->head, status),
                                        .bytes = body.data,
                                        .size = body.size});
    buf_finish(&body);
}

/* All replies to what was posted are here. */
static void respond_replies(struct client *client)
{
    struct http *http = client->http;
    struct buf lines = http->replies;
    bool as_lines = http->is_list && !http->refused_whole;
    buf_init(&http->replies);
    if (lines.failed)
        client->conn.broken = true;
    http_respond(client, as_lines || !http->error ? 200 : http_status_of(http->error),
                 &(struct http_content){.type = as_lines ? "application/x-ndjson" : "application/json",
                                        .bytes = lines.data,
                                        .size = lines.size});
    buf_finish(&lines);
}

void http_take_reply(struct client *client, const char *line, size_t size, int error)
{
    struct http *http = client->http;
    if (!http->busy)
        return; /* of a connection that is being closed */
    buf_add(&http->replies, line, size);
    http->error = error;
    if (client->unanswered == 0 && !http->dispatching)
        respond_replies(client);
}

/* ---- reading ---- */

static void fault(struct client *client, const struct http_fault *fault)
{
    client->http->keep_alive = false;
    http_decline(client, fault->status, ERROR_NONE, "%s", fault->detail);
}

static bool take_body(struct client *client)
{
    struct http *http = client->http;
    struct http_fault why = {0};
    size_t used = 0;
    int got = http_body_take(&http->body, http->in.data, http->in.size, &used, &why);
    if (got < 0) {
        fault(client, &why);
        return false;
    }
    buf_drop(&http->in, used);
    if (got == 0)
        return false;
    http->in_body = false;
    http->busy = true;
    http->deadline_ns = INT64_MAX;
    route_finish(client);
    return true;
}

/* It is pointed at until the answer: in a place of its own, out of the way of what follows. */
static bool keep_head(struct http *http, size_t size)
{
    struct http_fault none;
    size_t seen = 0;
    buf_add(&http->head_bytes, http->in.data, size);
    buf_drop(&http->in, size);
    return !http->head_bytes.failed &&
           http_head_read(http->head_bytes.data, size, &seen, &http->head, &none) == (int)size;
}

static bool take_head(struct client *client)
{
    struct http *http = client->http;
    struct http_fault why = {0};
    int got = http_head_read(http->in.data, http->in.size, &http->seen, &http->head, &why);
    if (got == 0) {
        http->head = (struct http_head){0}; /* it points into bytes that will move */
        return false;
    }
    http->keep_alive = got > 0 && http->head.keep_alive && http->head.minor == 1;
    if (got < 0) {
        http->head = (struct http_head){0};
        fault(client, &why);
        return false;
    }
    if (!keep_head(http, (size_t)got)) {
        client->conn.broken = true;
        return false;
    }
    if (!route_begin(client))
        return client->transport == TRANSPORT_HTTP;
    if (http_body_init(&http->body, &http->head, route_body_limit(&http->head), &why) < 0) {
        fault(client, &why);
        return false;
    }
    http->in_body = true;
    http->deadline_ns = client->server->mono_ns + SECONDS(LIMIT_HTTP_BODY_SECONDS);
    if (http->head.expects_continue && http->head.body != HTTP_NO_BODY && http->in.size == 0)
        conn_reply(&client->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return take_body(client);
}

bool http_reads_on(const struct client *client)
{
    return conn_replies_waiting(&client->conn) == 0 && client->http->in.size <= LIMIT_FAIRNESS_BYTES;
}

static bool is_blocked(const struct client *client)
{
    return client->http->busy || conn_replies_waiting(&client->conn) > 0;
}

void http_go_on(struct client *client)
{
    struct http *http = client->http;
    while (client->transport == TRANSPORT_HTTP && !client->draining && !client->conn.broken && !is_blocked(client) &&
           http->in.size > 0)
        if (!(http->in_body ? take_body(client) : take_head(client)))
            return;
}

void http_feed(struct client *client, const char *data, size_t size)
{
    struct http *http = client->http;
    if (client->draining)
        return;
    if (http->in.size == 0 && !http->in_body)
        http->deadline_ns = client->server->mono_ns + SECONDS(LIMIT_HTTP_HEAD_SECONDS);
    buf_add(&http->in, data, size);
    if (http->in.failed) {
        client->conn.broken = true;
        return;
    }
    http_go_on(client);
}

/* ---- the end ---- */

bool http_is_done(const struct client *client)
{
    return client->conn.ended && !client->http->busy && !client->ready && !conn_has_output(&client->conn);
}

void http_expel(struct client *client, const struct refusal *refusal)
{
    client->http->keep_alive = false;
    if (client->http->busy)
        dispatch_refusal(client, refusal, NULL, 0, false);
    else if (client->http->in_body)
        http_decline(client, 401, ERROR_AUTHORISED, "%s", refusal->detail);
    else
        client_drain(client);
}

void http_look(struct client *client)
{
    struct http *http = client->http;
    if (client->draining || http->busy)
        return;
    if (is_blocked(client)) /* it reads slowly: what it has sent is not late */
        http->deadline_ns = client->server->mono_ns + SECONDS(LIMIT_HTTP_HEAD_SECONDS);
    if (client->server->mono_ns < http->deadline_ns)
        return;
    http->keep_alive = false;
    if (http->in.size == 0 && !http->in_body)
        client_drain(client); /* idle: nothing is owed */
    else
        http_decline(client, 408, ERROR_NONE, "the request was not here whole in time");
    client_make_ready(client);
}
