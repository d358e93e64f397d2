#include <errno.h>
#include <string.h>
#include <unistd.h>

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

/* On standard error: standard output is the command's. */
static void tell(void *context, const char *address, const char *folder)
{
    const struct progress *progress = context;
    struct buf out = {0};
    const char *colon = strrchr(address, ':');
    if (!progress->terminal.is_terminal)
        return;
    buf_printf(&out, "trimtab: %s serves ", address);
    print_text(&out, folder);
    tell_verb(&out, "status", folder, "");
    tell_verb(&out, "set", folder, " lr=3e-4");
    buf_char(&out, '\n');
    if (colon)
        buf_printf(&out, "  echo '{\"code\":3}' | nc %.*s %s\n", (int)(colon - address), address, colon + 1);
    if (!out.failed)
        fwrite(out.data, 1, out.size, stderr);
    buf_finish(&out);
}

int verb_run(int argc, char **argv)
{
    struct start start;
    struct args args;
    struct serve_result result = {0};
    const char *name = NULL;
    const struct args_option options[] = {
        {"name", ARGS_TEXT, &name, "NAME", "the run's name (the command's)"},
    };
    const struct args_spec spec = {
        .verb = "run",
        .operands = "[--] COMMAND [ARGUMENT...]",
        .details =
            "The command finds its run in $TRIMTAB_RUN; what it prints is kept in FOLDER/output too. Without --run\n"
            "a new folder is made: $TRIMTAB_HOME/NAME/DATE-TIME (TRIMTAB_HOME is ./trimtab-runs unless set).\n"
            "The first Ctrl-C asks the training to stop in good order; signals are passed on to the command.\n\n"
            "Examples: trimtab run -- build/examples/gpt/gpt --steps 2000\n"
            "          trimtab run --name digits -- python train.py\n\n"
            "Exit status: the command's own, 128 + N if signal N killed it; 1 the run or the address cannot be\n"
            "served, 2 wrong usage: then the command was not started.\n",
        .least = 1,
        .most = SIZE_MAX,
        .is_command = true,
        .groups = {start_options(&start), {options, 1}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    if (!name)
        name = basename(args.operand[0]);
    struct progress progress = progress_on(STDERR_FILENO);
    struct serve_options wanted = {
        .command = args.operand,
        .name = name,
        .terminal_fd = STDOUT_FILENO,
        .context = &progress,
        .ready = tell,
        .progress = progress_draw,
        .clear = progress_clear,
    };
    status = start_serving(&start, name, &wanted, &result);
    progress_clear(&progress);
    return status == CLI_DONE ? result.exit_status : status;
}
