#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/interrupt.h"
#include "cli/say.h"
#include "cli/sql_rows.h"
#include "cli/stored.h"
#include "cli/verbs.h"

static int choose_format(enum sql_format *format, const char *name, const struct terminal *terminal)
{
    static const char *const names[] = {"table", "csv", "jsonl"};
    *format = terminal->is_terminal ? SQL_TABLE : SQL_CSV;
    for (int i = 0; name && i < 3; i++) {
        *format = (enum sql_format)i;
        if (strcmp(name, names[i]) == 0)
            return CLI_DONE;
    }
    if (!name)
        return CLI_DONE;
    say_wrong("--format is table, csv or jsonl, not `%s`", name);
    return CLI_USAGE;
}

/* ---- a query ---- */

static int say_failure(int code, const struct err *err)
{
    if (code == ERR_SYSTEM && errno == EPIPE)
        return CLI_REFUSED; /* who was reading has had enough */
    if (strncmp(err->text, "no such ", 8) == 0)
        say_wrong("%s; `trimtab sql RUN` without a query lists what can be asked", err->text);
    else
        say_wrong("%s", err->code           ? err->text
                        : code == ERR_NOMEM ? err_sentence(code)
                                            : "standard output cannot be written");
    return CLI_REFUSED;
}

static int ask(struct store_reader *reader, const char *sql, struct sql_rows *rows)
{
    struct err err = {0};
    struct store_sql_ask query = {
        .sql = sql, .columns = sql_rows_columns, .row = sql_rows_row, .context = rows, .interrupted = interrupt_flag()};
    int code = store_sql(reader, &query, &err);
    int ended = sql_rows_end(rows); /* what came before an error is shown */
    sql_rows_finish(rows);
    if (query.lost)
        say_wrong("some points of run.db are damaged, and missing in this answer");
    code = code ? code : ended;
    if (code && !interrupt_came())
        return say_failure(code, &err);
    return query.lost ? CLI_REFUSED : CLI_DONE;
}

/* ---- without a query: what can be asked ---- */

static void put_view(void *context, const char *view, const char *const *columns, int count)
{
    struct buf *out = context;
    buf_printf(out, "%-12s ", view);
    for (int i = 0; i < count; i++)
        buf_printf(out, "%s%s", i ? ", " : "", columns[i]);
    buf_char(out, '\n');
}

static int list_views(struct store_reader *reader)
{
    struct buf out = {0};
    struct err err = {0};
    int code = store_sql_views(reader, put_view, &out, &err);
    if (!code)
        say_out(&out);
    buf_finish(&out);
    return code ? say_failure(code, &err) : CLI_DONE;
}

int verb_sql(int argc, char **argv)
{
    struct args args;
    struct stored stored;
    const char *format = NULL;
    const struct args_option options[] = {
        {"format", ARGS_TEXT, &format, "FORMAT", "table, csv or jsonl (table on a terminal, else csv)"},
    };
    const struct args_spec spec = {
        .verb = "sql",
        .operands = "RUN [QUERY]",
        .details =
            "Answers a query (SELECT, in the words of SQLite) over what is stored of a run, live or ended; RUN is its\n"
            "folder, or a run.db in a folder of its own. Needs no server, and changes nothing. Without QUERY: what\n"
            "can be asked, a line for each view with its columns (run scalars series settings effects requests\n"
            "outcomes messages checkpoints config gaps).\n\n"
            "Times are in seconds since the epoch. A value that is NaN is NULL. Bounds on series, step and time in a\n"
            "query of scalars make it quick.\n\n"
            "Examples: trimtab sql runs/gpt/20261122-101500 \"select name, count, value from series\"\n"
            "          trimtab sql runs/gpt/20261122-101500 \"select * from scalars where series = 'loss' and step > "
            "9e4\"\n"
            "\n"
            "Exit status: 0 answered, 1 refused, or points were damaged (the others are there), 2 wrong usage.\n",
        .least = 1,
        .most = 2,
        .groups = {{options, sizeof options / sizeof *options}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    struct sql_rows rows = {.terminal = terminal_of(STDOUT_FILENO)};
    status = choose_format(&rows.format, format, &rows.terminal);
    if (status == CLI_DONE)
        status = stored_open(&stored, args.operand[0]);
    if (status != CLI_DONE)
        return status;
    signal(SIGPIPE, SIG_IGN);
    interrupt_watch();
    status = args.count > 1 ? ask(stored.reader, args.operand[1], &rows) : list_views(stored.reader);
    stored_close(&stored);
    interrupt_pass_on();
    return status;
}
