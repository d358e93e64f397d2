/* clients.c: all who are connected: who comes, whose turn it is, who is looked after. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "server/client.h"
#include "server/http.h"
#include "wire/reply.h"

/* No descriptor or no place is left: one line, then goodbye. */
static void turn_away(int fd, const char *why)
{
    struct refusal refusal;
    struct buf line;
    char ignored[256];
    buf_init(&line);
    refuse(&refusal, ERROR_LIMIT, "%s", why);
    reply_refusal(&line, &refusal, false, 0, NULL);
    buf_char(&line, '\n');
    if (!line.failed && send(fd, line.data, line.size, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        shutdown(fd, SHUT_WR);
    /* bytes left unread would turn the close into a reset that may overtake the line */
    while (recv(fd, ignored, sizeof ignored, MSG_DONTWAIT) > 0)
        ;
    buf_finish(&line);
    close(fd);
}

/* It is no trainer. */
void clients_count_person(struct server *server)
{
    server->clients_ever++;
    if (clients_people(server) > server->clients_peak)
        server->clients_peak = clients_people(server);
}

/* Into the lists, and out of them. It may be among the ready ones still: clients_turn passes over it. */
static void enter(struct client *client)
{
    struct server *server = client->server;
    struct client **bucket = &server->by_id[client->id % CLIENT_BUCKETS];
    client->next = server->clients;
    if (server->clients)
        server->clients->previous = client;
    server->clients = client;
    client->next_same = *bucket;
    *bucket = client;
    server->clients_count++;
}

void clients_leave(struct client *client)
{
    struct server *server = client->server;
    struct client **at = &server->by_id[client->id % CLIENT_BUCKETS];
    if (client->previous)
        client->previous->next = client->next;
    else
        server->clients = client->next;
    if (client->next)
        client->next->previous = client->previous;
    while (*at != client)
        at = &(*at)->next_same;
    *at = client->next_same;
    server->clients_count--;
    if (client->transport == TRANSPORT_HTTP)
        server->http_count--;
}

void clients_accept(struct listener *listener, int fd, const char *peer, bool crowded)
{
    struct server *server = listener->owner;
    /* strangers on TCP do not take the last places: the run's own socket has some */
    size_t most = server->clients_most - (listener == &server->tcp ? server->clients_most / 16 : 0);
    if (crowded || server->clients_count >= most) {
        turn_away(fd, crowded ? "the server has no descriptor left for another client; try again later"
                              : "the server has as many clients as it can hold; try again later");
        return;
    }
    struct client *client = client_create(listener, fd, peer);
    if (!client)
        return;
    enter(client);
    if (!client->is_unix)
        clients_count_person(server);
}

struct client *client_with(struct server *server, uint64_t id)
{
    struct client *client = server->by_id[id % CLIENT_BUCKETS];
    while (client && client->id != id)
        client = client->next_same;
    return client;
}

size_t clients_people(const struct server *server)
{
    return server->clients_count - server->http_count - (server->attach.pulse ? 1 : 0);
}

/* Those that were closed after something had made them ready. */
static void drop_closed(struct server *server)
{
    struct client **at = &server->ready;
    while (*at)
        if ((*at)->conn.closing)
            *at = (*at)->next_ready;
        else
            at = &(*at)->next_ready;
}

void clients_turn(struct server *server)
{
    struct client *list = server->ready;
    if (!list)
        return;
    server->ready = NULL;
    for (struct client *client = list, *next; client; client = next) {
        next = client->next_ready;
        client->ready = false;
        client_serve(client);
    }
    drop_closed(server);
    hub_forget_shared(&server->hub);
}

static bool has_stalled(const struct client *client)
{
    int64_t since = (int64_t)client->conn.stalled_since_ns;
    return since && client->server->mono_ns - since > LIMIT_REPLIES_SECONDS * INT64_C(1000000000);
}

static void feed_all(struct subscription *subscription)
{
    subscription->fresh = false;
    for (struct follower *follower = subscription->followers; follower; follower = follower->next) {
        client_feed(follower->client);
        if (follower->client->conn.broken)
            client_make_ready(follower->client);
    }
    subscription_forget_shared(subscription);
}

static void tick(struct server *server, bool all)
{
    hub_tick(&server->hub, server->mono_ns, all);
    for (struct subscription *s = server->hub.subscriptions; s; s = s->next)
        if (s->fresh)
            feed_all(s);
}

void clients_tick(struct server *server)
{
    tick(server, false);
}

/* A stranger may not keep a place for long. */
static bool has_not_greeted(const struct client *client)
{
    bool stranger = authority_is_awaited(client) && client->transport != TRANSPORT_HTTP && !client->draining;
    return stranger && client->server->mono_ns > client->greet_ns;
}

static void look_at(struct client *client)
{
    if (has_not_greeted(client))
        client_expel(client, "no token was told in time: say hello with one");
    if (client->transport == TRANSPORT_HTTP)
        http_look(client);
    else if (client->transport == TRANSPORT_WEBSOCKET)
        socket_look(client);
}

void clients_look(struct server *server)
{
    for (struct client *client = server->clients, *next; client; client = next) {
        next = client->next;
        look_at(client);
        if (has_stalled(client))
            log_line(LOG_WARNING, "client %llu (%s) has not read its replies for %d s: closed",
                     (unsigned long long)client->id, client->peer, LIMIT_REPLIES_SECONDS);
        if (client_is_done(client) || has_stalled(client))
            client_close(client);
    }
}

void clients_flush(struct server *server)
{
    tick(server, true);
    clients_look(server);
}
