#include "cli/held.h"

#include <poll.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "channel/liveness.h"
#include "cli/print.h"
#include "cli/say.h"
#include "protocol/protocol.h"
#include "trimtab/client.h"

#define ANSWER_SECONDS 5.0
#define END_NS INT64_C(10000000000) /* it stores what is left first */
#define LOOK_MS 20

static pid_t holder_of(int run_fd, const char *lock)
{
    struct holder holder;
    lock_look(run_fd, lock, &holder, NULL);
    return holder.pid;
}

struct held held_look(int run_fd)
{
    return (struct held){.trainer = holder_of(run_fd, "trainer"), .server = holder_of(run_fd, "lock")};
}

/* `others`: who is connected to it, or "". */
static void say_holder(const char *folder, const char *does, pid_t pid, const char *others, const char *verb)
{
    struct buf who = {0};
    if (pid > 0)
        buf_printf(&who, "process %d", (int)pid);
    else
        buf_text(&who, "a process of another host");
    if (*others)
        buf_printf(&who, ", and connected to it: %s", others);
    say_wrong("%s is %s by %s; this ends it: trimtab %s --run %s", folder, does, buf_string(&who), verb, folder);
    buf_finish(&who);
}

bool held_say(const struct held *held, const char *folder)
{
    if (held->trainer != 0)
        say_holder(folder, "trained", held->trainer, "", "stop");
    else if (held->server != 0)
        say_holder(folder, "served", held->server, "", "shutdown");
    return held->trainer != 0 || held->server != 0;
}

/* ---- its server ---- */

/* The result of a request without parameters; NULL where there is none. */
static json_t *ask(trimtab_client *client, enum code code)
{
    char request[32];
    const char *reply;
    snprintf(request, sizeof request, "{\"code\":%d}", (int)code);
    if (trimtab_client_call(client, request, &reply, ANSWER_SECONDS) != TRIMTAB_CLIENT_OK)
        return NULL;
    json_t *message = json_loads(reply, JSON_ALLOW_NUL, NULL);
    json_t *result = json_incref(json_object_get(message, "result"));
    json_decref(message);
    return result;
}

static trimtab_client *connect_to(const char *folder)
{
    trimtab_client *client = trimtab_client_create();
    if (trimtab_client_connect_run(client, folder, ANSWER_SECONDS) == TRIMTAB_CLIENT_OK)
        return client;
    trimtab_client_close(client);
    return NULL;
}

static bool has_ended(trimtab_client *client)
{
    json_t *status = ask(client, CODE_STATUS);
    const char *state = field_text(json_object_get(status, "run"), "state");
    bool ended =
        print_state_is_end(state) && json_is_false(json_object_get(json_object_get(status, "trainer"), "attached"));
    json_decref(status);
    return ended;
}

static void name_others(trimtab_client *client, struct buf *others)
{
    json_t *told = ask(client, CODE_CLIENTS), *clients = json_object_get(told, "clients"), *one;
    json_int_t more = field_integer(told, "total") - (json_int_t)json_array_size(clients);
    size_t i;
    if (!clients)
        buf_text(others, "nobody knows who");
    json_array_foreach(clients, i, one)
    {
        if (json_is_true(json_object_get(one, "you")))
            continue;
        buf_text(others, others->size > 0 ? ", " : "");
        print_member(others, one, "name");
        buf_text(others, " (");
        print_member(others, one, "transport");
        buf_char(others, ')');
    }
    if (more > 0)
        buf_printf(others, " and %lld more", (long long)more);
    json_decref(told);
}

bool held_is_idle(const struct held *held, const char *folder)
{
    if (held->trainer != 0 || held->server == 0)
        return !held_say(held, folder);
    struct buf others = {0};
    trimtab_client *client = connect_to(folder);
    bool ended = client && has_ended(client);
    if (ended)
        name_others(client, &others);
    trimtab_client_close(client);
    bool idle = ended && others.size == 0;
    if (!idle)
        say_holder(folder, "served", held->server, buf_string(&others), "shutdown");
    buf_finish(&others);
    return idle;
}

static bool ask_to_end(const char *folder)
{
    trimtab_client *client = connect_to(folder);
    json_t *asked = client ? ask(client, CODE_SHUTDOWN) : NULL;
    trimtab_client_close(client);
    json_decref(asked);
    return asked;
}

bool held_end_server(int run_fd, const char *folder)
{
    int64_t until_ns = clock_monotonic_ns() + END_NS;
    bool asked = ask_to_end(folder);
    struct held held = held_look(run_fd);
    while (asked && held.server != 0 && clock_monotonic_ns() < until_ns) {
        poll(NULL, 0, LOOK_MS);
        held = held_look(run_fd);
    }
    return !held_say(&held, folder);
}
