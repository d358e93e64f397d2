#include "cli/import.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "trimtab/trimtab.h"

#define NAMED_MOST 5 /* folders in a sentence */

/* ---- the name of the runs ---- */

/* That of the folder that LOGDIR is, or in which it lies. */
static char *name_of(const char *logdir)
{
    struct stat status;
    char *path = realpath(logdir, NULL), *slash = path ? strrchr(path, '/') : NULL;
    if (slash && stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
        *slash = '\0';
        slash = strrchr(path, '/');
    }
    char name[TRIMTAB_NAME_MAX + 1];
    snprintf(name, sizeof name, "%s", slash && slash[1] ? slash + 1 : "imported");
    utf8_make_harmless(name, strlen(name));
    free(path);
    return strdup(name);
}

static int choose_name(struct import *import, char **chosen)
{
    *chosen = NULL;
    if (!import->name)
        import->name = *chosen = name_of(import->logdir);
    if (!import->name) {
        say_wrong("out of memory");
        return CLI_REFUSED;
    }
    if (utf8_is_name(import->name, strlen(import->name)))
        return CLI_DONE;
    say_wrong("a run's name is 1 to %d bytes of UTF-8 without control characters", TRIMTAB_NAME_MAX);
    return CLI_USAGE;
}

/* ---- what is to be made ---- */

static int say_several(const struct import *import, size_t count)
{
    struct buf list = {0};
    for (size_t i = 0, named = 0; i < import->groups.count && named < NAMED_MOST; i++) {
        if (import->groups.group[i].count == 0)
            continue;
        buf_text(&list, named++ ? ", " : "");
        print_text(&list, *import->groups.group[i].name ? import->groups.group[i].name : ".");
    }
    say_wrong("%s holds %zu runs (%s%s), and --run is one folder: leave --run away, or name one of them as LOGDIR",
              import->logdir, count, buf_string(&list), count > NAMED_MOST ? ", ..." : "");
    buf_finish(&list);
    return CLI_USAGE;
}

static int plan(struct import *import)
{
    size_t count = 0;
    int status = import_find(&import->groups, import->logdir);
    for (size_t i = 0; i < import->groups.count; i++)
        count += import->groups.group[i].count > 0;
    if (status != CLI_DONE)
        return status;
    if (count == 0) {
        if (import->groups.unread)
            say_wrong("there is nothing else in %s: no run was made", import->logdir);
        else
            say_wrong("there is no event file of TensorBoard in %s (they have `tfevents` in their names)",
                      import->logdir);
        return CLI_REFUSED;
    }
    if (count > 1 && import->run)
        return say_several(import, count);
    import->left_out.unread = import->groups.unread;
    import->made = calloc(count, sizeof *import->made);
    if (import->made)
        return CLI_DONE;
    say_wrong("out of memory");
    return CLI_REFUSED;
}

/* ---- all or none ---- */

static int fill_all(struct import *import)
{
    int status = CLI_DONE;
    for (size_t i = 0; i < import->groups.count && status == CLI_DONE; i++)
        if (import->groups.group[i].count > 0)
            status = import_fill(import, &import->groups.group[i]);
    if (status != CLI_DONE || import->made_count > 0)
        return status;
    say_wrong("there are no %sscalars in %s: no run was made", import->series.count ? "such " : "", import->logdir);
    return CLI_REFUSED;
}

static int publish_all(struct import *import)
{
    struct err err;
    for (size_t i = 0; i < import->made_count; i++)
        if (import_place_publish(&import->made[i].place, &err) < 0) {
            say_wrong("%s", err.text);
            return CLI_REFUSED;
        }
    return CLI_DONE;
}

static int carry_out(struct import *import)
{
    const struct import_left_out *left_out = &import->left_out;
    int status = plan(import);
    if (status == CLI_DONE)
        status = fill_all(import);
    if (status == CLI_DONE)
        status = interrupt_came() ? CLI_REFUSED : publish_all(import);
    if (status == CLI_DONE)
        import_tell(import);
    else /* the last first: it may lie in a folder that was made for the first */
        for (size_t i = import->made_count; i > 0; i--)
            import_place_abandon(&import->made[i - 1].place);
    free(import->made);
    import_groups_finish(&import->groups);
    return status == CLI_DONE && (left_out->damaged || left_out->unread) ? CLI_REFUSED : status;
}

int verb_import(int argc, char **argv)
{
    struct import import = {0};
    struct args args;
    char *chosen;
    const struct args_option options[] = {
        {"name", ARGS_TEXT, &import.name, "NAME", "of the runs (that of the folder LOGDIR)"},
        {"run", ARGS_PATH, &import.run, "FOLDER",
         "the run's folder, which is new or empty; where LOGDIR holds one run"},
        {"series", ARGS_TEXTS, &import.series, "GLOB", "only of these series; may be given several times"},
        {"json", ARGS_FLAG, &import.json, NULL, "tell what was made as JSON; so it is too when not on a terminal"},
    };
    const struct args_spec spec = {
        .verb = "import",
        .operands = "LOGDIR",
        .details =
            "Reads the scalars of TensorBoard's event files (those with `tfevents` in their names) in LOGDIR and "
            "below\n"
            "it. Each folder that holds some becomes one run, $TRIMTAB_HOME/NAME/FOLDER (./trimtab-runs unless set),\n"
            "which has finished: `trimtab serve RUN` shows it. All are made, or none. LOGDIR may be one file, too.\n"
            "Steps and times are as they come, the files of a folder one after the other in the order of their first\n"
            "records. Where a step goes back, a new segment of the series begins, and replaces what was there from "
            "that\n"
            "step on: `trimtab export --segments` gives all points.\n\n"
            "Examples: trimtab import logs\n"
            "          trimtab import logs/exp1/train --run runs/exp1\n\n"
            "Exit status: 0 imported, 1 refused (nothing was made), or something in the files could not be read (the\n"
            "rest is there), 2 wrong usage.\n",
        .least = 1,
        .most = 1,
        .groups = {{options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    import.logdir = args.operand[0];
    import.json = import.json || !isatty(STDOUT_FILENO);
    import.meter = meter_on(STDERR_FILENO, true);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    interrupt_watch();
    status = choose_name(&import, &chosen);
    if (status == CLI_DONE)
        status = carry_out(&import);
    free(chosen);
    if (status != CLI_DONE)
        interrupt_pass_on();
    return status;
}
