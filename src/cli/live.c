#include "cli/live.h"

#include <jansson.h>
#include <string.h>

#include "base/folder.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define LIVE_MAX 32
#define QUICK_SECONDS 1.0

struct live {
    trimtab_client *client[LIVE_MAX];
    size_t count;
    const char *token;
    char path[PATH_MAX]; /* of the one found last */
};

static int add_if_live(void *context, const char *path)
{
    struct live *live = context;
    trimtab_client *client = trimtab_client_create();
    trimtab_client_set_token(client, live->token);
    if (trimtab_client_connect_run(client, path, QUICK_SECONDS) == TRIMTAB_CLIENT_OK) {
        live->client[live->count++] = client;
        snprintf(live->path, sizeof live->path, "%s", path);
    } else {
        trimtab_client_close(client);
    }
    return live->count == LIVE_MAX;
}

/* "FOLDER: running, step 412"; one that does not tell is left out. */
static void describe_run(struct buf *out, trimtab_client *client)
{
    const char *reply;
    if (trimtab_client_call(client, "{\"code\":3}", &reply, QUICK_SECONDS) < 0)
        return;
    json_t *status = json_loads(reply, 0, NULL);
    const json_t *run = json_object_get(json_object_get(status, "result"), "run");
    buf_text(out, "\n  ");
    print_member(out, run, "folder");
    buf_text(out, ": ");
    print_member(out, run, "state");
    if (json_is_integer(json_object_get(run, "step")))
        buf_printf(out, ", step %lld", (long long)field_integer(run, "step"));
    json_decref(status);
}

static int say_several(const struct live *live)
{
    struct buf list = {0};
    for (size_t i = 0; i < live->count; i++)
        describe_run(&list, live->client[i]);
    say_wrong("several runs are live: choose one with --run%s", buf_string(&list));
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
    trimtab_client *only = live.count == 1 ? live.client[0] : NULL;
    memcpy(path, live.path, PATH_MAX);
    for (size_t i = 0; i < live.count; i++)
        if (live.client[i] != only)
            trimtab_client_close(live.client[i]);
    return only;
}
