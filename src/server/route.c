/* route.c: what a request asks for: the page and its files, /api, /ws, /metrics, /healthz. */
#include <trimtab/trimtab.h>

#include "assets/assets.h"
#include "server/http.h"
#include "wire/json.h"
#include "wire/metrics.h"

static bool is_get(const struct http_head *head)
{
    return text_is(head->method, "GET") || text_is(head->method, "HEAD");
}

/* ---- the page ---- */

/* If-None-Match: * or a list of tags, weak ones too. */
static bool has_it(const struct http_head *head, const char *etag)
{
    bool many = false;
    const struct text *known = http_field(head, "If-None-Match", &many);
    return known && (text_is(*known, "*") || memmem(known->data, known->size, etag, strlen(etag)));
}

static void give_asset(struct client *client, const struct asset *asset)
{
    char more[160];
    snprintf(more, sizeof more, "ETag: %s\r\nCache-Control: no-cache\r\n", asset->etag);
    struct http_content content = {.type = asset->type, .more = more, .bytes = asset->bytes, .size = asset->size};
    http_respond(client, has_it(&client->http->head, asset->etag) ? 304 : 200, &content);
}

/* ---- what tells of the run ---- */

static void give_health(struct client *client)
{
    struct buf body;
    buf_init(&body);
    buf_text(&body, "{\"state\":");
    json_add_string(&body, run_state_name(client->server->run.state));
    buf_text(&body, "}\n");
    http_respond(client, 200,
                 &(struct http_content){.type = "application/json", .bytes = body.data, .size = body.size});
    buf_finish(&body);
}

static void give_metrics(struct client *client)
{
    struct server *server = client->server;
    struct stats_view stats;
    struct buf body;
    stats_view(server, &stats);
    struct metrics_view view = {.run = &server->run,
                                .stats = &stats,
                                .version = TRIMTAB_VERSION,
                                .clients = clients_people(server),
                                .pending = server->tickets.count,
                                .now_ns = server->now_ns};
    buf_init(&body);
    metrics_write(&body, &view);
    http_respond(client, 200,
                 &(struct http_content){
                     .type = "text/plain; version=0.0.4; charset=utf-8", .bytes = body.data, .size = body.size});
    buf_finish(&body);
}

/* ---- who may ask for what ---- */

/* /healthz and the page are for everybody: there is nothing of the run in them but its state. */
static bool admit(struct client *client)
{
    struct refusal refusal = {0};
    int got = visitor_token(client, &client->http->head, &refusal);
    if (got != 0) {
        http_decline(client, 401, ERROR_AUTHORISED, "%s",
                     got > 0
                         ? "a token is needed: Authorization: Bearer TOKEN (trimtab link and trimtab token add make "
                           "them)"
                         : refusal.detail);
        return false;
    }
    return true;
}

static bool is_json(const struct http_head *head)
{
    bool many = false;
    const struct text *type = http_field(head, "Content-Type", &many);
    static const char json[] = "application/json";
    size_t size = sizeof json - 1;
    return type && type->size >= size && strncasecmp(type->data, json, size) == 0 &&
           (type->size == size || type->data[size] == ';' || type->data[size] == ' ');
}

static bool begin_api(struct client *client)
{
    if (!text_is(client->http->head.method, "POST"))
        http_decline(client, 405, ERROR_NONE, "requests are posted: POST /api");
    else if (!is_json(&client->http->head))
        http_decline(client, 415, ERROR_NONE, "the body is to be JSON: Content-Type: application/json");
    else
        return admit(client);
    return false;
}

/* A token in the handshake is good; without one hello tells it. */
static bool begin_socket(struct client *client, bool echo)
{
    struct refusal refusal = {0};
    if (!text_is(client->http->head.method, "GET"))
        http_decline(client, 405, ERROR_NONE, "a WebSocket begins with GET");
    else if (visitor_token(client, &client->http->head, &refusal) < 0)
        http_decline(client, 401, ERROR_AUTHORISED, "%s", refusal.detail);
    else
        socket_begin(client, echo);
    return false;
}

static bool begin_known(struct client *client)
{
    const struct http_head *head = &client->http->head;
#ifdef TRIMTAB_ECHO
    if (text_is(head->path, "/echo"))
        return begin_socket(client, true);
    if (text_is(head->path, "/"))
        return true;
#endif
    if (text_is(head->path, "/api"))
        return begin_api(client);
    if (text_is(head->path, "/ws"))
        return begin_socket(client, false);
    bool is_metrics = text_is(head->path, "/metrics");
    if (!is_metrics && !text_is(head->path, "/healthz") && !asset_find(head->path))
        http_decline(client, 404, ERROR_NONE, "there is nothing here; the page is at /");
    else if (!is_get(head))
        http_decline(client, 405, ERROR_NONE, "this can only be read: GET or HEAD");
    else
        return !is_metrics || admit(client);
    return false;
}

uint64_t route_body_limit(const struct http_head *head)
{
#ifdef TRIMTAB_ECHO
    if (text_is(head->path, "/"))
        return LIMIT_MESSAGE_BYTES;
#endif
    return text_is(head->path, "/api") ? LIMIT_MESSAGE_BYTES : LIMIT_GREETING_BYTES;
}

bool route_begin(struct client *client)
{
    struct refusal refusal = {0};
    if (visitor_check(client, &client->http->head, &refusal) == 0)
        return begin_known(client);
    client->http->keep_alive = false;
    http_decline(client, 403, ERROR_AUTHORISED, "%s", refusal.detail);
    return false;
}

/* ---- the request is here whole ---- */

static bool begins_list(const struct buf *body)
{
    size_t i = 0;
    while (i < body->size && strchr(" \t\r\n", body->data[i]))
        i++;
    return i < body->size && body->data[i] == '[';
}

static void dispatch(struct client *client)
{
    struct http *http = client->http;
    http->is_list = begins_list(&http->body.bytes);
    http->error = 0;
    http->dispatching = true;
    http->refused_whole =
        !dispatch_line(client, http->body.bytes.data ? http->body.bytes.data : "", http->body.bytes.size);
    http->dispatching = false;
    if (client->unanswered == 0)
        http_take_reply(client, "", 0, http->error);
}

void route_finish(struct client *client)
{
    const struct http_head *head = &client->http->head;
#ifdef TRIMTAB_ECHO
    if (text_is(head->path, "/")) {
        const struct buf *body = &client->http->body.bytes;
        http_respond(
            client, 200,
            &(struct http_content){.type = "application/octet-stream", .bytes = body->data, .size = body->size});
        return;
    }
#endif
    if (text_is(head->path, "/api"))
        dispatch(client);
    else if (text_is(head->path, "/metrics"))
        give_metrics(client);
    else if (text_is(head->path, "/healthz"))
        give_health(client);
    else
        give_asset(client, asset_find(head->path));
}
