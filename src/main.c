/* main.c: the verbs of the one program. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/complete.h"
#include "cli/nearest.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "trimtab/trimtab.h"

static const struct verb verbs[] = {
#define VERB(name, summary) {#name, summary, verb_##name},
#include "cli/verbs.def"
#undef VERB
};

#define VERBS (sizeof verbs / sizeof *verbs)

static int print_help(void)
{
    struct buf out = {0};
    buf_text(&out, "usage: trimtab VERB [OPTION...]\n\n"
                   "Watch and steer a training run while it runs.\n\n");
    for (size_t i = 0; i < VERBS; i++)
        buf_printf(&out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    buf_text(&out, "  help       print this, or the help of a verb\n\n"
                   "`trimtab VERB --help` tells more. `trimtab --version` prints the version.\n");
    say_out(&out);
    buf_finish(&out);
    return CLI_DONE;
}

/* The words of a line behind the program's name, up to the cursor: the completion script of the shell asks. */
static int complete(int argc, char **argv)
{
    char mark[] = COMPLETE_MARK;
    const char *verb = argc > 2 && strcmp(argv[1], "help") != 0 ? argv[1] : "";
    if (argc == 2 || (argc == 3 && !*verb))
        complete_first(argv[argc - 1]);
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, verb) != 0)
            continue;
        argv[0] = argv[1];
        argv[1] = mark;
        return verbs[i].run(argc, argv);
    }
    return CLI_DONE;
}

static const struct verb *find(const char *name)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
        nearest_offer(&nearest, verbs[i].name);
    }
    nearest_offer(&nearest, "help");
    if (nearest.best)
        say_wrong("there is no verb `%s`; did you mean `%s`? See `trimtab help`", name, nearest.best);
    else
        say_wrong("there is no verb `%s`; see `trimtab help`", name);
    return NULL;
}

static int help(const char *name)
{
    char flag[] = "--help", verb_name[] = "help";
    char *argv[] = {verb_name, flag, NULL};
    if (!name)
        return print_help();
    const struct verb *verb = find(name);
    return verb ? verb->run(2, argv) : CLI_USAGE;
}

static int carry_out(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (argc < 2) {
        say_wrong("what is to be done? See `trimtab help`");
        return CLI_USAGE;
    }
    if (strcmp(name, "--version") == 0)
        return puts("trimtab " TRIMTAB_VERSION) < 0 ? CLI_REFUSED : CLI_DONE;
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argv[2]);
    if (strcmp(name, "complete") == 0)
        return complete(argc - 1, argv + 1);
    const struct verb *verb = find(name);
    return verb ? verb->run(argc - 1, argv + 1) : CLI_USAGE;
}

/* Started without standard input, output or error, the next file opened would take their place: what is meant for the
 * terminal would be written into it. */
static void open_standard(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    open_standard();
    int status = carry_out(argc, argv);
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status != CLI_DONE)
        return status;
    say_wrong("standard output cannot be written");
    return CLI_REFUSED;
}
