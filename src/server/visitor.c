/* visitor.c: may this HTTP request come in? A page of somebody else's in a browser of ours can send requests here, even
 * under a name of its own that leads to this address: Host and Origin tell. */
#include <string.h>

#include "server/http.h"

static bool is_loopback(struct text host)
{
    char text[48];
    if (host.size >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)host.size, host.data);
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool is_ours(const struct server *server, struct text host)
{
    struct text own, port;
    if (http_text_is(host, "localhost") || is_loopback(host))
        return true;
    if (http_authority(text_from(server->address), &own, &port) && own.size == host.size &&
        memcmp(own.data, host.data, own.size) == 0)
        return true;
    for (size_t i = 0; i < server->options->hosts_count; i++)
        if (http_text_is(host, server->options->hosts[i]))
            return true;
    return false;
}

/* http://HOST:PORT or https://HOST:PORT. */
static bool origin_authority(struct text origin, struct text *host, struct text *port)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(schemes[i]);
        if (origin.size > size && strncasecmp(origin.data, schemes[i], size) == 0)
            return http_authority(text_of(origin.data + size, origin.size - size), host, port);
    }
    return false;
}

int visitor_check(const struct client *client, const struct http_head *head, struct refusal *refusal)
{
    const struct server *server = client->server;
    struct text host, port, from, from_port;
    bool many = false;
    if (!http_authority(head->host, &host, &port) || !is_ours(server, host))
        return refuse(refusal, ERROR_AUTHORISED,
                      "the host \"%.*s\" is not one of this server's; where it is right: --host %.*s",
                      TEXT_SHOWN(head->host), TEXT_SHOWN(head->host));
    const struct text *origin = http_field(head, "Origin", &many);
    if (!origin && !many)
        return 0;
    if (many || !origin_authority(*origin, &from, &from_port) || !is_ours(server, from) ||
        from_port.size != port.size || memcmp(from_port.data, port.data, port.size) != 0)
        return refuse(refusal, ERROR_AUTHORISED, "a page of another origin (%.*s) may not ask here",
                      TEXT_SHOWN(origin ? *origin : text_from("several")));
    return 0;
}

int visitor_token(struct client *client, const struct http_head *head, struct refusal *refusal)
{
    bool many = false;
    const struct text *field = http_field(head, "Authorization", &many);
    client->bearer = NULL;
    if (!authority_is_awaited(client))
        return 0;
    if (many)
        return refuse(refusal, ERROR_AUTHORISED, "several Authorization fields");
    if (!field)
        return 1;
    struct text token = *field;
    if (token.size <= 7 || strncasecmp(token.data, "Bearer ", 7) != 0)
        return refuse(refusal, ERROR_AUTHORISED, "Authorization is to be: Bearer, a space, and the token");
    return authority_greet(client, text_of(token.data + 7, token.size - 7), refusal);
}
