#include "cli/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/live.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define CONNECT_SECONDS 5.0

struct args_group session_options(struct session *session)
{
    *session = (struct session){.terminal = terminal_of(STDOUT_FILENO)};
    const struct args_option options[SESSION_OPTIONS] = {
        {"run", ARGS_PATH, &session->run, "FOLDER", "the run"},
        {"connect", ARGS_TEXT, &session->address, "HOST:PORT", "its server's address instead"},
        {"name", ARGS_TEXT, &session->name, "NAME", "who asks (the run's own socket knows the login name anyway)"},
        {"json", ARGS_FLAG, &session->json, NULL, "the reply as it came; so it is too when not on a terminal"},
    };
    memcpy(session->options, options, sizeof options);
    return (struct args_group){session->options, SESSION_OPTIONS};
}

const char *session_run(const struct session *session)
{
    const char *run = session->run ? session->run : getenv("TRIMTAB_RUN");
    return run && *run ? run : NULL;
}

int session_lost(const struct session *session)
{
    say_wrong("%s", trimtab_client_error(session->client));
    return CLI_NO_SERVER;
}

static int connect_client(struct session *session)
{
    const char *run = session_run(session);
    int status = CLI_DONE;
    if (!session->address && !run) {
        session->client = live_only(&status);
        return status;
    }
    session->client = trimtab_client_create();
    int code = session->address ? trimtab_client_connect_address(session->client, session->address, CONNECT_SECONDS)
                                : trimtab_client_connect_run(session->client, run, CONNECT_SECONDS);
    if (code == TRIMTAB_CLIENT_OK)
        return CLI_DONE;
    session_lost(session);
    return code == TRIMTAB_CLIENT_INVALID && session->address ? CLI_USAGE : CLI_NO_SERVER;
}

static int introduce(struct session *session)
{
    json_t *hello = session_request(CODE_HELLO);
    json_object_set_new(hello, "name", json_string(session->name));
    return session_ask(session, hello, SESSION_REPLY_SECONDS);
}

int session_open(struct session *session)
{
    session->json = session->json || !session->terminal.is_terminal;
    if (session->run && session->address) {
        say_wrong("--run and --connect name two servers: give one of them");
        return CLI_USAGE;
    }
    int status = connect_client(session);
    return status == CLI_DONE && session->name ? introduce(session) : status;
}

void session_close(struct session *session)
{
    json_decref(session->reply);
    trimtab_client_close(session->client);
    session->reply = NULL;
    session->client = NULL;
}

json_t *session_request(enum code code)
{
    return json_pack("{s:i}", "code", (int)code);
}

void session_line(const struct session *session, struct buf *out, const char *line)
{
    if (session->terminal.is_terminal)
        print_text(out, line);
    else
        buf_text(out, line);
    buf_char(out, '\n');
}

static int refused(struct session *session)
{
    struct buf text = {0};
    if (session->json) {
        session_line(session, &text, session->line);
        say_out(&text);
    }
    print_refusal(&text, session->reply);
    say_wrong("%s", buf_string(&text));
    buf_finish(&text);
    return CLI_REFUSED;
}

int session_ask(struct session *session, json_t *request, double seconds)
{
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    if (!text) {
        say_wrong("a value is not UTF-8, or there is no memory");
        return CLI_USAGE;
    }
    int code = trimtab_client_call(session->client, text, &session->line, seconds);
    free(text);
    if (code < 0)
        return session_lost(session);
    json_decref(session->reply);
    session->reply = json_loads(session->line, JSON_ALLOW_NUL, NULL);
    return json_object_get(session->reply, "result") ? CLI_DONE : refused(session);
}

int session_show(struct session *session, print_reply_fn *print)
{
    struct buf out = {0};
    if (session->json)
        session_line(session, &out, session->line);
    else
        print(&out, session->reply, &session->terminal);
    say_out(&out);
    buf_finish(&out);
    return CLI_DONE;
}

int session_once(struct session *session, json_t *request, double seconds, print_reply_fn *print)
{
    int status = session_open(session);
    if (status == CLI_DONE)
        status = session_ask(session, request, seconds);
    else
        json_decref(request);
    if (status == CLI_DONE)
        status = session_show(session, print);
    session_close(session);
    return status;
}
