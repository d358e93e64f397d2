#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/print.h"
#include "cli/removal.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "store/summary.h"

struct rm {
    bool yes, everything, passed_over; /* passed_over: something that was named is no run */
    struct removal *removal;
    size_t count;
};

/* ---- asking ---- */

static void add_row(struct table *table, const struct removal *removal)
{
    struct buf text = {0};
    struct err err;
    store_summary(removal->path, &text, &err);
    json_t *run = json_loads(buf_string(&text), JSON_ALLOW_NUL, NULL);
    table_text(table, field_text(run, "name"));
    print_bytes(&table->text, (double)removal->bytes);
    table_cell(table);
    if (json_is_integer(json_object_get(run, "step")))
        buf_printf(&table->text, "step %lld", (long long)field_integer(run, "step"));
    table_cell(table);
    table_text(table, removal->path);
    table_row(table);
    json_decref(run);
    buf_finish(&text);
}

static void show(const struct rm *rm)
{
    struct buf out = {0};
    struct table table = {0};
    for (size_t i = 0; i < rm->count; i++)
        add_row(&table, &rm->removal[i]);
    table_print(&table, &out, "goes");
    for (size_t i = 0; i < rm->count; i++) {
        if (rm->removal[i].other_count == 0)
            continue;
        table_text(&table, rm->removal[i].path);
        table_text(&table, buf_string(&rm->removal[i].others));
        table_row(&table);
    }
    table_print(&table, &out, rm->everything ? "goes too" : "stays");
    say_out(&out);
    buf_finish(&out);
}

/* CLI_DONE: they are to go. */
static int ask(const struct rm *rm)
{
    char answer[16] = "";
    if (rm->yes)
        return CLI_DONE;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        say_wrong("rm asks before it removes anything, and nobody can be asked here: give it --yes");
        return CLI_USAGE;
    }
    show(rm);
    fputs("remove? [y/N] ", stdout);
    fflush(stdout);
    if (fgets(answer, sizeof answer, stdin) && (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
        return CLI_DONE;
    say_wrong("nothing was removed");
    return CLI_REFUSED;
}

/* ---- removing ---- */

static void tell(const struct removal *removal)
{
    struct buf out = {0};
    buf_text(&out, "removed ");
    print_text(&out, removal->path);
    buf_text(&out, " (");
    print_bytes(&out, (double)removal->bytes);
    buf_char(&out, ')');
    if (removal->other_count > 0) {
        buf_text(&out, "; the folder stays with ");
        buf_add(&out, removal->others.data, removal->others.size);
        buf_text(&out, " (--everything removes these too)");
    }
    buf_char(&out, '\n');
    say_out(&out);
    buf_finish(&out);
}

static bool is_named_already(const struct rm *rm, const char *path)
{
    for (size_t i = 0; i < rm->count; i++)
        if (strcmp(rm->removal[i].path, path) == 0)
            return true;
    return false;
}

/* All that were named are looked at before the first goes: one that is held is a reason to remove none, what is no run
 * is passed over. */
static int look(struct rm *rm, const struct args *args)
{
    int status = CLI_DONE;
    rm->removal = calloc(args->count, sizeof *rm->removal);
    for (size_t i = 0; rm->removal && i < args->count && status == CLI_DONE; i++) {
        struct removal *removal = &rm->removal[rm->count];
        status = removal_open(removal, args->operand[i], rm->everything);
        bool goes = status == CLI_DONE && !is_named_already(rm, removal->path);
        if (status != CLI_DONE && !removal->is_run) {
            rm->passed_over = true;
            status = CLI_DONE;
        }
        if (goes)
            rm->count++;
        else
            removal_close(removal);
    }
    return rm->count > 0 ? status : CLI_REFUSED;
}

static int remove_all(struct rm *rm)
{
    int worst = rm->passed_over ? CLI_REFUSED : CLI_DONE;
    for (size_t i = 0; i < rm->count; i++) {
        int status = removal_carry_out(&rm->removal[i], rm->everything);
        if (status == CLI_DONE)
            tell(&rm->removal[i]);
        else
            worst = status;
    }
    return worst;
}

int verb_rm(int argc, char **argv)
{
    struct rm rm = {0};
    struct args args;
    const struct args_option options[] = {
        {"yes", ARGS_FLAG, &rm.yes, NULL, "do not ask; needed where there is no terminal"},
        {"everything", ARGS_FLAG, &rm.everything, NULL, "also what trimtab did not put there: checkpoints, ..."},
    };
    const struct args_spec spec = {
        .verb = "rm",
        .operands = "RUN...",
        .details =
            "Removes the history, the audit, the output and all else that trimtab has written for these runs, and the\n"
            "folder where it is then empty. Other files in it stay, and are named; with --everything they go, also "
            "later:\n"
            "a folder $TRIMTAB_HOME/NAME/DATE-TIME was made for a run. RUN is a folder, or a name: the newest of it.\n"
            "The idle server of a run that has ended is asked to end. A run that is trained, or served to others, is\n"
            "refused, and then nothing is removed; what is no run is named and passed over.\n\n"
            "Example: trimtab rm trimtab-runs/gpt/20261122-101500\n\n"
            "Exit status: 0 removed, 1 refused, passed over or answered no, 2 wrong usage.\n",
        .least = 1,
        .most = SIZE_MAX,
        .groups = {{options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    status = look(&rm, &args);
    if (status == CLI_DONE)
        status = ask(&rm);
    if (status == CLI_DONE)
        status = remove_all(&rm);
    for (size_t i = 0; i < rm.count; i++)
        removal_close(&rm.removal[i]);
    free(rm.removal);
    return status;
}
