/* people.c: who follows the run is told to all who want to know. */
#include "server/server.h"
#include "wire/server_view.h"

#define WINDOW_NS INT64_C(1000000000)

static const char *transport_name(const struct client *client)
{
    return client->is_unix ? "unix" : client->transport == TRANSPORT_WEBSOCKET ? "websocket" : "tcp";
}

static struct client_view view_of(const struct client *client, char actor[160])
{
    client_actor(client, actor);
    return (struct client_view){.id = client->id,
                                .name = actor,
                                .role = client_grant(client) ? client_grant(client)->role : ROLE_NONE,
                                .transport = transport_name(client),
                                .address = client->peer,
                                .since_ns = client->since_ns,
                                .topics = client->follower ? client->follower->subscription->topics : 0,
                                .sent = client->conn.sent,
                                .missed = client->missed};
}

static void publish(struct server *server, struct buf *members)
{
    hub_publish(&server->hub, EVENT_CLIENT, members);
}

/* More than a few a second are counted and told as one. */
static bool is_told(struct people *people, uint64_t *counted)
{
    if (people->told < LIMIT_JOINS_TOLD) {
        people->told++;
        return true;
    }
    ++*counted;
    return false;
}

static void tell(const struct client *client, const char *change)
{
    char actor[160];
    struct client_view view = view_of(client, actor);
    struct buf members;
    buf_init(&members);
    event_client_members(&members, change, &view, client->server->people.following);
    publish(client->server, &members);
}

void people_joined(struct client *client)
{
    struct people *people = &client->server->people;
    if (client->announced)
        return;
    client->announced = true;
    people->following++;
    if (is_told(people, &people->joined))
        tell(client, "joined");
}

void people_renamed(struct client *client)
{
    uint64_t not_counted = 0;
    if (client->announced && is_told(&client->server->people, &not_counted))
        tell(client, "renamed");
}

void people_left(struct client *client)
{
    struct people *people = &client->server->people;
    if (!client->announced)
        return;
    client->announced = false;
    people->following--;
    if (is_told(people, &people->left))
        tell(client, "left");
}

void people_turn(struct server *server)
{
    struct people *people = &server->people;
    if (server->mono_ns < people->window_ns)
        return;
    people->window_ns = server->mono_ns + WINDOW_NS;
    people->told = 0;
    if (people->joined + people->left == 0)
        return;
    struct buf members;
    buf_init(&members);
    event_clients_members(&members, people->joined, people->left, people->following);
    publish(server, &members);
    people->joined = people->left = 0;
}

void people_list(const struct client *asker, struct buf *line)
{
    const struct server *server = asker->server;
    const struct client *client = server->clients;
    size_t listed = 0;
    while (client && client->next) /* the newest stands first */
        client = client->next;
    result_clients_open(line);
    for (; client && listed < LIMIT_CLIENTS_LISTED; client = client->previous) {
        char actor[160];
        if (client->transport == TRANSPORT_PULSE || client->transport == TRANSPORT_HTTP)
            continue;
        struct client_view view = view_of(client, actor);
        view.you = client == asker;
        result_clients_add(line, &view);
        listed++;
    }
    result_clients_close(line, clients_people(server));
}
