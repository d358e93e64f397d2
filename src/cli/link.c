#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/folder.h"
#include "cli/args.h"
#include "cli/chosen.h"
#include "cli/held.h"
#include "cli/invite.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/terms.h"
#include "cli/verbs.h"
#include "trimtab/client.h"

#define ANSWER_SECONDS 5.0

struct linking {
    const char *run, *name, *role, *expires, *host;
    bool json;
    struct chosen chosen;
    char address[INVITE_HOST_MAX]; /* of the server, as a browser reaches it */
    bool is_open;                  /* the server needs no token */
    struct grant grant;
    char link[INVITE_LINK_MAX];
};

/* ---- the server ---- */

static int say_unserved(const struct linking *linking)
{
    struct buf line = {0};
    buf_text(&line, "nobody serves this run, and a link needs a server: trimtab serve --detach --run ");
    print_shell_word(&line, linking->chosen.path);
    say_wrong("%s", buf_string(&line));
    buf_finish(&line);
    return CLI_NO_SERVER;
}

static int say_silent(const struct linking *linking)
{
    say_wrong("the server of %s does not answer", linking->chosen.path);
    return CLI_NO_SERVER;
}

/* Does it take tokens? */
static bool ask_hello(struct linking *linking)
{
    const char *reply, *auth = NULL;
    trimtab_client *client = trimtab_client_create();
    bool asked = trimtab_client_connect_run(client, linking->chosen.path, ANSWER_SECONDS) == TRIMTAB_CLIENT_OK &&
                 trimtab_client_call(client, "{\"code\":1}", &reply, ANSWER_SECONDS) == TRIMTAB_CLIENT_OK;
    json_t *hello = asked ? json_loads(reply, JSON_ALLOW_NUL, NULL) : NULL;
    json_unpack(hello, "{s:{s:s}}", "result", "auth", &auth);
    linking->is_open = auth && strcmp(auth, "none") == 0;
    json_decref(hello);
    trimtab_client_close(client);
    return auth;
}

static int find_server(struct linking *linking)
{
    char address[INVITE_HOST_MAX];
    if (held_look(linking->chosen.run_fd).server == 0)
        return say_unserved(linking);
    if (!ask_hello(linking) || folder_address(linking->chosen.path, address, sizeof address, NULL) < 0)
        return say_silent(linking);
    invite_host(linking->address, linking->host ? linking->host : address);
    return CLI_DONE;
}

/* ---- telling ---- */

static void tell_json(const struct linking *linking, struct buf *out)
{
    const struct grant *grant = &linking->grant;
    json_t *told = json_pack("{s:s, s:s, s:s, s:o}", "link", linking->link, "name", grant->name, "role",
                             protocol_role_name(grant->role), "expires",
                             grant->expires_ns ? json_real((double)(grant->expires_ns / 1000) / 1e6) : json_null());
    print_value(out, told);
    json_decref(told);
}

static void explain(const struct linking *linking, struct buf *out)
{
    const struct grant *grant = &linking->grant;
    if (linking->is_open) {
        buf_text(out, "this server needs no token: whoever reaches it may do everything\n");
        return;
    }
    buf_printf(out, "whoever has it is %s %s", grant->role == ROLE_ADMIN ? "an" : "a", protocol_role_name(grant->role));
    if (grant->expires_ns)
        print_clock(out, (double)grant->expires_ns / 1e9, " until %Y-%m-%d %H:%M");
    buf_text(out, "; to end it: trimtab token revoke ");
    if (linking->run) {
        buf_text(out, "--run ");
        print_shell_word(out, linking->run);
        buf_char(out, ' ');
    }
    print_shell_word(out, grant->name);
    buf_char(out, '\n');
}

/* Apart from the link, which may go into a pipe. */
static void advise(const struct linking *linking)
{
    struct buf out = {0}, tunnel = {0};
    explain(linking, &out);
    invite_print_tunnel(&tunnel, linking->address);
    if (tunnel.size > 0)
        buf_printf(&out, "from elsewhere: %s, and there the same link\n", buf_string(&tunnel));
    if (!out.failed)
        fwrite(out.data, 1, out.size, stderr);
    buf_finish(&tunnel);
    buf_finish(&out);
}

