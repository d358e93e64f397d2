#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/held.h"
#include "cli/known.h"
#include "cli/local.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "store/summary.h"

#define NEWEST_SHOWN 20
#define QUICK_SECONDS 1.0

struct ls {
    bool all, size, json, text;
};

/* ---- one run, as JSON ---- */

/* Where its run.db cannot be read while it is served (not every file system lets two processes), its server knows. */
static void ask_server(json_t *run, const char *path)
{
    const char *reply;
    trimtab_client *client = trimtab_client_create();
    if (trimtab_client_connect_run(client, path, QUICK_SECONDS) == TRIMTAB_CLIENT_OK &&
        trimtab_client_call(client, "{\"code\":3}", &reply, QUICK_SECONDS) == TRIMTAB_CLIENT_OK) {
        json_t *status = json_loads(reply, JSON_ALLOW_NUL, NULL);
        json_t *told = json_object_get(json_object_get(status, "result"), "run");
        if (told && json_object_update(run, told) == 0)
            json_object_del(run, "error");
        json_decref(status);
    }
    trimtab_client_close(client);
}

static json_t *summary_of(const char *path)
{
    struct buf text = {0};
    struct err err;
    store_summary(path, &text, &err);
    json_t *run = json_loads(buf_string(&text), JSON_ALLOW_NUL, NULL);
    buf_finish(&text);
    return run ? run : json_pack("{s:s, s:s}", "folder", path, "error", "its summary cannot be read");
}

static json_t *process_or_null(pid_t pid)
{
    return pid ? json_integer(pid) : json_null();
}

