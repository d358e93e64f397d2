#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "cli/session.h"
#include "cli/verbs.h"

/* Prints what comes up to the reply: each request has exactly one, and it is no event. */
static int await_reply(struct session *session, double seconds)
{
    struct buf out = {0};
    int status = -1;
    while (status < 0) {
        const char *line;
        if (trimtab_client_next(session->client, &line, seconds) < 0)
            return session_lost(session);
        json_t *message = json_loads(line, JSON_ALLOW_NUL, NULL);
        session_line(session, &out, line);
        say_out(&out);
        if (!json_object_get(message, "event"))
            status = json_object_get(message, "result") ? CLI_DONE : CLI_REFUSED;
        json_decref(message);
    }
    buf_finish(&out);
    return status;
}

static int call(struct session *session, const char *request, double seconds)
{
    int code = trimtab_client_send(session->client, request, seconds);
    if (code == TRIMTAB_CLIENT_INVALID) {
        say_wrong("%s", trimtab_client_error(session->client));
        return CLI_USAGE;
    }
    return code < 0 ? session_lost(session) : await_reply(session, seconds);
}

static int call_lines(struct session *session, double seconds)
{
    char *line = NULL;
    size_t capacity = 0;
    int worst = CLI_DONE;
    while (worst <= CLI_REFUSED && getline(&line, &capacity, stdin) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        int status = *line ? call(session, line, seconds) : CLI_DONE;
        worst = status > worst ? status : worst;
    }
    free(line);
    return worst;
}

static int call_all(struct session *session, const struct args *args, double seconds)
{
    int worst = session_open(session);
    if (worst == CLI_DONE && args->count == 0)
        worst = call_lines(session, seconds);
    for (size_t i = 0; i < args->count && worst <= CLI_REFUSED; i++) {
        int status = call(session, args->operand[i], seconds);
        worst = status > worst ? status : worst;
    }
    session_close(session);
    return worst;
}

int verb_call(int argc, char **argv)
{
    struct session session;
    struct args args;
    struct args_seconds timeout = {.value = SESSION_REPLY_SECONDS + LIMIT_WAIT_DEFAULT_SECONDS};
    const struct args_option options[] = {
        {"timeout", ARGS_SECONDS, &timeout, "SECONDS", "how long to wait for each reply (90)"},
    };
    const struct args_spec spec = {
        .verb = "call",
        .operands = "[REQUEST...]",
        .details =
            "Each REQUEST is one JSON object; without any they are read from standard input, one a line. Each is\n"
            "sent when the one before it was answered. 1 is the exit status if any reply was an error.\n\n"
            "Examples: trimtab call '{\"code\":3}'\n"
            "          trimtab call < requests.ndjson\n\n" SESSION_EXIT_CODES,
        .most = SIZE_MAX,
        .groups = {{options, 1}, session_options(&session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    return status == ARGS_GO ? call_all(&session, &args, timeout.value) : status;
}
