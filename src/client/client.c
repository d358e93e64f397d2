#include "trimtab/client.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/connection.h"
#include "client/wait.h"
#include "protocol/protocol.h"

#define RECEIVE_BYTES 65536

_Static_assert(TRIMTAB_CLIENT_REQUEST_MAX == (int)LIMIT_MESSAGE_BYTES, "the server takes no longer request");

int client_fail(trimtab_client *client, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(client->error, sizeof client->error, format, args);
    va_end(args);
    return code;
}

void client_hang_up(trimtab_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

/* The bytes that came are no longer trusted, or a message was lost: nothing can follow. */
static int give_up(trimtab_client *client, int code, const char *why)
{
    client_hang_up(client);
    return client_fail(client, code, "%s", why);
}

trimtab_client *trimtab_client_create(void)
{
    trimtab_client *client = calloc(1, sizeof *client);
    if (client)
        client->fd = -1;
    return client;
}

void trimtab_client_close(trimtab_client *client)
{
    if (!client)
        return;
    client_hang_up(client);
    inbox_finish(&client->inbox);
    explicit_bzero(client->token, sizeof client->token);
    free(client);
}

int trimtab_client_set_token(trimtab_client *client, const char *token)
{
    size_t size = token ? strlen(token) : 0;
    if (!client)
        return TRIMTAB_CLIENT_NOMEM;
    client->error[0] = '\0';
    if (size > TRIMTAB_CLIENT_TOKEN_MAX)
        return client_fail(client, TRIMTAB_CLIENT_INVALID, "the token is longer than %d bytes",
                           TRIMTAB_CLIENT_TOKEN_MAX);
    for (size_t i = 0; i < size; i++)
        if (token[i] <= ' ' || token[i] == 0x7f)
            return client_fail(client, TRIMTAB_CLIENT_INVALID, "the token has characters in it that no token has");
    explicit_bzero(client->token, sizeof client->token);
    if (size > 0)
        memcpy(client->token, token, size);
    return TRIMTAB_CLIENT_OK;
}

uint64_t trimtab_client_dropped(const trimtab_client *client)
{
    return client ? client->inbox.dropped : 0;
}

int trimtab_client_fd(const trimtab_client *client)
{
    return client ? client->fd : TRIMTAB_CLIENT_NOMEM;
}

const char *trimtab_client_error(const trimtab_client *client)
{
    return client ? client->error : "out of memory";
}

/* ---- receiving ---- */

/* 1: bytes came; 0: none are there; negative: a code. */
static int receive_some(trimtab_client *client)
{
    if (client->fd < 0)
        return client_fail(client, TRIMTAB_CLIENT_CLOSED, "there is no connection");
    if (inbox_unfinished(&client->inbox) > TRIMTAB_CLIENT_MESSAGE_MAX)
        return give_up(client, TRIMTAB_CLIENT_FORMAT, "the server sent a line without end");
    char *space = inbox_space(&client->inbox, RECEIVE_BYTES);
    if (!space)
        return give_up(client, TRIMTAB_CLIENT_NOMEM, "out of memory");
    ssize_t got = recv(client->fd, space, RECEIVE_BYTES, 0);
    if (got > 0) {
        inbox_filled(&client->inbox, (size_t)got);
        return 1;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return give_up(client, TRIMTAB_CLIENT_CLOSED, "the server has closed the connection");
}

static int next_line(trimtab_client *client, const char **line, size_t *size, int64_t deadline_ns)
{
    for (bool looked = false; !(*line = inbox_line(&client->inbox, size)); looked = true) {
        if (looked && wait_is_over(deadline_ns))
            return client_fail(client, TRIMTAB_CLIENT_TIMEOUT, "nothing came in time");
        int got = receive_some(client);
        if (got < 0)
            return got;
        if (got == 0 && wait_for(client->fd, POLLIN, deadline_ns) < 0)
            return client_fail(client, TRIMTAB_CLIENT_SYSTEM, "cannot wait: %s", strerror(errno));
    }
    if (memchr(*line, '\0', *size))
        return give_up(client, TRIMTAB_CLIENT_FORMAT, "the server sent a zero byte");
    return TRIMTAB_CLIENT_OK;
}

int trimtab_client_next(trimtab_client *client, const char **message, double timeout)
{
    size_t size;
    *message = NULL;
    if (!client)
        return TRIMTAB_CLIENT_NOMEM;
    client->error[0] = '\0';
    *message = inbox_next(&client->inbox);
    return *message ? TRIMTAB_CLIENT_OK : next_line(client, message, &size, wait_until(timeout));
}

/* ---- sending ---- */

/* How much of it went, or -1: errno; ETIMEDOUT when the time was over. */
static ssize_t send_some(trimtab_client *client, const char *data, size_t size, int64_t deadline_ns)
{
    for (;;) {
        ssize_t sent = send(client->fd, data, size, MSG_NOSIGNAL);
        if (sent >= 0 || (errno != EAGAIN && errno != EINTR))
            return sent;
        int ready = wait_for(client->fd, POLLOUT, deadline_ns);
        if (ready < 0)
            return -1;
        if (ready == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
    }
}

static int send_all(trimtab_client *client, const char *data, size_t size, int64_t deadline_ns)
{
    for (size_t done = 0; done < size;) {
        ssize_t sent = send_some(client, data + done, size - done, deadline_ns);
        if (sent < 0 && errno == ETIMEDOUT && done == 0)
            return client_fail(client, TRIMTAB_CLIENT_TIMEOUT, "the server takes no request");
        if (sent < 0 && errno == ETIMEDOUT)
            return give_up(client, TRIMTAB_CLIENT_CLOSED, "the server stopped in the middle of a request");
        if (sent < 0)
            return give_up(client, TRIMTAB_CLIENT_CLOSED, "the server has closed the connection");
        done += (size_t)sent;
    }
    return TRIMTAB_CLIENT_OK;
}

static int send_line(trimtab_client *client, const char *request, size_t size, int64_t deadline_ns)
{
    struct buf line = {0};
    if (size == 0 || size > TRIMTAB_CLIENT_REQUEST_MAX)
        return client_fail(client, TRIMTAB_CLIENT_INVALID, size ? "the request is too long" : "the request is empty");
    if (client->fd < 0)
        return client_fail(client, TRIMTAB_CLIENT_CLOSED, "there is no connection");
    buf_add(&line, request, size);
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] == '\n' || line.data[i] == '\r')
            line.data[i] = ' ';
    buf_char(&line, '\n');
    int code = line.failed ? client_fail(client, TRIMTAB_CLIENT_NOMEM, "out of memory")
                           : send_all(client, line.data, line.size, deadline_ns);
    buf_finish(&line);
    return code;
}

int trimtab_client_send(trimtab_client *client, const char *request, double timeout)
{
    if (!client)
        return TRIMTAB_CLIENT_NOMEM;
    client->error[0] = '\0';
    return send_line(client, request, strlen(request), wait_until(timeout));
}

/* ---- calling ---- */

static bool id_is_sound(const json_t *id)
{
    return json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= LIMIT_ID_BYTES);
}

