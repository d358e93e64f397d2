#include "cli/held.h"

#include <poll.h>
#include <stdio.h>

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

static void say_holder(const char *folder, const char *does, pid_t pid, const char *verb)
{
    struct buf who = {0};
    if (pid > 0)
        buf_printf(&who, "process %d", (int)pid);
    else
        buf_text(&who, "a process of another host");
    say_wrong("%s is %s by %s; this ends it: trimtab %s --run %s", folder, does, buf_string(&who), verb, folder);
    buf_finish(&who);
}

bool held_say(const struct held *held, const char *folder)
{
    if (held->trainer != 0)
        say_holder(folder, "trained", held->trainer, "stop");
    else if (held->server != 0)
        say_holder(folder, "served", held->server, "shutdown");
    return held->trainer != 0 || held->server != 0;
}

static bool ask_to_end(const char *folder)
{
    char request[32];
    const char *reply;
    snprintf(request, sizeof request, "{\"code\":%d}", CODE_SHUTDOWN);
    trimtab_client *client = trimtab_client_create();
    bool asked = trimtab_client_connect_run(client, folder, ANSWER_SECONDS) == TRIMTAB_CLIENT_OK &&
                 trimtab_client_call(client, request, &reply, ANSWER_SECONDS) == TRIMTAB_CLIENT_OK;
    trimtab_client_close(client);
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
