/* say.c: what clients say. It is kept first, then told to everybody and answered. */
#include <stdlib.h>

#include "server/server.h"
#include "server/tell.h"
#include "wire/reply.h"
#include "wire/server_view.h"

struct saying {
    uint64_t number, job; /* job: the commit that keeps it */
    uint64_t client;
    struct request_id id;
    unsigned level;
    int64_t step, time_ns; /* step MAILBOX_NO_STEP: none is known */
    char by[160];
    char *text;
};

static int keep(struct server *server, struct saying *saying, struct refusal *refusal)
{
    struct store_row row = {.kind = STORE_ROW_SAID,
                            .time_ns = saying->time_ns,
                            .ticket = saying->number,
                            .actor = saying->by,
                            .detail = saying->text,
                            .level = saying->level,
                            .step_known = saying->step != MAILBOX_NO_STEP,
                            .step = saying->step};
    if (lanes_failing(&server->lanes))
        return refuse(refusal, ERROR_STORAGE, "it cannot be kept: %s", server->lanes.err.text);
    if (!lanes_add(&server->lanes, &row, &saying->job))
        return refuse(refusal, ERROR_STORAGE, "it cannot be kept: too many records wait");
    return 0;
}

static bool has_room(struct sayings *sayings)
{
    if (!sayings->item)
        sayings->item = calloc(LIMIT_SAYINGS_WAITING, sizeof *sayings->item);
    return sayings->item && sayings->count < LIMIT_SAYINGS_WAITING;
}

int say_accept(struct client *client, const struct request *request, const struct answer *answer,
               struct refusal *refusal)
{
    struct server *server = client->server;
    struct sayings *sayings = &server->sayings;
    const struct text text = request->arg[ARG_TEXT].text;
    if (!has_room(sayings))
        return refuse(refusal, ERROR_LIMIT, "%d messages wait to be kept already; try again", LIMIT_SAYINGS_WAITING);
    struct saying *saying = &sayings->item[sayings->count];
    *saying = (struct saying){.number = sayings->next,
                              .client = client->id,
                              .id = request->id,
                              .level = answer->level,
                              .step = answer->from != MAILBOX_NO_STEP ? answer->from
                                      : server->run.step_known        ? server->run.step
                                                                      : MAILBOX_NO_STEP,
                              .time_ns = server->now_ns,
                              .text = strndup(text.data, text.size)};
    client_actor(client, saying->by);
    int status = saying->text ? keep(server, saying, refusal) : refuse(refusal, ERROR_INTERNAL, "out of memory");
    if (status < 0) {
        free(saying->text);
        return status;
    }
    sayings->next++;
    sayings->count++;
    return 0;
}

/* To everybody, and the reply to whoever said it. */
static void tell(struct server *server, const struct saying *saying)
{
    struct buf line;
    struct said said = {.id = saying->number,
                        .level = saying->level,
                        .text = saying->text,
                        .by = (char *)saying->by,
                        .step = saying->step,
                        .time_ns = saying->time_ns};
    run_said(&server->run, said.id, said.level, text_from(said.text), said.by, said.step, said.time_ns);
    tell_said(server, &said);
    struct client *client = client_with(server, saying->client);
    if (!client)
        return;
    buf_init(&line);
    reply_open(&line, CODE_SAY, &saying->id);
    result_said(&line, saying->number, saying->step, saying->time_ns);
    reply_close(&line);
    client_answer(client, CODE_SAY, ERROR_NONE, &line);
}

static void give_up(struct server *server, const struct saying *saying)
{
    struct client *client = client_with(server, saying->client);
    struct refusal refusal = {0};
    struct buf line;
    lanes_take_back(&server->lanes, STORE_ROW_SAID, saying->number);
    if (!client)
        return;
    refuse(&refusal, ERROR_STORAGE, "it cannot be kept: %s", server->lanes.err.text);
    buf_init(&line);
    reply_refusal(&line, &refusal, true, CODE_SAY, &saying->id);
    client_answer(client, CODE_SAY, refusal.error, &line);
}

void say_stored(struct server *server, bool ok)
{
    struct sayings *sayings = &server->sayings;
    size_t kept = 0;
    for (size_t i = 0; i < sayings->count; i++) {
        struct saying *saying = &sayings->item[i];
        if (ok && saying->job > server->lanes.committed_job) {
            sayings->item[kept++] = *saying;
            continue;
        }
        if (ok)
            tell(server, saying);
        else
            give_up(server, saying);
        free(saying->text);
    }
    sayings->count = kept;
}

bool say_is_waiting(const struct server *server)
{
    return server->sayings.count > 0;
}

void say_finish(struct server *server)
{
    for (size_t i = 0; i < server->sayings.count; i++)
        free(server->sayings.item[i].text);
    free(server->sayings.item);
    server->sayings = (struct sayings){0};
}
