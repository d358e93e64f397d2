#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/tokens.h"
#include "base/clock.h"
#include "cli/args.h"
#include "cli/chosen.h"
#include "cli/nearest.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/terms.h"
#include "cli/token_list.h"
#include "cli/verbs.h"

struct granting {
    const char *run, *name, *role, *expires, *rate;
    struct args_texts allow;
    bool person, json;
};

/* ---- add ---- */

static int read_limits(const struct granting *wanted, struct grant *grant)
{
    struct err err = {0};
    if (wanted->allow.count > LIMIT_GRANT_ALLOWS) {
        say_wrong("--allow is given more than %d times", LIMIT_GRANT_ALLOWS);
        return CLI_USAGE;
    }
    for (size_t i = 0; i < wanted->allow.count; i++)
        if (grant_allow_read(&grant->allow[grant->allows++], wanted->allow.item[i], &err) < 0) {
            say_wrong("--allow: %s", err.text);
            return CLI_USAGE;
        }
    if (wanted->rate && grant_rate_read(grant, wanted->rate, &err) < 0) {
        say_wrong("--rate: %s", err.text);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

static int read_grant(const struct granting *wanted, int64_t now_ns, struct grant *grant)
{
    struct err err = {0};
    *grant = (struct grant){.agent = !wanted->person};
    if (!wanted->name) {
        say_wrong("token add needs --name NAME: who asks, in the audit");
        return CLI_USAGE;
    }
    if (strlen(wanted->name) <= GRANT_NAME_BYTES)
        memcpy(grant->name, wanted->name, strlen(wanted->name));
    int status = terms_role("role", wanted->role, &grant->role);
    if (status == CLI_DONE)
        status = terms_expiry(wanted->expires, now_ns, &grant->expires_ns);
    if (status == CLI_DONE)
        status = read_limits(wanted, grant);
    if (status == CLI_DONE && grant_check(grant, &err) < 0) {
        say_wrong("%s", err.text);
        status = CLI_USAGE;
    }
    return status;
}

static void tell_added(const struct granting *wanted, const struct grant *grant, const char *text)
{
    struct buf out = {0};
    if (wanted->json) {
        json_t *told = token_list_entry(grant, grant->created_ns);
        json_object_set_new(told, "token", json_string(text));
        print_value(&out, told);
        json_decref(told);
    } else {
        buf_text(&out, text);
    }
    buf_char(&out, '\n');
    say_out(&out);
    buf_finish(&out);
    if (!wanted->json && isatty(STDERR_FILENO))
        say_wrong("the token of %s, a %s: it is told this once and kept nowhere", grant->name,
                  protocol_role_name(grant->role));
}

static int add(const struct granting *wanted, int run_fd)
{
    struct grant grant;
    struct err err;
    char text[TOKEN_TEXT];
    int64_t now_ns = clock_real_ns();
    int status = read_grant(wanted, now_ns, &grant);
    if (status != CLI_DONE)
        return status;
    if (tokens_add(run_fd, &grant, now_ns, text, &err) < 0) {
        say_wrong("%s", err.text);
        return CLI_REFUSED;
    }
    grant.created_ns = now_ns;
    tell_added(wanted, &grant, text);
    explicit_bzero(text, sizeof text);
    return CLI_DONE;
}

/* ---- revoke ---- */

static void say_missing(int run_fd, const char *name)
{
    struct nearest nearest = nearest_to(name);
    struct tokens tokens;
    tokens_read(run_fd, &tokens, NULL);
    for (size_t i = 0; i < tokens.count; i++)
        nearest_offer(&nearest, tokens.item[i].grant.name);
    if (nearest.best)
        say_wrong("there is no token named %s; did you mean %s?", name, nearest.best);
    else
        say_wrong("there is no token named %s; `trimtab token list` names them", name);
    tokens_finish(&tokens);
}

static int revoke_one(int run_fd, const char *name)
{
    struct err err;
    struct buf out = {0};
    int code = tokens_revoke(run_fd, name, &err);
    if (code == ERR_MISSING)
        say_missing(run_fd, name);
    else if (code < 0)
        say_wrong("%s", err.text);
    if (code < 0)
        return CLI_REFUSED;
    buf_text(&out, "revoked ");
    print_text(&out, name);
    buf_text(&out, ": its connections end now\n");
    say_out(&out);
    buf_finish(&out);
    return CLI_DONE;
}

static int revoke_all(int run_fd, char *const *names)
{
    int worst = CLI_DONE;
    for (; *names; names++)
        if (revoke_one(run_fd, *names) != CLI_DONE)
            worst = CLI_REFUSED;
    return worst;
}

/* ---- the verb ---- */

static const char *of_add(const struct granting *wanted)
{
    return wanted->name          ? "name"
           : wanted->role        ? "role"
           : wanted->expires     ? "expires"
           : wanted->rate        ? "rate"
           : wanted->allow.count ? "allow"
           : wanted->person      ? "person"
                                 : NULL;
}

static int say_unknown(const char *what)
{
    struct nearest nearest = nearest_to(what);
    nearest_offer(&nearest, "add");
    nearest_offer(&nearest, "list");
    nearest_offer(&nearest, "revoke");
    if (nearest.best)
        say_wrong("token has no `%s`; did you mean `%s`? See `trimtab token --help`", what, nearest.best);
    else
        say_wrong("token takes add, list or revoke, and not `%s`; see `trimtab token --help`", what);
    return CLI_USAGE;
}

static int check(const struct granting *wanted, const struct args *args)
{
    const char *what = args->operand[0], *option = of_add(wanted);
    bool is_add = strcmp(what, "add") == 0, is_revoke = strcmp(what, "revoke") == 0;
    if (!is_add && !is_revoke && strcmp(what, "list") != 0)
        return say_unknown(what);
    if (!is_add && option)
        say_wrong("--%s belongs to `token add`, not to `token %s`", option, what);
    else if (is_revoke && args->count == 1)
        say_wrong("token revoke needs the names of tokens: `trimtab token list` names them");
    else if (is_add && args->count > 1)
        say_wrong("token add takes the name with --name %s", args->operand[1]);
    else if (!is_revoke && args->count > 1)
        say_wrong("token %s takes nothing but options, and not `%s`", what, args->operand[1]);
    else
        return CLI_DONE;
    return CLI_USAGE;
}

static int carry_out(const struct granting *wanted, const struct args *args)
{
    struct chosen chosen;
    int status = check(wanted, args);
    if (status == CLI_DONE)
        status = chosen_open(&chosen, wanted->run);
    if (status != CLI_DONE)
        return status;
    if (strcmp(args->operand[0], "add") == 0)
        status = add(wanted, chosen.run_fd);
    else if (strcmp(args->operand[0], "revoke") == 0)
        status = revoke_all(chosen.run_fd, args->operand + 1);
    else
        status = token_list(chosen.run_fd, wanted->json || !isatty(STDOUT_FILENO));
    chosen_close(&chosen);
    return status;
}

int verb_token(int argc, char **argv)
{
    struct granting wanted = {0};
    struct args args;
    const struct args_option options[] = {
        {"run", ARGS_PATH, &wanted.run, "RUN", "its folder, or its name: the newest run of that name"},
        {"name", ARGS_TEXT, &wanted.name, "NAME", "of add: who it is, in the audit"},
        {"role", ARGS_TEXT, &wanted.role, "ROLE", "of add: viewer, controller or admin (viewer)"},
        {"allow", ARGS_TEXTS, &wanted.allow, "WHAT",
         "of add, of a controller: only this; may be repeated: lr, lr=1e-5..1e-3, checkpoint, pause"},
        {"rate", ARGS_TEXT, &wanted.rate, "N/UNIT", "of add, of a controller: so many changes in a s, min, h or d"},
        {"expires", ARGS_TEXT, &wanted.expires, "TIME", "of add: 90min, 8h, 7d, 2w, or never (never)"},
        {"person", ARGS_FLAG, &wanted.person, NULL, "of add: for a person, not for a program"},
        {"json", ARGS_FLAG, &wanted.json, NULL, "as JSON; so is the list when not on a terminal"},
    };
    const struct args_spec spec = {
        .verb = "token",
        .operands = "add | list | revoke NAME...",
        .details =
            "Works on the run's folder, whether a server is there or not; a server knows of it at once.\n"
            "add prints the token, this once: the run keeps its SHA-256 alone. Over TCP a program says hello with it;\n"
            "the verbs of this one take it from $TRIMTAB_TOKEN or --token-file. A controller's --allow names settings\n"
            "(with a range or without), actions, and pause, resume, advance, stop, say; without any, it may do all\n"
            "that its role may. revoke ends the token, and the connections that were made with it.\n\n"
            "Examples: export TRIMTAB_TOKEN=$(trimtab token add --name tuner --role controller \\\n"
            "            --allow lr=1e-5..1e-3 --allow checkpoint --rate 20/h --expires 8h)\n"
            "          trimtab token list\n"
            "          trimtab token revoke tuner\n\n"
            "Without --run: the run of $TRIMTAB_RUN, else the only one trained, or live.\n"
            "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no live run and none named.\n",
        .least = 1,
        .most = SIZE_MAX,
        .groups = {{options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    return status == ARGS_GO ? carry_out(&wanted, &args) : status;
}