static void tell(const struct linking *linking)
{
    struct buf out = {0};
    if (linking->json)
        tell_json(linking, &out);
    else
        buf_text(&out, linking->link);
    buf_char(&out, '\n');
    say_out(&out);
    buf_finish(&out);
    if (!linking->json && isatty(STDERR_FILENO))
        advise(linking);
}

/* ---- the verb ---- */

static int make(struct linking *linking, int64_t now_ns)
{
    struct err err;
    if (linking->is_open) {
        linking->grant = (struct grant){.name = "anonymous", .role = ROLE_ADMIN};
        invite_link(linking->link, linking->address, NULL);
        return CLI_DONE;
    }
    if (invite_make(linking->chosen.run_fd, linking->address, &linking->grant, now_ns, linking->link, &err) == 0)
        return CLI_DONE;
    say_wrong("%s", err.text);
    return CLI_REFUSED;
}

/* HOST:PORT, as it stands in a link. */
static bool is_host(const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t size = strlen(text);
    return colon && colon > text && colon[1] && colon[1 + strspn(colon + 1, "0123456789")] == '\0' &&
           size < INVITE_HOST_MAX && strcspn(text, " \t/\\#?@%\"'<>") == size;
}

static int check(struct linking *linking, int64_t now_ns)
{
    struct grant *grant = &linking->grant;
    const char *name = linking->name ? linking->name : INVITE_NAME;
    struct err err;
    int status = terms_role("role", linking->role, &grant->role);
    if (status == CLI_DONE)
        status = terms_expiry(linking->expires ? linking->expires : INVITE_EXPIRES, now_ns, &grant->expires_ns);
    if (status != CLI_DONE)
        return status;
    if (strlen(name) <= GRANT_NAME_BYTES)
        memcpy(grant->name, name, strlen(name));
    if (grant_check(grant, &err) < 0)
        say_wrong("%s", err.text);
    else if (linking->host && !is_host(linking->host))
        say_wrong("--host takes HOST:PORT, as a browser reaches the server, not `%s`", linking->host);
    else
        return CLI_DONE;
    return CLI_USAGE;
}

static int carry_out(struct linking *linking)
{
    int64_t now_ns = clock_real_ns();
    int status = check(linking, now_ns);
    if (status == CLI_DONE)
        status = chosen_open(&linking->chosen, linking->run);
    if (status == CLI_DONE)
        status = find_server(linking);
    if (status == CLI_DONE)
        status = make(linking, now_ns);
    if (status == CLI_DONE)
        tell(linking);
    chosen_close(&linking->chosen);
    explicit_bzero(linking->link, sizeof linking->link);
    return status;
}

int verb_link(int argc, char **argv)
{
    struct linking linking = {.chosen.run_fd = -1};
    struct args args;
    const struct args_option options[] = {
        {"run", ARGS_PATH, &linking.run, "RUN", "its folder, or its name: the newest run of that name"},
        {"role", ARGS_TEXT, &linking.role, "ROLE", "viewer, controller or admin (viewer)"},
        {"name", ARGS_TEXT, &linking.name, "NAME", "who it is, in the audit (link, link-2, ...)"},
        {"expires", ARGS_TEXT, &linking.expires, "TIME", "90min, 8h, 7d, 2w, or never (30d)"},
        {"host", ARGS_TEXT, &linking.host, "HOST:PORT", "how the browser reaches the server (the server's address)"},
        {"json", ARGS_FLAG, &linking.json, NULL, "the link, and what it is good for, as JSON"},
    };
    const struct args_spec spec = {
        .verb = "link",
        .operands = "",
        .details =
            "Makes a person's token and prints the link with it: whoever opens it in a browser watches the run, and\n"
            "with --role controller steers it. `trimtab token list` names these tokens, `trimtab token revoke link`\n"
            "ends one. A browser elsewhere comes through ssh: ssh -L 7342:127.0.0.1:7342 HOST, then the same link.\n\n"
            "Example: trimtab link --role controller\n\n"
            "Without --run: the run of $TRIMTAB_RUN, else the only one trained, or live.\n"
            "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no server.\n",
        .groups = {{options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    return status == ARGS_GO ? carry_out(&linking) : status;
}
