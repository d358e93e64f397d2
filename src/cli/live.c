#include "cli/live.h"

#include <jansson.h>
#include <string.h>

#include "base/folder.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define LIVE_MAX 32
#define QUICK_SECONDS 1.0

/* The server of a run that has ended stays for a while: it is not what is meant while another is being trained. */
enum rank { RANK_ENDED, RANK_WAITING, RANK_TRAINED };

struct live {
    trimtab_client *client[LIVE_MAX]; /* all of this rank, the highest that was met */
    size_t count;
    enum rank rank;
    const char *token;
    char path[PATH_MAX]; /* of the one found last */
};

static json_t *ask_status(trimtab_client *client)
{
    const char *reply;
    return trimtab_client_call(client, "{\"code\":3}", &reply, QUICK_SECONDS) < 0 ? NULL : json_loads(reply, 0, NULL);
}

/* One that does not tell may be trained: no other is then chosen in its place. */
static enum rank rank_of(trimtab_client *client)
{
    json_t *status = ask_status(client);
    const json_t *result = json_object_get(status, "result");
    const char *state = field_text(json_object_get(result, "run"), "state");
    bool ended = print_state_is_end(state);
    bool trained = !result || json_is_true(json_object_get(json_object_get(result, "trainer"), "attached"));
    json_decref(status);
    return trained ? RANK_TRAINED : ended ? RANK_ENDED : RANK_WAITING;
}

static void drop_all(struct live *live)
{
    while (live->count > 0)
        trimtab_client_close(live->client[--live->count]);
}

static void add(struct live *live, trimtab_client *client, const char *path)
{
    enum rank rank = rank_of(client);
    if (rank < live->rank || (rank == live->rank && live->count == LIVE_MAX)) {
        trimtab_client_close(client);
        return;
    }
    if (rank > live->rank)
        drop_all(live);
    live->rank = rank;
    live->client[live->count++] = client;
    snprintf(live->path, sizeof live->path, "%s", path);
}

static int add_if_live(void *context, const char *path)
{
    struct live *live = context;
    trimtab_client *client = trimtab_client_create();
    trimtab_client_set_token(client, live->token);
    if (trimtab_client_connect_run(client, path, QUICK_SECONDS) == TRIMTAB_CLIENT_OK)
        add(live, client, path);
    else
        trimtab_client_close(client);
    return live->rank == RANK_TRAINED && live->count == LIVE_MAX;
}

/* "FOLDER: running, step 412"; one that does not tell is left out. */
static void describe_run(struct buf *out, trimtab_client *client)
{
    json_t *status = ask_status(client);
    const json_t *run = json_object_get(json_object_get(status, "result"), "run");
    if (run) {
        buf_text(out, "\n  ");
        print_member(out, run, "folder");
        buf_text(out, ": ");
        print_member(out, run, "state");
        if (json_is_integer(json_object_get(run, "step")))
            buf_printf(out, ", step %lld", (long long)field_integer(run, "step"));
    }
    json_decref(status);
}

static int say_several(const struct live *live)
{
    struct buf list = {0};
    for (size_t i = 0; i < live->count; i++)
        describe_run(&list, live->client[i]);
    say_wrong("several runs are %s: choose one with --run%s",
              live->rank == RANK_TRAINED ? "being trained" : "live, and none is being trained", buf_string(&list));
    buf_finish(&list);
    return CLI_USAGE;
}

static int say_none(void)
{
    say_wrong("no live run is known; name one with --run FOLDER or --connect HOST:PORT, or start one with "
              "`trimtab run -- COMMAND`");
    return CLI_NO_SERVER;
}

trimtab_client *live_only(const char *token, int *status, char path[PATH_MAX])
{
    struct live live = {.token = token};
    folder_each_known(add_if_live, &live);
    *status = live.count == 0 ? say_none() : live.count == 1 ? CLI_DONE : say_several(&live);
    memcpy(path, live.path, PATH_MAX);
    if (live.count == 1)
        return live.client[0];
    drop_all(&live);
    return NULL;
}
