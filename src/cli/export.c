#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/export_format.h"
#include "cli/export_target.h"
#include "cli/interrupt.h"
#include "cli/meter.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/stored.h"
#include "cli/verbs.h"

#define LOOK_EVERY 1024u /* points between two looks at the clock */

struct export
{
    const char *path; /* of --output */
    const char *format_name;
    struct args_texts series;
    bool segments, force, json;
    const struct export_format *format;
    struct export_target target;
    struct export_out out;
    struct store_points_ask ask;
    struct meter meter;
    uint64_t points;
    int number; /* errno of a write that failed; 0: none has */
};

static int choose_format(struct export *export)
{
    static const struct export_format *const formats[] = {&export_csv, &export_jsonl, &export_tensorboard};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i]->name, export->format_name) == 0)
            export->format = formats[i];
    if (!export->format)
        say_wrong("there is no format `%s`: csv, jsonl or tensorboard", export->format_name);
    else if (export->format->is_folder && !export->path)
        say_wrong("a tensorboard export goes into a folder: name it with --output FOLDER");
    else if (export->format->is_folder && export->segments)
        say_wrong("TensorBoard knows no segments: --segments is of csv and jsonl");
    else
        return CLI_DONE;
    return CLI_USAGE;
}

static int open_target(struct export *export)
{
    if (export->format->is_folder)
        return export_target_events(&export->target, export->path, export->force);
    return export_target_file(&export->target, export->path, export->force);
}

/* ---- writing ---- */

static int take_point(void *context, const struct store_point *point)
{
    struct export *export = context;
    struct err err;
    int code = export->format->point(&export->out, point, &err);
    if (code < 0) {
        export->number = errno;
        return code;
    }
    if (++export->points % LOOK_EVERY == 0) {
        meter_show(&export->meter, point->series, (double)export->points, (double)export->ask.total);
        if (interrupt_came())
            return ERR_CLOSED;
    }
    return 0;
}

static int write_all(struct export *export, struct store_reader *reader)
{
    struct err err = {0};
    export->out.file = export->target.file;
    int code = export->format->begin(&export->out, &err);
    if (code < 0) {
        export->number = errno;
    } else {
        export->ask.each = take_point;
        export->ask.context = export;
        code = store_points(reader, &export->ask, &err);
    }
    meter_clear(&export->meter);
    if (code == 0)
        return CLI_DONE;
    if (interrupt_came())
        return CLI_REFUSED;
    if (export->number)
        export_target_say(&export->target, export->number);
    else
        say_wrong("%s", err.text);
    return CLI_REFUSED;
}

/* ---- what became of it ---- */

static void tell(const struct export *export)
{
    struct buf out = {0}, path = {0};
    if (!export->path)
        return;
    print_text(&path, export->path);
    if (export->json) {
        json_t *told =
            json_pack("{s:s, s:I, s:I, s:I}", "output", buf_string(&path), "series", (json_int_t) export->out.count,
                      "points", (json_int_t) export->points, "lost", (json_int_t) export->ask.lost);
        print_value(&out, told);
        json_decref(told);
    } else {
        buf_printf(&out, "%s: %llu point%s of %llu series", buf_string(&path), (unsigned long long)export->points,
                   export->points == 1 ? "" : "s", (unsigned long long)export->out.count);
    }
    buf_char(&out, '\n');
    say_out(&out);
    buf_finish(&path);
    buf_finish(&out);
}

static int end(struct export *export, int status)
{
    if (status == CLI_DONE)
        status = export_target_finish(&export->target);
    else
        export_target_abandon(&export->target);
    if (status != CLI_DONE)
        return status;
    tell(export);
    if (export->ask.lost == 0)
        return CLI_DONE;
    say_wrong("%llu point%s of these series could not be read, for run.db is damaged there; all others were exported",
              (unsigned long long)export->ask.lost, export->ask.lost == 1 ? "" : "s");
    return CLI_REFUSED;
}

static int carry_out(struct export *export, const char *run)
{
    struct stored stored;
    int status = choose_format(export);
    if (status == CLI_DONE)
        status = stored_open(&stored, run);
    if (status != CLI_DONE)
        return status;
    export->ask.globs = export->series.item;
    export->ask.globs_count = export->series.count;
    export->ask.superseded = export->out.segments = export->segments;
    export->meter = meter_on(STDERR_FILENO, export->path || !isatty(STDOUT_FILENO));
    status = open_target(export);
    if (status == CLI_DONE)
        status = write_all(export, stored.reader);
    status = end(export, status);
    export_finish(&export->out);
    stored_close(&stored);
    return status;
}

/* The one option that has a short name, as it has with most programs that write a file. */
static void lengthen(char **argv)
{
    static char output[] = "--output";
    for (char **word = argv; *word && strcmp(*word, "--") != 0; word++)
        if (strcmp(*word, "-o") == 0)
            *word = output;
}

int verb_export(int argc, char **argv)
{
    struct export export = {.format_name = "csv"};
    struct args args;
    const struct args_option options[] = {
        {"format", ARGS_TEXT, &export.format_name, "FORMAT", "csv, jsonl or tensorboard (csv)"},
        {"series", ARGS_TEXTS, &export.series, "GLOB", "only of these series; may be given several times"},
        {"segments", ARGS_FLAG, &export.segments, NULL, "all points, also those that a restore made undone"},
        {"output", ARGS_PATH, &export.path, "PATH", "into this file, or folder (tensorboard); -o PATH is the same"},
        {"force", ARGS_FLAG, &export.force, NULL, "replace what is there"},
        {"json", ARGS_FLAG, &export.json, NULL, "with --output: tell what was written as JSON; so it is too in a pipe"},
    };
    const struct args_spec spec = {
        .verb = "export",
        .operands = "RUN",
        .details =
            "The points of a run, live or ended, as far as they are stored; RUN is its folder, or a run.db in a "
            "folder\n"
            "of its own. Needs no server, and holds none up. Without --output, or with -, to standard output. A file\n"
            "comes into being complete, or not at all; --force replaces one (a run.db never).\n\n"
            "csv: series,step,time,value, the curves as they stand; with --segments series,segment,step,time,value, "
            "all\n"
            "points: a segment ends where a step goes back. time is in seconds since the epoch; a value has all its\n"
            "digits, or is NaN, Infinity or -Infinity.\n\n"
            "jsonl: the same as one JSON object a line; a value that is not finite is a string.\n\n"
            "tensorboard: an event file in the folder PATH, for `tensorboard --logdir PATH`. Its values are float32:\n"
            "seven digits. Each run wants a folder of its own.\n\n"
            "Examples: trimtab export runs/gpt/20261122-101500 --series 'train/*' -o train.csv\n"
            "          trimtab export runs/gpt/20261122-101500 --format tensorboard -o tb/gpt\n\n"
            "Exit status: 0 all is written, 1 refused, or points are missing, for run.db is damaged (the others are\n"
            "there), 2 wrong usage.\n",
        .least = 1,
        .most = 1,
        .groups = {{options, sizeof options / sizeof *options}},
    };
    lengthen(argv);
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    if (export.path && strcmp(export.path, "-") == 0)
        export.path = NULL;
    export.json = export.json || !isatty(STDOUT_FILENO);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    interrupt_watch();
    status = carry_out(&export, args.operand[0]);
    if (status != CLI_DONE)
        interrupt_pass_on();
    return status;
}
