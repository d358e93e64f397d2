#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/folder.h"
#include "channel/liveness.h"
#include "cli/attempt.h"
#include "cli/command_name.h"
#include "cli/held.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/start.h"
#include "cli/verbs.h"

/* By the name that this program was called by: it need not be on the PATH. */
static void tell_verb(struct buf *out, const char *verb, const char *folder, const char *more)
{
    buf_text(out, "\n  ");
    print_text(out, program_invocation_name);
    buf_printf(out, " %s --run ", verb);
    print_text(out, folder);
    buf_text(out, more);
}

struct running {
    struct progress progress; /* first: what draws it takes it for this */
    const struct start *start;
};

/* On standard error: standard output is the command's. */
static void tell(void *context, const struct serve_place *place)
{
    const char *address = place->address, *folder = place->folder;
    const struct running *running = context;
    struct buf out = {0};
    start_warn(running->start);
    if (!running->progress.terminal.is_terminal)
        return;
    buf_printf(&out, "trimtab: %s serves ", address);
    print_text(&out, folder);
    tell_verb(&out, "status", folder, "");
    tell_verb(&out, "set", folder, " lr=3e-4");
    buf_char(&out, '\n');
    start_print_link(running->start, place, &out);
    if (!out.failed)
        fwrite(out.data, 1, out.size, stderr);
    buf_finish(&out);
}

/* The folder that was given; NULL: none. */
static const char *named_folder(const struct start *start)
{
    const char *named = start->run ? start->run : getenv("TRIMTAB_RUN");
    return named && *named ? named : NULL;
}

/* ---- --resume ---- */

/* The run that was named: there, and trained by nobody. A server that was left behind with it gives way: who resumes
 * serves. */
static int check_left(const char *named)
{
    struct folder folder;
    struct err err;
    int code = folder_open(&folder, named, true, &err);
    if (code == ERR_MISSING)
        say_wrong("there is no run to resume in %s; without --resume a new one is begun", named);
    else if (code < 0)
        say_wrong("%s", err.text);
    if (code < 0)
        return CLI_USAGE;
    struct held held = held_look(folder.run_fd);
    bool is_free = held.trainer != 0  ? !held_say(&held, folder.path)
                   : held.server != 0 ? held_end_server(folder.run_fd, folder.path)
                                      : true;
    folder_close(&folder);
    return is_free ? CLI_DONE : CLI_REFUSED;
}

/* A run that calls itself so may be of another project. */
static void say_none_left(const char *name)
{
    char home[PATH_MAX], path[PATH_MAX];
    struct err err;
    if (folder_home(name, home, &err) < 0)
        say_wrong("%s", err.text);
    else if (run_newest_named(name, path, &err) == 0)
        say_wrong("there is no run of %s to resume in %s; the newest of that name is resumed by --run %s", name, home,
                  path);
    else
        say_wrong("there is no run of %s to resume in %s; without --resume a new one is begun", name, home);
}

/* The newest run in the folder of this name, where none is named. */
static int choose_left(struct start *start, const char *name, char newest[PATH_MAX])
{
    struct err err;
    const char *named = named_folder(start);
    if (named)
        return check_left(named);
    int code = run_newest_left(name, NULL, newest, &err);
    if (code == ERR_MISSING)
        say_none_left(name);
    else if (code < 0)
        say_wrong("%s", err.text);
    if (code < 0)
        return CLI_USAGE;
    start->run = newest;
    return check_left(newest);
}

/* ---- the verb ---- */

static void say_untrained(const struct attempt *attempt, int exit_status)
{
    struct buf rest = {0};
    if (attempt_printed(attempt))
        buf_printf(&rest, "what it printed is kept in %s/output", attempt->path);
    else
        buf_printf(&rest, "it printed nothing%s", attempt_undo(attempt) ? ", and the new run is not kept" : "");
    say_wrong("the command ended with exit status %d and never began to train; %s", exit_status, buf_string(&rest));
    buf_finish(&rest);
}

static int run_command(struct start *start, const char *name, char **command, bool resume)
{
    struct serve_result result = {0};
    struct err err;
    struct running running = {.progress = progress_on(STDERR_FILENO), .start = start};
    struct serve_options wanted = {
        .command = command,
        .name = name,
        .resume = resume,
        .terminal_fd = STDOUT_FILENO,
        .context = &running,
        .ready = tell,
        .progress = progress_draw,
        .clear = progress_clear,
    };
    struct attempt attempt = attempt_begin(start->path, named_folder(start) != NULL);
    int status = start_serving(start, &wanted, &result, &err);
    progress_clear(&running.progress);
    if (status != CLI_DONE) {
        say_wrong("%s", err.text);
        attempt_undo(&attempt);
        return status;
    }
    if (!attempt_trained(&attempt))
        say_untrained(&attempt, result.exit_status);
    return result.exit_status;
}

int verb_run(int argc, char **argv)
{
    struct start start;
    struct args args;
    char newest[PATH_MAX], own_name[NAME_MAX + 1];
    const char *name = NULL;
    bool resume = false;
    const struct args_option options[] = {
        {"name", ARGS_TEXT, &name, "NAME",
         "its folder below $TRIMTAB_HOME: a name or a project (the program's: train of train.py)"},
        {"resume", ARGS_FLAG, &resume, NULL, "go on with the run, else the newest in that folder that nobody trains"},
    };
    const struct args_spec spec = {
        .verb = "run",
        .operands = "[--] COMMAND [ARGUMENT...]",
        .details =
            "The command finds its run in $TRIMTAB_RUN; what it prints is kept in FOLDER/output too. Without --run\n"
            "a new folder is made: $TRIMTAB_HOME/NAME/DATE-TIME (TRIMTAB_HOME is ./trimtab-runs unless set).\n"
            "The first Ctrl-C asks the training to stop in good order; signals are passed on to the command.\n"
            "With --resume it also finds TRIMTAB_RESUME=1: it is to begin with the newest checkpoint of the run. A\n"
            "server that was left behind with that run ends.\n\n"
            "Examples: trimtab run -- build/examples/gpt/gpt --steps 2000\n"
            "          trimtab run -- python train.py                 NAME is train\n"
            "          trimtab run --name digits --resume -- python train.py\n\n"
            "A command that ends without having trained is told of; where it has printed nothing, the new folder "
            "goes.\n"
            "Exit status: the command's own, 128 + N if signal N killed it; 1 the run or the address cannot be\n"
            "served, 2 wrong usage, or nothing to resume: then the command was not started.\n",
        .least = 1,
        .most = SIZE_MAX,
        .is_command = true,
        .groups = {start_options(&start), {options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    command_name(args.operand, own_name);
    if (!name)
        name = own_name;
    if (resume)
        status = choose_left(&start, name, newest);
    if (status == ARGS_GO || status == CLI_DONE)
        status = start_choose(&start, name);
    return status == CLI_DONE ? run_command(&start, name, args.operand, resume) : status;
}
