#include "server/authority.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "server/server.h"
#include "server/tickets.h"

enum { LOOK_NS = 100000000 };

#define NEEDED "a token is needed: say hello with one (trimtab link and trimtab token add make them)"

/* ---- the tokens of the run ---- */

static struct bearer *bearer_with(const struct authority *authority, const uint8_t hash[TOKEN_HASH])
{
    for (size_t i = 0; i < authority->count; i++)
        if (token_hash_is(authority->bearer[i]->hash, hash))
            return authority->bearer[i];
    return NULL;
}

static struct bearer *bearer_add(struct authority *authority, const uint8_t hash[TOKEN_HASH])
{
    struct bearer **more = realloc(authority->bearer, (authority->count + 1) * sizeof *more);
    if (!more)
        return NULL;
    authority->bearer = more;
    struct bearer *bearer = calloc(1, sizeof *bearer);
    if (!bearer)
        return NULL;
    memcpy(bearer->hash, hash, TOKEN_HASH);
    authority->bearer[authority->count++] = bearer;
    return bearer;
}

/* What a token may be changed in place by hand: then its limit begins anew. */
static void bearer_take(struct bearer *bearer, const struct grant *grant)
{
    if (bearer->grant.rate != grant->rate || bearer->grant.rate_ns != grant->rate_ns)
        bearer->allowance = grant->rate;
    bearer->grant = *grant;
    bearer->listed = true;
}

static bool is_good(const struct bearer *bearer, int64_t now_ns)
{
    return (bearer->listed || bearer->own) && (bearer->grant.expires_ns == 0 || now_ns < bearer->grant.expires_ns);
}

/* Those that are not good any more end the connections that told them, and go. */
static void drop_bad(struct server *server)
{
    struct authority *authority = &server->authority;
    size_t kept = 0;
    for (struct client *client = server->clients; client; client = client->next)
        if (client->bearer && !is_good(client->bearer, server->now_ns))
            client_expel(client, client->bearer->listed ? "this token has expired" : "this token was revoked");
    authority->expiry_ns = INT64_MAX;
    for (size_t i = 0; i < authority->count; i++) {
        struct bearer *bearer = authority->bearer[i];
        if (!is_good(bearer, server->now_ns)) {
            free(bearer);
            continue;
        }
        authority->bearer[kept++] = bearer;
        if (bearer->grant.expires_ns && bearer->grant.expires_ns < authority->expiry_ns)
            authority->expiry_ns = bearer->grant.expires_ns;
    }
    authority->count = kept;
}

/* Where memory is short a token is not known for now: never more than the file says. */
static void take_tokens(struct server *server, const struct tokens *tokens)
{
    struct authority *authority = &server->authority;
    for (size_t i = 0; i < authority->count; i++)
        authority->bearer[i]->listed = false;
    for (size_t i = 0; i < tokens->count; i++) {
        struct bearer *bearer = bearer_with(authority, tokens->item[i].hash);
        if (!bearer)
            bearer = bearer_add(authority, tokens->item[i].hash);
        if (bearer)
            bearer_take(bearer, &tokens->item[i].grant);
    }
    drop_bad(server);
}

/* ---- RUN/tokens ---- */

static bool has_changed(struct server *server)
{
    struct authority *authority = &server->authority;
    struct stat now = {0};
    if (fstatat(server->folder.run_fd, "tokens", &now, AT_SYMLINK_NOFOLLOW) < 0)
        now = (struct stat){0};
    bool same = now.st_dev == authority->seen.device && now.st_ino == authority->seen.inode &&
                now.st_size == authority->seen.size && now.st_mtim.tv_sec == authority->seen.modified.tv_sec &&
                now.st_mtim.tv_nsec == authority->seen.modified.tv_nsec &&
                now.st_ctim.tv_sec == authority->seen.changed.tv_sec &&
                now.st_ctim.tv_nsec == authority->seen.changed.tv_nsec;
    authority->seen.device = now.st_dev;
    authority->seen.inode = now.st_ino;
    authority->seen.size = now.st_size;
    authority->seen.modified = now.st_mtim;
    authority->seen.changed = now.st_ctim;
    return !same;
}

/* `again`: also one that could not be read before. A file that cannot be read lets nobody in, and ends whom it had let
 * in: a limit that cannot be read is not none. */
static void look(struct server *server, bool again)
{
    struct authority *authority = &server->authority;
    struct tokens tokens = {0};
    struct err err = {0};
    authority->look_ns = server->mono_ns + LOOK_NS;
    if (!has_changed(server) && !(again && authority->failing))
        return;
    bool failing = tokens_read(server->folder.run_fd, &tokens, &err) < 0;
    if (failing && !authority->failing && !server->read_only) /* those of somebody else's run are not for us */
        log_line(LOG_ERROR, "%s; until it can be read no token is valid", err.text);
    authority->failing = failing;
    take_tokens(server, &tokens);
    tokens_finish(&tokens);
}

