#include <stdlib.h>

#include "server/server.h"
#include "wire/reply.h"

/* ---- the state as of now, as ordinary events ---- */

static void state_line(struct server *server, struct buf *out, enum event_kind kind, struct buf *members)
{
    if (!members->failed)
        event_line(out, event_name(kind), server->hub.epoch, server->hub.next, members->data, members->size);
    else
        out->failed = true;
    buf_finish(members);
}

static void state_declarations(struct server *server, struct subscription *subscription, struct buf *out)
{
    struct run *run = &server->run;
    struct buf members;
    for (uint32_t i = 0; i < run->series_count; i++) {
        if (!subscription_wants(subscription, run, i))
            continue;
        buf_init(&members);
        event_declared_series_members(&members, i, &run->series[i]);
        state_line(server, out, EVENT_DECLARED, &members);
    }
    for (uint32_t i = 0; i < run->settings_count; i++) {
        buf_init(&members);
        event_declared_setting_members(&members, &run->settings[i]);
        state_line(server, out, EVENT_DECLARED, &members);
    }
    for (uint32_t i = 0; i < run->actions_count; i++) {
        buf_init(&members);
        event_declared_action_members(&members, &run->actions[i]);
        state_line(server, out, EVENT_DECLARED, &members);
    }
}

static void state_settings(struct server *server, struct buf *out)
{
    struct buf members;
    for (uint32_t i = 0; i < server->run.settings_count; i++) {
        buf_init(&members);
        event_setting_members(&members, &server->run.settings[i], server->run.step, server->now_ns, 0);
        state_line(server, out, EVENT_SETTING, &members);
    }
}

static void state_run(struct server *server, struct buf *out)
{
    struct buf members;
    buf_init(&members);
    event_run_members(&members, &server->run, server->now_ns);
    state_line(server, out, EVENT_RUN, &members);
}

static void state_scalars(struct server *server, struct subscription *subscription, struct buf *out)
{
    struct run *run = &server->run;
    struct event_point *points = calloc(run->series_count ? run->series_count : 1, sizeof *points);
    size_t count = 0;
    if (!points) {
        out->failed = true;
        return;
    }
    for (uint32_t i = 0; i < run->series_count; i++)
        if (run->series[i].logged && subscription_wants(subscription, run, i))
            points[count++] = (struct event_point){.series = i,
                                                   .step = run->series[i].step,
                                                   .time_ns = run->series[i].time_ns,
                                                   .value = run->series[i].value};
    if (count)
        event_scalars_line(out, server->hub.epoch, server->hub.next, points, count, 0);
    free(points);
}

static void state_messages(struct server *server, struct buf *out)
{
    struct buf members;
    for (uint32_t i = 0; i < server->run.messages_count; i++) {
        buf_init(&members);
        event_said_members(&members, &server->run.messages[i]);
        state_line(server, out, EVENT_MESSAGE, &members);
    }
}

static void state_as_of_now(struct server *server, struct subscription *subscription, struct buf *out)
{
    if (subscription->topics & TOPIC_DECLARATIONS)
        state_declarations(server, subscription, out);
    if (subscription->topics & TOPIC_SETTINGS)
        state_settings(server, out);
    if (subscription->topics & TOPIC_RUN)
        state_run(server, out);
    if (subscription->topics & TOPIC_SCALARS)
        state_scalars(server, subscription, out);
    if (subscription->topics & TOPIC_MESSAGES)
        state_messages(server, out);
}

/* ---- following ---- */

static void send_state(struct client *client, struct buf *out)
{
    state_as_of_now(client->server, client->follower->subscription, out);
    if (out->failed)
        client->conn.broken = true;
    else
        client_send(client, out->data, out->size);
    buf_finish(out);
    client_make_ready(client);
}

static void send_gap(struct client *client, const uint64_t missed[HUB_TOPICS], uint64_t from, uint64_t to)
{
    struct server *server = client->server;
    uint64_t by_bit[32] = {0};
    struct buf out;
    for (unsigned i = 0; i < HUB_TOPICS; i++) {
        by_bit[i] = missed[i];
        client->missed += missed[i];
    }
    server->gaps++;
    buf_init(&out);
    event_gap_line(&out, server->hub.epoch, server->hub.next, by_bit, from, to);
    send_state(client, &out);
}

void follow_end(struct client *client)
{
    if (!client->follower)
        return;
    hub_unfollow(&client->server->hub, client->follower);
    free(client->follower);
    client->follower = NULL;
}

static void answer_memory(struct client *client, const struct request *request)
{
    struct refusal refusal = {0};
    refuse(&refusal, ERROR_INTERNAL, "out of memory");
    dispatch_refuse(client, &refusal, request);
}

static struct follower *follower_create(struct client *client, const struct request *request, unsigned topics,
                                        int64_t rate_ns)
{
    struct follower *follower = calloc(1, sizeof *follower);
    if (!follower)
        return NULL;
    follower->client = client;
    bool framed = client->transport == TRANSPORT_WEBSOCKET;
    if (hub_follow(&client->server->hub, follower, topics, &request->arg[ARG_SERIES], rate_ns, framed) < 0) {
        free(follower);
        return NULL;
    }
    return follower;
}

static void answer_cursor(struct client *client, const struct request *request)
{
    struct buf line;
    buf_init(&line);
    reply_open(&line, request->code, &request->id);
    result_cursor(&line, client->server->hub.epoch, client->follower->cursor);
    reply_close(&line);
    client_answer(client, request->code, ERROR_NONE, &line);
}

void follow_begin(struct client *client, const struct request *request, unsigned topics, int64_t rate_ns)
{
    struct hub *hub = &client->server->hub;
    const struct request_arg *since = &request->arg[ARG_SINCE];
    struct follower *follower = follower_create(client, request, topics, rate_ns);
    if (!follower) {
        answer_memory(client, request);
        return;
    }
    follow_end(client);
    client->follower = follower;
    bool there = since->present && hub_since(hub, follower, since->epoch, since->n);
    answer_cursor(client, request);
    if (since->present && !there) {
        uint64_t unknown[HUB_TOPICS] = {0};
        send_gap(client, unknown, since->n, hub->next);
    } else if (!there) {
        struct buf state;
        buf_init(&state);
        send_state(client, &state);
    }
    people_joined(client);
}

void follow_sign_of_life(struct server *server)
{
    for (struct client *client = server->clients; client; client = client->next) {
        if (!client->follower || !client->conn.ended || conn_has_output(&client->conn))
            continue;
        struct buf line;
        buf_init(&line);
        state_run(server, &line);
        client_send(client, line.data, line.size);
        buf_finish(&line);
        client_make_ready(client);
    }
}

void follow_offer(struct client *client)
{
    struct hub *hub = &client->server->hub;
    uint64_t missed[HUB_TOPICS], from, to;
    if (hub_gap(hub, client->follower, missed, &from, &to)) {
        send_gap(client, missed, from, to);
        return;
    }
    struct chunk *chunk = hub_chunk(hub, client->follower, &client->server->run);
    if (chunk)
        conn_offer(&client->conn, chunk);
}
