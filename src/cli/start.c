#include "cli/start.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/folder.h"
#include "cli/invite.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/terms.h"
#include "cli/verbs.h"

struct args_group start_options(struct start *start)
{
    const struct args_option options[START_OPTIONS] = {
        {"run", ARGS_PATH, &start->run, "FOLDER", "the run"},
        {"listen", ARGS_TEXT, &start->listen, "HOST:PORT",
         "an address; port 0 is a free one (127.0.0.1:7342, or the next free port)"},
        {"auth", ARGS_TEXT, &start->auth, "token|none",
         "none, on loopback alone: everybody on this machine may do everything (token)"},
        {"host", ARGS_TEXTS, &start->hosts, "NAME",
         "a host name by which browsers reach it, as of a proxy; may be repeated"},
        {"link", ARGS_TEXT, &start->link, "ROLE", "of the link that a terminal is shown: a role, or none (viewer)"},
        {"full-sync", ARGS_FLAG, &start->full_sync, NULL, "no commit is lost even by a power cut; slower"},
    };
    *start = (struct start){0};
    memcpy(start->options, options, sizeof options);
    return (struct args_group){start->options, START_OPTIONS};
}

static int check_auth(struct start *start)
{
    if (start->auth && strcmp(start->auth, "none") != 0 && strcmp(start->auth, "token") != 0) {
        say_wrong("--auth %s is not known: there are token and none", start->auth);
        return CLI_USAGE;
    }
    start->auth_none = start->auth && strcmp(start->auth, "none") == 0;
    return CLI_DONE;
}

void start_warn(const struct start *start)
{
    if (start->auth_none)
        say_wrong("--auth none: everybody on this machine can steer the run");
}

static int check_hosts(const struct args_texts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++) {
        const char *name = hosts->item[i];
        size_t size = strlen(name);
        if (size > 0 && size <= 253 && strcspn(name, ":/@[]?# \t\n") == size)
            continue;
        say_wrong("--host takes a host name, without a port, and not `%s`", name);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

static int check_link(struct start *start)
{
    start->link_role = ROLE_NONE;
    if (start->link && strcmp(start->link, "none") == 0)
        return CLI_DONE;
    return terms_role("link", start->link, &start->link_role);
}

int start_choose(struct start *start, const char *name)
{
    struct err err;
    int status = check_hosts(&start->hosts);
    if (status == CLI_DONE)
        status = check_link(start);
    if (status == CLI_DONE)
        status = check_auth(start);
    if (status != CLI_DONE)
        return status;
    if (folder_choose(start->run, name, start->path, &err) == 0)
        return CLI_DONE;
    say_wrong("%s", err.text);
    return CLI_USAGE;
}

int start_serving(struct start *start, struct serve_options *options, struct serve_result *result, struct err *err)
{
    options->run = start->path;
    options->listen = start->listen;
    options->port_is_a_wish = !start->listen;
    options->full_sync = start->full_sync;
    options->auth_none = start->auth_none;
    options->hosts = start->hosts.item;
    options->hosts_count = start->hosts.count;
    int code = serve(options, result, err);
    return code == 0 ? CLI_DONE : code == ERR_INVALID ? CLI_USAGE : CLI_REFUSED;
}

/* ---- a link ---- */

static int make_link(const struct start *start, const struct serve_place *place, char link[INVITE_LINK_MAX],
                     struct err *err)
{
    struct grant grant = {.name = INVITE_NAME, .role = start->link_role};
    char host[INVITE_HOST_MAX];
    int64_t now_ns = clock_real_ns();
    invite_host(host, place->address);
    if (start->auth_none || place->token) {
        invite_link(link, host, place->token);
        return 0;
    }
    terms_expiry(INVITE_EXPIRES, now_ns, &grant.expires_ns);
    int fd = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 ? err_errno(err, ERR_SYSTEM, "cannot open %s", place->folder)
                      : invite_make(fd, host, &grant, now_ns, link, err);
    if (fd >= 0)
        close(fd);
    return code;
}

void start_print_link(const struct start *start, const struct serve_place *place, struct buf *out)
{
    char link[INVITE_LINK_MAX];
    struct err err;
    if (start->link_role == ROLE_NONE)
        return;
    if (make_link(start, place, link, &err) < 0) {
        say_wrong("no link: %s", err.text);
        return;
    }
    buf_printf(out, "  %s\n", link);
    explicit_bzero(link, sizeof link);
    if (start->auth_none || place->token || start->link_role != ROLE_VIEWER)
        return;
    buf_text(out, "  to steer from the browser: ");
    print_text(out, program_invocation_name);
    buf_text(out, " link --role controller --run ");
    print_shell_word(out, place->folder);
    buf_char(out, '\n');
}

void start_add_read_only(json_t *told, const struct serve_place *place)
{
    char host[INVITE_HOST_MAX], link[INVITE_LINK_MAX];
    if (!place->read_only)
        return;
    json_object_set_new(told, "read_only", json_true());
    invite_host(host, place->address);
    invite_link(link, host, place->token);
    json_object_set_new(told, "link", json_string(link));
    explicit_bzero(link, sizeof link);
}
