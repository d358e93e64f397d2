#include "cli/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/live.h"
#include "cli/named.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/verbs.h"

#define CONNECT_SECONDS 5.0

struct args_group session_options(struct session *session)
{
    *session = (struct session){.terminal = terminal_of(STDOUT_FILENO)};
    const struct args_option options[SESSION_OPTIONS] = {
        {"run", ARGS_PATH, &session->run, "RUN", "its folder, or its name: the newest run of that name"},
        {"connect", ARGS_TEXT, &session->address, "HOST:PORT", "its server's address instead"},
        {"token-file", ARGS_PATH, &session->token_file, "FILE",
         "with --connect: the token is its first line; - is standard input ($TRIMTAB_TOKEN)"},
        {"name", ARGS_TEXT, &session->name, "NAME", "who asks (the run's own socket knows the login name anyway)"},
        {"json", ARGS_FLAG, &session->json, NULL,
         "the reply as it came; most verbs print it too when not on a terminal"},
        {"text", ARGS_FLAG, &session->text, NULL, "for people, also when not on a terminal"},
    };
    memcpy(session->options, options, sizeof options);
    return (struct args_group){session->options, SESSION_OPTIONS};
}

int session_find(struct session *session)
{
    const char *run = session->run ? session->run : getenv("TRIMTAB_RUN");
    bool found = *session->path || !run || !*run || named_find(run, session->path);
    return found ? CLI_DONE : CLI_NO_SERVER;
}

int session_lost(const struct session *session)
{
    say_wrong("%s", trimtab_client_error(session->client));
    return CLI_NO_SERVER;
}

/* How a token is given, to who gave none. */
static const char *advice(const struct session *session)
{
    return *session->token ? "" : "; it is taken from $TRIMTAB_TOKEN or --token-file";
}

int session_refused(const struct session *session)
{
    say_wrong("%s%s", trimtab_client_error(session->client), advice(session));
    return CLI_REFUSED;
}

/* A run that is there but not served has ended, or is recorded without a server. */
static void say_unserved(const struct session *session)
{
    struct buf line = {0};
    buf_text(&line, trimtab_client_error(session->client));
    buf_text(&line, "; to look at it: trimtab serve --detach --until-idle 600 --run ");
    print_shell_word(&line, session->path);
    say_wrong("%s", buf_string(&line));
    buf_finish(&line);
}

static int connect_once(struct session *session, double seconds)
{
    int code = trimtab_client_set_token(session->client, session->token);
    if (code < 0 && session->address)
        return code;
    return session->address ? trimtab_client_connect_address(session->client, session->address, seconds)
                            : trimtab_client_connect_run(session->client, session->path, seconds);
}

static int connect_client(struct session *session)
{
    int status = session->address ? CLI_DONE : session_find(session);
    if (status != CLI_DONE)
        return status;
    if (!session->address && !*session->path) {
        session->client = live_only(session->token, &status, session->path);
        return status;
    }
    session->client = trimtab_client_create();
    int code = connect_once(session, CONNECT_SECONDS);
    if (code == TRIMTAB_CLIENT_OK)
        return CLI_DONE;
    if (code == TRIMTAB_CLIENT_REFUSED)
        return session_refused(session);
    if (code == TRIMTAB_CLIENT_NOBODY && !session->address && access(session->path, F_OK) == 0)
        say_unserved(session);
    else
        session_lost(session);
    return code == TRIMTAB_CLIENT_INVALID && session->address ? CLI_USAGE : CLI_NO_SERVER;
}

int session_take_token(struct session *session)
{
    return *session->token ? CLI_DONE : secret_read(session->token_file, session->token);
}

static json_t *introduction(const struct session *session)
{
    json_t *hello = session_request(CODE_HELLO);
    json_object_set_new(hello, protocol_arg_name(ARG_NAME), json_string(session->name));
    return hello;
}

bool session_is_json(const struct session *session)
{
    return session->json || (!session->text && !session->terminal.is_terminal);
}

int session_open(struct session *session)
{
    session->json = session_is_json(session);
    if (session->run && session->address) {
        say_wrong("--run and --connect name two servers: give one of them");
        return CLI_USAGE;
    }
    int status = session_take_token(session);
    if (status == CLI_DONE)
        status = connect_client(session);
    if (status != CLI_DONE || !session->name)
        return status;
    return session_ask(session, introduction(session), SESSION_REPLY_SECONDS);
}

int session_reopen(struct session *session, double seconds)
{
    int code = connect_once(session, seconds);
    return code < 0 || !session->name ? code : session_try(session, introduction(session), seconds);
}

void session_close(struct session *session)
{
    json_decref(session->reply);
    trimtab_client_close(session->client);
    explicit_bzero(session->token, sizeof session->token);
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
    if (field_integer(session->reply, "CodeError") == ERROR_AUTHORISED && session->address)
        buf_text(&text, advice(session));
    say_wrong("%s", buf_string(&text));
    buf_finish(&text);
    return CLI_REFUSED;
}

int session_try(struct session *session, json_t *request, double seconds)
{
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    int code = trimtab_client_call(session->client, text ? text : "", &session->line, seconds);
    free(text);
    json_decref(session->reply);
    session->reply = code < 0 ? NULL : json_loads(session->line, JSON_ALLOW_NUL, NULL);
    return code;
}

int session_ask(struct session *session, json_t *request, double seconds)
{
    int code = session_try(session, request, seconds);
    if (code < 0)
        return session_lost(session) && code == TRIMTAB_CLIENT_INVALID ? CLI_USAGE : CLI_NO_SERVER;
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

int session_plain(const char *verb, enum code code, const char *details, print_reply_fn *print, int argc, char **argv)
{
    struct session session;
    struct args args;
    const struct args_spec spec = {
        .verb = verb,
        .operands = "",
        .details = details,
        .groups = {session_options(&session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    return status == ARGS_GO ? session_once(&session, session_request(code), SESSION_REPLY_SECONDS, print) : status;
}