/* The request with an id; a new reference, or NULL with *code. */
static json_t *parse_request(trimtab_client *client, const char *text, int *code)
{
    json_error_t error;
    json_t *request = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    const json_t *id = json_object_get(request, "id");
    if (!request)
        *code = client_fail(client, TRIMTAB_CLIENT_INVALID, "the request is not JSON: %s", error.text);
    else if (!json_is_object(request))
        *code = client_fail(client, TRIMTAB_CLIENT_INVALID, "the request is not a JSON object");
    else if (id && !id_is_sound(id))
        *code = client_fail(client, TRIMTAB_CLIENT_INVALID, "an id is an integer or a string of at most %d bytes",
                            LIMIT_ID_BYTES);
    else if (!id && json_object_set_new(request, "id", json_sprintf("c%llu", (unsigned long long)++client->calls)) < 0)
        *code = client_fail(client, TRIMTAB_CLIENT_NOMEM, "out of memory");
    else
        return request;
    json_decref(request);
    return NULL;
}

static bool is_reply_to(const json_t *message, const json_t *id)
{
    if (json_object_get(message, "event"))
        return false;
    const json_t *echoed = json_object_get(message, "id");
    return echoed ? json_equal(echoed, id) : json_object_get(message, "CodeError") != NULL;
}

/* 1: *line is the reply; 0: it was kept; negative: a code. */
static int sort_out(trimtab_client *client, const char *line, size_t size, const json_t *id)
{
    json_t *message = json_loadb(line, size, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(message)) {
        json_decref(message);
        return give_up(client, TRIMTAB_CLIENT_FORMAT, "the server sent a line that is no JSON object");
    }
    bool mine = is_reply_to(message, id);
    json_decref(message);
    if (!mine && !inbox_keep(&client->inbox, line, size))
        return give_up(client, TRIMTAB_CLIENT_NOMEM, "out of memory");
    return mine;
}

static int await_reply(trimtab_client *client, const json_t *id, const char **reply, int64_t deadline_ns)
{
    const char *line;
    size_t size;
    int mine = 0;
    /* Events may come faster than they are read here: the time counts at each of them. */
    for (bool first = true; mine == 0; first = false) {
        if (!first && wait_is_over(deadline_ns))
            return client_fail(client, TRIMTAB_CLIENT_TIMEOUT, "no reply came in time");
        int code = next_line(client, &line, &size, deadline_ns);
        mine = code < 0 ? code : sort_out(client, line, size, id);
    }
    if (mine < 0)
        return mine;
    *reply = line;
    return TRIMTAB_CLIENT_OK;
}

int client_call_until(trimtab_client *client, const char *text, const char **reply, int64_t deadline_ns)
{
    int code = TRIMTAB_CLIENT_OK;
    json_t *request = parse_request(client, text, &code);
    if (!request)
        return code;
    char *line = json_dumps(request, JSON_COMPACT);
    code = line ? send_line(client, line, strlen(line), deadline_ns)
                : client_fail(client, TRIMTAB_CLIENT_NOMEM, "out of memory");
    free(line);
    if (code == TRIMTAB_CLIENT_OK)
        code = await_reply(client, json_object_get(request, "id"), reply, deadline_ns);
    json_decref(request);
    return code;
}

int trimtab_client_call(trimtab_client *client, const char *request, const char **reply, double timeout)
{
    *reply = NULL;
    if (!client)
        return TRIMTAB_CLIENT_NOMEM;
    client->error[0] = '\0';
    return client_call_until(client, request, reply, wait_until(timeout));
}
