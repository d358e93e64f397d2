#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/background.h"
#include "cli/known.h"
#include "cli/named.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/verbs.h"

struct serving {
    bool json;
    const struct start *start;
};

static void tell(void *context, const struct serve_place *place)
{
    const struct serving *serving = context;
    struct buf out = {0};
    start_warn(serving->start);
    if (serving->json) {
        json_t *told = json_pack("{s:s, s:s}", "address", place->address, "run", place->folder);
        start_add_read_only(told, place);
        print_value(&out, told);
        json_decref(told);
        buf_char(&out, '\n');
    } else {
        buf_printf(&out, "%s serves ", place->address);
        print_text(&out, place->folder);
        buf_text(&out, place->read_only ? " read-only\n" : "\n");
        start_print_link(serving->start, place, &out);
    }
    say_out(&out);
    buf_finish(&out);
}

static int serve_here(struct start *start, struct serve_options *wanted, bool json)
{
    struct serve_result result;
    struct err err;
    struct serving serving = {.json = json, .start = start};
    wanted->context = &serving;
    wanted->ready = tell;
    int status = start_serving(start, wanted, &result, &err);
    if (status != CLI_DONE)
        say_wrong("%s", err.text);
    return status;
}

/* What a run's folder may hold before it is one. */
static bool is_own(const char *name)
{
    static const char *const names[] = {".",      "..",         "lock",   "trainer", "address",
                                        "output", "server.log", "resume", "tokens",  "tokens.lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Is it a folder with other things in it, such as the one in which the runs lie? */
static bool is_foreign(const char *path)
{
    DIR *folder = opendir(path);
    bool foreign = false;
    if (!folder)
        return false; /* there is none yet; or the server will say what is wrong with it */
    if (!known_is_run(dirfd(folder)) && faccessat(dirfd(folder), "local", F_OK, 0) < 0)
        for (const struct dirent *entry; !foreign && (entry = readdir(folder));)
            foreign = !is_own(entry->d_name);
    closedir(folder);
    return foreign;
}

/* RUN may stand there without --run; it is then one that is there, so that no typing error begins a new one. */
static int take_run(struct start *start, const struct args *args)
{
    const char *named = getenv("TRIMTAB_RUN");
    struct stat status;
    if (args->count > 0 && start->run) {
        say_wrong("%s and --run %s name two runs: give one of them", args->operand[0], start->run);
        return CLI_USAGE;
    }
    if (args->count > 0) {
        if (!named_find(args->operand[0], start->found))
            return CLI_REFUSED;
        start->run = start->found;
        if (stat(start->run, &status) == 0)
            return CLI_DONE;
        say_wrong("there is no run at %s: %s; trimtab serve --run %s begins one", start->run, strerror(errno),
                  start->run);
        return CLI_REFUSED;
    }
    if (start->run || (named && *named))
        return CLI_DONE;
    say_wrong("serve needs a run: name it, or a new one with --run FOLDER");
    return CLI_USAGE;
}

static int choose(struct start *start, const struct args *args)
{
    int status = take_run(start, args);
    if (status == CLI_DONE)
        status = start_choose(start, NULL);
    if (status != CLI_DONE || !is_foreign(start->path))
        return status;
    say_wrong("%s is no run, and other things lie in it; `trimtab ls` lists your runs", start->path);
    return CLI_REFUSED;
}

int verb_serve(int argc, char **argv)
{
    struct start start;
    struct args args;
    struct args_seconds until_idle = {0};
    bool json = false, detach = false, read_only = false;
    const struct args_option options[] = {
        {"detach", ARGS_FLAG, &detach, NULL, "in the background, with RUN/server.log; returns once it listens"},
        {"until-idle", ARGS_SECONDS, &until_idle, "SECONDS",
         "end once no trainer lives, no client was there for so long, and all is stored (0: never)"},
        {"read-only", ARGS_FLAG, &read_only, NULL, "write nothing in the folder: no socket there, TCP alone"},
        {"json", ARGS_FLAG, &json, NULL, "tell the address as JSON; so it is too when not on a terminal"},
    };
    const struct args_spec spec = {
        .verb = "serve",
        .operands = "[RUN]",
        .most = 1,
        .details =
            "A run that is live, waits for its trainer, or has ended: that is shown as it is, and not a byte of its\n"
            "run.db changes. Where the folder cannot be written (somebody else's, a read-only disk) it is served as\n"
            "with --read-only: clients then need --connect ADDRESS. --run FOLDER begins a run where there is none.\n\n"
            "Tells the address once it listens. SIGINT, SIGTERM or `trimtab shutdown` end it in good order; the\n"
            "training goes on and is recorded without it. After SIGTERM or a crash a trainer that may start servers\n"
            "by itself starts another; after `trimtab shutdown` and Ctrl-C it does not.\n\n"
            "Examples: trimtab serve runs/gpt/20261122-101500\n"
            "          trimtab serve --run runs/gpt/20261122-101500 --detach --until-idle 600\n\n"
            "Exit status: 0 ended, 1 the run or the address cannot be served, 2 wrong usage. With --detach 0: it "
            "listens.\n",
        .groups = {start_options(&start), {options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    json = json || !isatty(STDOUT_FILENO);
    status = choose(&start, &args);
    if (status != CLI_DONE)
        return status;
    struct serve_options wanted = {.terminal_fd = -1, .until_idle = until_idle.value, .read_only = read_only};
    return detach ? background_serve(&start, &wanted, json) : serve_here(&start, &wanted, json);
}