/* One that was recorded without a server has a journal alone. */
static bool is_stored(int run_fd)
{
    struct stat status;
    return run_fd < 0 || fstatat(run_fd, "run.db", &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static json_t *run_of(const struct ls *ls, const char *path)
{
    json_t *run = summary_of(path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct held held = held_look(fd);
    if (held.server != 0 && json_object_get(run, "error"))
        ask_server(run, path);
    if (json_object_get(run, "error") && !is_stored(fd))
        json_object_set_new(run, "stored", json_false());
    json_object_set_new(run, "live", json_boolean(held.server != 0 || held.trainer != 0));
    json_object_set_new(run, "server", process_or_null(held.server));
    json_object_set_new(run, "trainer", process_or_null(held.trainer));
    if (ls->size)
        json_object_set_new(run, "size", json_integer((json_int_t)local_bytes_with(fd)));
    if (fd >= 0)
        close(fd);
    return run;
}

/* ---- for people ---- */

/* The first that calls itself a loss, else the first. */
static void print_last(struct buf *out, json_t *last)
{
    const char *name, *chosen = NULL;
    json_t *value;
    json_object_foreach(last, name, value)
    {
        if (!chosen || (!strstr(chosen, "loss") && strstr(name, "loss")))
            chosen = name;
    }
    if (!chosen)
        return;
    print_text(out, chosen);
    buf_char(out, ' ');
    value = json_object_get(last, chosen);
    if (json_is_number(value))
        print_metric(out, json_number_value(value));
    else
        print_value(out, value);
}

static void print_steps(struct buf *out, const json_t *run)
{
    if (json_is_integer(json_object_get(run, "step")))
        buf_printf(out, "%lld", (long long)field_integer(run, "step"));
    if (field_integer(run, "total") > 0)
        buf_printf(out, "/%lld", (long long)field_integer(run, "total"));
}

/* Its server ended, as that of `trimtab run` does with its command, before any trainer came. */
static bool is_untrained(const json_t *run)
{
    return strcmp(field_text(run, "state"), "waiting") == 0 && !json_is_true(json_object_get(run, "live")) &&
           json_is_null(json_object_get(run, "started"));
}

static void print_state(struct buf *out, const json_t *run)
{
    if (is_untrained(run))
        buf_text(out, "never trained");
    else
        print_member(out, run, "state");
    if (!json_is_null(json_object_get(run, "server")))
        buf_text(out, ", served");
    else if (!json_is_null(json_object_get(run, "trainer")))
        buf_text(out, ", not served");
}

static void add_row(struct table *table, const json_t *run)
{
    double started = field_number(run, "started");
    table_text(table, field_text(run, "name"));
    print_state(&table->text, run);
    table_cell(table);
    print_steps(&table->text, run);
    table_cell(table);
    if (!isnan(started))
        print_clock(&table->text, started, "%Y-%m-%d %H:%M");
    table_cell(table);
    print_last(&table->text, json_object_get(run, "last"));
    table_cell(table);
    if (json_object_get(run, "size"))
        print_bytes(&table->text, field_number(run, "size"));
    table_cell(table);
    table_text(table, field_text(run, "folder"));
    table_row(table);
}

static void add_unstored(struct table *table, const json_t *run)
{
    bool trained = !json_is_null(json_object_get(run, "trainer"));
    table_text(table, trained ? "recorded now, without a server" : "recorded without a server");
    buf_text(&table->text, "trimtab serve ");
    print_shell_word(&table->text, field_text(run, "folder"));
    buf_text(&table->text, " stores it");
    table_cell(table);
    table_row(table);
}

static void print_runs(struct buf *out, const json_t *runs, size_t total)
{
    struct table table = {0};
    size_t i;
    json_t *run;
    if (total == 0)
        buf_text(out, "no run is known yet; `trimtab run -- COMMAND` begins one\n");
    json_array_foreach(runs, i, run) if (!json_object_get(run, "error")) add_row(&table, run);
    table_print(&table, out, "runs");
    json_array_foreach(runs, i, run) if (json_object_get(run, "stored")) add_unstored(&table, run);
    table_print(&table, out, "not stored");
    json_array_foreach(runs, i, run)
    {
        if (!json_object_get(run, "error") || json_object_get(run, "stored"))
            continue;
        table_text(&table, field_text(run, "folder"));
        table_text(&table, field_text(run, "error"));
        table_row(&table);
    }
    table_print(&table, out, "unreadable");
    if (total > json_array_size(runs))
        buf_printf(out, "%zu older ones: trimtab ls --all\n", total - json_array_size(runs));
}

/* ---- all of them ---- */

static void list(const struct ls *ls)
{
    struct known known;
    struct buf out = {0};
    json_t *runs = json_array();
    known_find(&known);
    for (size_t i = 0; i < known.count && (ls->all || i < NEWEST_SHOWN); i++)
        json_array_append_new(runs, run_of(ls, known.run[i].path));
    if (ls->json) {
        json_t *told = json_pack("{s:O, s:I}", "runs", runs, "total", (json_int_t)known.count);
        print_value(&out, told);
        buf_char(&out, '\n');
        json_decref(told);
    } else {
        print_runs(&out, runs, known.count);
    }
    json_decref(runs);
    known_finish(&known);
    say_out(&out);
    buf_finish(&out);
}

int verb_ls(int argc, char **argv)
{
    struct ls ls = {0};
    struct args args;
    const struct args_option options[] = {
        {"size", ARGS_FLAG, &ls.size, NULL, "also what each takes on the disk"},
        {"all", ARGS_FLAG, &ls.all, NULL, "not only the 20 that changed last"},
        {"json", ARGS_FLAG, &ls.json, NULL, "as JSON; so it is too when not on a terminal"},
        {"text", ARGS_FLAG, &ls.text, NULL, "for people, also when not on a terminal"},
    };
    const struct args_spec spec = {
        .verb = "ls",
        .operands = "",
        .details =
            "The runs that this user has opened and those under $TRIMTAB_HOME (./trimtab-runs unless set), the newest\n"
            "change first: name, state, step, when it began, last value, folder. Needs no server.\n\n"
            "never trained: its command ended before it began to. In JSON `stored`: false is a run that was recorded\n"
            "without a server, and that none has stored yet.\n\n"
            "Exit status: 0, also where a run cannot be read (it is listed with why), 2 wrong usage.\n",
        .groups = {{options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    ls.json = ls.json || (!ls.text && !isatty(STDOUT_FILENO));
    list(&ls);
    return CLI_DONE;
}
