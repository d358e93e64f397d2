#include <dirent.h>
#include <jansson.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/background.h"
#include "cli/known.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/verbs.h"

static void tell(void *context, const char *address, const char *folder)
{
    const bool *json = context;
    struct buf out = {0};
    if (*json) {
        json_t *told = json_pack("{s:s, s:s}", "address", address, "run", folder);
        print_value(&out, told);
        json_decref(told);
    } else {
        buf_printf(&out, "%s serves ", address);
        print_text(&out, folder);
    }
    buf_char(&out, '\n');
    say_out(&out);
    buf_finish(&out);
}

static int serve_here(struct start *start, struct serve_options *wanted, bool json)
{
    struct serve_result result;
    struct err err;
    wanted->context = &json;
    wanted->ready = tell;
    int status = start_serving(start, wanted, &result, &err);
    if (status != CLI_DONE)
        say_wrong("%s", err.text);
    return status;
}

/* What a run's folder may hold before it is one. */
static bool is_own(const char *name)
{
    static const char *const names[] = {".", "..", "lock", "trainer", "address", "output", "server.log", "resume"};
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

int verb_serve(int argc, char **argv)
{
    struct start start;
    struct args args;
    struct args_seconds until_idle = {0};
    bool json = false, detach = false;
    const struct args_option options[] = {
        {"detach", ARGS_FLAG, &detach, NULL, "in the background, with RUN/server.log; returns once it listens"},
        {"until-idle", ARGS_SECONDS, &until_idle, "SECONDS",
         "end once no trainer lives, no client was there for so long, and all is stored (0: never)"},
        {"json", ARGS_FLAG, &json, NULL, "tell the address as JSON; so it is too when not on a terminal"},
    };
    const struct args_spec spec = {
        .verb = "serve",
        .operands = "",
        .details =
            "Tells the address once it listens. SIGINT, SIGTERM or `trimtab shutdown` end it in good order; the\n"
            "training goes on and is recorded without it. After SIGTERM or a crash a trainer that may start servers\n"
            "by itself starts another; after `trimtab shutdown` and Ctrl-C it does not.\n\n"
            "Examples: trimtab serve --run runs/gpt/20261122-101500\n"
            "          trimtab serve --run runs/gpt/20261122-101500 --detach --until-idle 600\n\n"
            "Exit status: 0 ended, 1 the run or the address cannot be served, 2 wrong usage. With --detach 0: it "
            "listens.\n",
        .groups = {start_options(&start), {options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    const char *named = getenv("TRIMTAB_RUN");
    if (!start.run && !(named && *named)) {
        say_wrong("serve needs a run: name it with --run FOLDER");
        return CLI_USAGE;
    }
    json = json || !isatty(STDOUT_FILENO);
    status = start_choose(&start, NULL);
    if (status != CLI_DONE)
        return status;
    if (is_foreign(start.path)) {
        say_wrong("%s is no run, and other things lie in it; `trimtab ls` lists your runs", start.path);
        return CLI_REFUSED;
    }
    struct serve_options wanted = {.terminal_fd = -1, .until_idle = until_idle.value};
    return detach ? background_serve(&start, &wanted, json) : serve_here(&start, &wanted, json);
}
