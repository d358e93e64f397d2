/* import_fill.c: the event files of one folder into one run. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/import.h"
#include "cli/import_run.h"
#include "cli/import_stream.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "exchange/event_file.h"

#define FILES_NAMED 100u /* in the run's config */

struct fill {
    struct import *import;
    const struct import_group *group;
    struct import_run run;
    struct imported *made;
    struct err err;
    bool failed; /* the run; not the reading of a file */
};

/* ---- where it comes from, as JSON ---- */

static json_t *harmless(const char *text)
{
    struct buf clean = {0};
    print_text(&clean, text);
    json_t *string = json_string(buf_string(&clean));
    buf_finish(&clean);
    return string;
}

static char *dump(json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(value);
    return text;
}

static char *origin(const struct fill *fill)
{
    struct buf path = {0};
    char *resolved = realpath(fill->import->logdir, NULL);
    buf_text(&path, resolved ? resolved : fill->import->logdir);
    if (*fill->group->name)
        buf_printf(&path, "/%s", fill->group->name);
    char *json = dump(harmless(buf_string(&path)));
    buf_finish(&path);
    free(resolved);
    return json;
}

static char *file_names(const struct import_group *group)
{
    json_t *names = json_array();
    for (size_t i = 0; i < group->count && i < FILES_NAMED; i++) {
        const char *slash = strrchr(group->file[i].path, '/');
        json_array_append_new(names, harmless(slash ? slash + 1 : group->file[i].path));
    }
    if (group->count > FILES_NAMED)
        json_array_append_new(names, json_sprintf("and %zu more", group->count - FILES_NAMED));
    return dump(names);
}

static char *command(const struct import *import)
{
    struct buf line = {0};
    buf_text(&line, "trimtab import ");
    print_shell_word(&line, import->logdir);
    char *text = strdup(buf_string(&line));
    buf_finish(&line);
    return text;
}

/* ---- the run ---- */

static int choose_place(struct fill *fill)
{
    struct import_place *place = &fill->made->place;
    if (fill->import->run)
        return import_place_named(place, fill->import->run, &fill->err);
    return import_place_home(place, fill->import->name, fill->group->name, fill->run.begins_us, &fill->err);
}

static int begin(struct fill *fill)
{
    int code = choose_place(fill);
    fill->import->made_count++; /* from here on there is something to be taken back */
    return code ? code : import_run_begin(&fill->run, fill->made->place.temporary, &fill->err);
}

static int take_scalar(void *context, const struct event_scalar *scalar)
{
    struct fill *fill = context;
    int code = fill->run.store ? 0 : begin(fill);
    if (code == 0)
        code = import_run_scalar(&fill->run, scalar, &fill->err);
    fill->failed = code != 0;
    return code;
}

static void show_progress(void *context)
{
    struct fill *fill = context;
    const char *name = *fill->group->name ? fill->group->name : fill->import->logdir;
    meter_show(&fill->import->meter, name, (double)fill->import->bytes, (double)fill->import->groups.bytes);
}

static int read_file(struct fill *fill, const struct import_file *file)
{
    struct import_left_out *left_out = &fill->import->left_out;
    struct event_reading reading = {.each = take_scalar, .context = fill};
    struct err err = {0};
    struct import_watch watch = {.bytes = &fill->import->bytes, .each = show_progress, .context = fill};
    FILE *stream = import_stream_open(file->path, &watch);
    int code = stream ? event_file_read(stream, &reading, &err) : err_errno(&err, ERR_SYSTEM, "cannot be opened");
    if (stream)
        fclose(stream);
    left_out->others += reading.others;
    left_out->damaged += reading.damaged;
    left_out->incomplete += reading.cut;
    if (interrupt_came() || fill->failed)
        return CLI_REFUSED;
    if (code < 0) {
        say_wrong("%s %s", file->path, err.text);
        left_out->unread++;
    }
    return CLI_DONE;
}

static int read_files(struct fill *fill)
{
    int status = CLI_DONE;
    for (size_t i = 0; i < fill->group->count && status == CLI_DONE; i++)
        status = read_file(fill, &fill->group->file[i]);
    if (status == CLI_DONE && fill->run.points > 0 && import_run_end(&fill->run, &fill->err) < 0)
        fill->failed = true;
    return fill->failed ? CLI_REFUSED : status;
}

static void keep(struct fill *fill)
{
    struct import_left_out *left_out = &fill->import->left_out;
    fill->made->points = fill->run.points;
    fill->made->series = fill->run.series_count;
    left_out->too_many += fill->run.series.too_many;
    left_out->too_long += fill->run.series.too_long;
    left_out->changed += fill->run.series.changed;
    left_out->bad_steps += fill->run.bad_steps;
    left_out->steps_back += fill->run.steps_back;
}

/* A run of which nothing was wanted. */
static void take_back(struct fill *fill)
{
    fill->import->left_out.no_points++;
    import_run_close(&fill->run);
    if (fill->import->made_count == 0 || &fill->import->made[fill->import->made_count - 1] != fill->made)
        return;
    import_place_abandon(&fill->made->place);
    fill->import->made_count--;
}

int import_fill(struct import *import, const struct import_group *group)
{
    struct fill fill = {.import = import, .group = group, .made = &import->made[import->made_count]};
    char *from = origin(&fill), *files = file_names(group), *by = command(import);
    *fill.made = (struct imported){.group = group};
    fill.run = (struct import_run){.name = import->name,
                                   .command = by,
                                   .from = from,
                                   .files = files,
                                   .begins_us = group->file[0].time_us < INT64_MAX ? group->file[0].time_us : 0,
                                   .series = {.globs = &import->series}};
    fill.failed = !from || !files || !by;
    if (fill.failed)
        err_set(&fill.err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    int status = fill.failed ? CLI_REFUSED : read_files(&fill);
    meter_clear(&import->meter);
    if (fill.failed && !interrupt_came())
        say_wrong("%s; nothing was imported", fill.err.text);
    keep(&fill);
    if (status == CLI_DONE && fill.run.points == 0)
        take_back(&fill);
    import_run_close(&fill.run);
    free(from);
    free(files);
    free(by);
    return status;
}