/* Nothing can be kept in the folder: one token to look at the run, in memory alone. */
static int make_own(struct server *server, struct err *err)
{
    struct authority *authority = &server->authority;
    uint8_t hash[TOKEN_HASH];
    if (token_make(authority->own_text, hash, err) < 0)
        return err->code;
    struct bearer *bearer = bearer_add(authority, hash);
    if (!bearer)
        return err_set(err, ERR_NOMEM, "out of memory");
    bearer->own = true;
    bearer->grant = (struct grant){.name = "viewer", .role = ROLE_VIEWER};
    return 0;
}

int authority_init(struct server *server, struct err *err)
{
    struct authority *authority = &server->authority;
    authority->expiry_ns = INT64_MAX;
    authority->none = server->options->auth_none;
    if (authority->none)
        return 0;
    if (server->read_only && make_own(server, err) < 0)
        return err->code;
    look(server, true);
    return 0;
}

void authority_finish(struct server *server)
{
    for (size_t i = 0; i < server->authority.count; i++)
        free(server->authority.bearer[i]);
    free(server->authority.bearer);
}

void authority_turn(struct server *server)
{
    struct authority *authority = &server->authority;
    if (authority->none)
        return;
    if (server->mono_ns >= authority->look_ns)
        look(server, true);
    if (server->now_ns >= authority->expiry_ns)
        drop_bad(server);
}

/* ---- who asks ---- */

static const struct grant admin = {.role = ROLE_ADMIN};

const struct grant *client_grant(const struct client *client)
{
    if (client->bearer)
        return &client->bearer->grant;
    return client->is_unix || client->server->authority.none ? &admin : NULL;
}

bool authority_is_awaited(const struct client *client)
{
    return !client_grant(client);
}

static struct bearer *find(struct server *server, struct text token)
{
    uint8_t hash[TOKEN_HASH];
    if (!token_hash(token.data, token.size, hash))
        return NULL;
    struct bearer *found = NULL;
    for (size_t i = 0; i < server->authority.count; i++) {
        if (token_hash_is(hash, server->authority.bearer[i]->hash) &&
            is_good(server->authority.bearer[i], server->now_ns))
            found = server->authority.bearer[i];
    }
    return found;
}

int authority_greet(struct client *client, struct text token, struct refusal *refusal)
{
    struct server *server = client->server;
    if (client->is_unix || server->authority.none)
        return 0;
    if (token.size == 0 && client->bearer)
        return 0;
    if (token.size == 0)
        return refuse(refusal, ERROR_AUTHORISED, NEEDED);
    struct bearer *bearer = find(server, token);
    if (!bearer) { /* one that was made just now */
        look(server, false);
        if (client->draining)
            return refuse(refusal, ERROR_AUTHORISED, "the token that it had told before is not good any more");
        bearer = find(server, token);
    }
    if (!bearer)
        return refuse(refusal, ERROR_AUTHORISED,
                      "this token is not known here: it was revoked, has expired, or is of another run");
    client->bearer = bearer;
    client_greeted(client);
    return 0;
}

/* ---- the check ---- */

/* So many in so long, as a bucket that fills again steadily. */
static int count_request(struct bearer *bearer, int64_t mono_ns, struct refusal *refusal)
{
    const struct grant *grant = &bearer->grant;
    double each_ns = (double)grant->rate_ns / grant->rate;
    char rate[32];
    bearer->allowance += (double)(mono_ns - bearer->refilled_ns) / each_ns;
    if (bearer->allowance > grant->rate)
        bearer->allowance = grant->rate;
    bearer->refilled_ns = mono_ns;
    if (bearer->allowance >= 1) {
        bearer->allowance -= 1;
        return 0;
    }
    grant_rate_write(grant, rate);
    return refuse(refusal, ERROR_LIMIT, "this token may make %s control requests; the next one in %.0f s", rate,
                  (1 - bearer->allowance) * each_ns * 1e-9 + 0.5);
}

int authority_permits(struct client *client, const struct protocol_code *entry, struct refusal *refusal)
{
    const struct grant *grant = client_grant(client);
    if (!grant && entry->role > ROLE_NONE)
        return refuse(refusal, ERROR_AUTHORISED, NEEDED);
    if (grant_permits_code(grant, entry, refusal) < 0)
        return -1;
    if (client->bearer && grant->rate > 0 && entry->role >= ROLE_CONTROLLER)
        return count_request(client->bearer, client->server->mono_ns, refusal);
    return 0;
}

int authority_permits_request(const struct client *client, const struct request *request, struct refusal *refusal)
{
    const struct grant *grant = client_grant(client);
    return grant ? grant_permits_request(grant, request, refusal) : 0;
}

int authority_permits_cancel(const struct client *client, uint64_t number, struct refusal *refusal)
{
    const struct grant *grant = client_grant(client);
    const struct ticket *ticket = tickets_with(client->server, number);
    char actor[160];
    if (!grant || grant->allows == 0 || !ticket)
        return 0;
    client_actor(client, actor);
    bool by_token = strchr(ticket->address, ':') != NULL; /* a login may have the same name */
    if (by_token && strcmp(ticket->actor, actor) == 0)
        return 0;
    return refuse(refusal, ERROR_AUTHORISED, "this token may withdraw its own requests only; ticket %llu is of %.60s",
                  (unsigned long long)number, ticket->actor);
}
