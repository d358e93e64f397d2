/* connect.c: finding the server of a run. */
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/folder.h"
#include "base/unix_socket.h"
#include "client/connection.h"
#include "client/tcp.h"
#include "client/wait.h"

#define ADDRESS_MAX 256
#define BACKLOG_PAUSE_MS 10

static int code_of(int err_code)
{
    switch (err_code) {
    case ERR_INVALID:
        return TRIMTAB_CLIENT_INVALID;
    case ERR_MISSING:
        return TRIMTAB_CLIENT_NOBODY;
    case ERR_BUSY:
        return TRIMTAB_CLIENT_TIMEOUT;
    case ERR_NOMEM:
        return TRIMTAB_CLIENT_NOMEM;
    default:
        return TRIMTAB_CLIENT_SYSTEM;
    }
}

static void start_afresh(trimtab_client *client)
{
    client_hang_up(client);
    inbox_finish(&client->inbox);
    client->error[0] = '\0';
}

static int connect_tcp(trimtab_client *client, const char *address, bool loopback_only, int64_t deadline_ns)
{
    struct err err;
    int fd = tcp_connect(address, loopback_only, deadline_ns, &err);
    if (fd < 0)
        return client_fail(client, code_of(fd), "%s", err.text);
    client->fd = fd;
    return TRIMTAB_CLIENT_OK;
}

/* ---- hello ---- */

static int call_hello(trimtab_client *client, const char *token, const char **reply, int64_t deadline_ns)
{
    json_t *hello = json_pack("{s:i, s:s*}", "code", 1, "token", token);
    char *text = hello ? json_dumps(hello, JSON_COMPACT) : NULL;
    json_decref(hello);
    if (!text)
        return client_fail(client, TRIMTAB_CLIENT_NOMEM, "out of memory");
    int code = client_call_until(client, text, reply, deadline_ns);
    explicit_bzero(text, strlen(text));
    free(text);
    return code;
}

static int refused(trimtab_client *client, json_t *reply, const char *token)
{
    const char *message = "no reason given", *detail = NULL;
    json_unpack(reply, "{s?s, s?s}", "Message", &message, "Detail", &detail);
    return client_fail(client, TRIMTAB_CLIENT_REFUSED, "%s: %.300s",
                       token ? "the server does not take the token" : "the server refuses", detail ? detail : message);
}

/* `token` NULL: without one. `folder` (PATH_MAX bytes, or NULL) is that of the run; "": it is not told. */
static int say_hello(trimtab_client *client, const char *token, char *folder, int64_t deadline_ns)
{
    const char *reply, *told = NULL;
    int code = call_hello(client, token, &reply, deadline_ns);
    if (code < 0)
        return code;
    json_t *hello = json_loads(reply, JSON_ALLOW_NUL, NULL);
    json_unpack(hello, "{s:{s:{s:s}}}", "result", "run", "folder", &told);
    if (folder)
        snprintf(folder, PATH_MAX, "%s", told ? told : "");
    if (!json_object_get(hello, "result"))
        code = refused(client, hello, token);
    json_decref(hello);
    return code;
}

int trimtab_client_connect_address(trimtab_client *client, const char *address, double timeout)
{
    if (!client)
        return TRIMTAB_CLIENT_NOMEM;
    start_afresh(client);
    int64_t deadline_ns = wait_until(timeout);
    int code = connect_tcp(client, address, false, deadline_ns);
    if (code < 0 || !*client->token)
        return code;
    code = say_hello(client, client->token, NULL, deadline_ns);
    if (code < 0)
        client_hang_up(client);
    return code;
}

/* ---- a run ---- */

/* A full backlog cannot be waited for with poll. */
static int connect_sock(const struct folder *run, int64_t deadline_ns, struct err *err)
{
    int fd;
    while ((fd = unix_socket_connect(run->local_fd, "sock", err)) == ERR_BUSY && !wait_is_over(deadline_ns))
        poll(NULL, 0, BACKLOG_PAUSE_MS);
    return fd;
}

static int other_run(trimtab_client *client, const struct folder *run)
{
    return client_fail(client, TRIMTAB_CLIENT_NOBODY, "nobody serves %.300s: its address is another run's by now",
                       run->path);
}

/* An address file outlives a server that was killed, and another run may have that port by now: the token is not for
 * that one. A server that needs a token tells nothing before. */
static int check_serves(trimtab_client *client, const struct folder *run, int64_t deadline_ns)
{
    char folder[PATH_MAX] = "";
    int code = say_hello(client, NULL, folder, deadline_ns);
    bool may_be_ours = code == TRIMTAB_CLIENT_REFUSED || (code == 0 && strcmp(folder, run->path) == 0);
    if (may_be_ours && *client->token)
        code = say_hello(client, client->token, folder, deadline_ns);
    return code == 0 && strcmp(folder, run->path) != 0 ? other_run(client, run) : code;
}

static int check_listed(trimtab_client *client, const struct folder *run, int64_t deadline_ns)
{
    int code = check_serves(client, run, deadline_ns);
    if (code < 0)
        client_hang_up(client);
    if (code == TRIMTAB_CLIENT_TIMEOUT)
        return client_fail(client, code, "the server of %.400s does not answer", run->path);
    if (code == TRIMTAB_CLIENT_FORMAT || code == TRIMTAB_CLIENT_CLOSED)
        return client_fail(client, TRIMTAB_CLIENT_NOBODY,
                           "nobody serves %.300s: another program answers at its address", run->path);
    return code;
}

static int connect_listed(trimtab_client *client, const struct folder *run, int64_t deadline_ns)
{
    char address[ADDRESS_MAX];
    if (folder_address(run->path, address, sizeof address, NULL) < 0)
        return client_fail(client, TRIMTAB_CLIENT_NOBODY, "nobody serves %.400s", run->path);
    int code = connect_tcp(client, address, true, deadline_ns);
    if (code == TRIMTAB_CLIENT_NOBODY)
        return client_fail(client, code, "nobody serves %.400s", run->path);
    if (code == TRIMTAB_CLIENT_INVALID)
        return client_fail(client, code, "nobody serves %.200s: its file `address` holds none (%.60s)", run->path,
                           address);
    return code < 0 ? code : check_listed(client, run, deadline_ns);
}

int trimtab_client_connect_run(trimtab_client *client, const char *path, double timeout)
{
    struct folder run;
    struct err err;
    if (!client)
        return TRIMTAB_CLIENT_NOMEM;
    start_afresh(client);
    int64_t deadline_ns = wait_until(timeout);
    int code = folder_open(&run, path, true, &err);
    if (code < 0)
        return client_fail(client, code_of(code), "%s", err.text);
    int fd = connect_sock(&run, deadline_ns, &err);
    if (fd >= 0)
        client->fd = fd;
    else if (fd == ERR_BUSY)
        code = client_fail(client, TRIMTAB_CLIENT_TIMEOUT, "the server of %.400s does not answer", run.path);
    else
        code = connect_listed(client, &run, deadline_ns);
    folder_close(&run);
    return code;
}
