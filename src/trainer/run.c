#include "trainer/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "trainer/open.h"
#include "trainer/tell.h"

#define PAUSE_MAX_S 1e9

_Static_assert(TRIMTAB_NAME_MAX == UTF8_NAME_MAX, "one bound for names");

/* ---- small things that every declaration needs ---- */

int run_refuse(trimtab_run *run, int code, const char *format, ...)
{
    va_list ap;

    run->err.code = ERR_INVALID;
    va_start(ap, format);
    (void)vsnprintf(run->err.text, sizeof run->err.text, format, ap);
    va_end(ap);
    return code;
}

bool run_is_name(const char *text)
{
    return text && utf8_is_name(text, strnlen(text, TRIMTAB_NAME_MAX + 1));
}

bool run_is_text(const char *text, size_t max)
{
    size_t size = text ? strnlen(text, max + 1) : 0;

    return size <= max && utf8_valid_prefix(text, size) == size;
}

char *run_copy_text(const char *text)
{
    return strdup(text ? text : "");
}

void *run_grow(void *array, uint32_t count, uint32_t *capacity, size_t element)
{
    if (count < *capacity)
        return array;
    uint32_t more = *capacity > 0 ? *capacity * 2 : 16;
    void *grown = realloc(array, more * element);
    if (grown)
        *capacity = more;
    return grown;
}

/* ---- opening and closing ---- */

static bool is_off(void)
{
    const char *value = getenv("TRIMTAB");

    return value && strcmp(value, "off") == 0;
}

static trimtab_run *run_create(const trimtab_options *options)
{
    trimtab_run *run = calloc(1, sizeof *run);

    if (!run)
        return NULL;
    run->mark = &run->no_mark;
    run->countdown = run->interval = 1;
    run->total_steps = options->total_steps > 0 ? options->total_steps : 0;
    if (options->max_pause > 0)
        run->max_pause_ns = (int64_t)((options->max_pause < PAUSE_MAX_S ? options->max_pause : PAUSE_MAX_S) * 1e9);
    run->alarm_step = INT64_MIN;
    run->pause_step = RUN_NO_STEP;
    run->looked_ns = clock_monotonic_ns();
    run->folder.run_fd = run->folder.local_fd = -1;
    run->journal_fd = run->lock_fd = run->pulse.fd = -1;
    buf_init(&run->scratch);
    buf_init(&run->texts);
    resume_init(&run->resume, options->resume);
    start_init(&run->start, !options->no_server);
    run->notice.quiet = options->quiet;
    return run;
}

static void run_destroy(trimtab_run *run)
{
    for (uint32_t i = 0; i < run->series_count; i++) {
        free(run->series[i].name);
        free(run->series[i].unit);
    }
    for (uint32_t i = 0; i < run->settings; i++)
        setting_destroy(run->setting[i]);
    for (uint32_t i = 0; i < run->actions; i++)
        action_destroy(run->action[i]);
    for (uint32_t i = 0; i < run->configs; i++) {
        free(run->config[i].name);
        free(run->config[i].json);
    }
    free(run->series);
    free(run->config);
    free(run->name);
    free(run->project);
    free(run->language);
    free(run->host);
    free(run->command);
    free(run->working_folder);
    buf_finish(&run->scratch);
    buf_finish(&run->texts);
    resume_finish(&run->resume);
    free(run);
}

trimtab_run *trimtab_open(const trimtab_options *options)
{
    static const trimtab_options plain = {0};

    if (!options)
        options = &plain;
    trimtab_run *run = run_create(options);
    if (!run)
        return NULL;
    if (is_off()) {
        run->inert = true;
        (void)err_set(&run->err, ERR_CLOSED, "TRIMTAB=off is set");
        return run;
    }
    if (open_run(run, options) < 0) {
        open_undo(run);
        run->inert = true;
    } else {
        start_look(run, clock_monotonic_ns());
    }
    notice_begin(run, clock_monotonic_ns());
    return run;
}

static void tell_end(trimtab_run *run)
{
    struct record record;

    journal_publish(&run->journal);
    (void)tell_untold(run);
    tell_state(run, RUN_FINISHED, 0);
    tell_begin(run, &record, RECORD_END);
    record.end.state = RUN_FINISHED;
    (void)tell_put(run, &record);
    resume_keep(run, false);
    start_reap(&run->start);
    notice_end(run);
}

void trimtab_close(trimtab_run *run)
{
    if (!run)
        return;
    if (run_is_live(run) && run->busy) {
        (void)run_refuse(run, TRIMTAB_INVALID, "a run cannot be closed inside a control point");
        return;
    }
    if (run_is_live(run))
        tell_end(run);
    open_undo(run);
    run_destroy(run);
}

/* ---- questions ---- */

const char *trimtab_folder(const trimtab_run *run)
{
    return run && run->folder.path[0] ? run->folder.path : NULL;
}

const char *trimtab_error(const trimtab_run *run)
{
    if (!run)
        return "there is no run: out of memory";
    if (!run->inert && !run_is_live(run))
        return "this is a forked copy: the run belongs to the process that opened it";
    return run->err.text;
}

uint64_t trimtab_dropped(const trimtab_run *run)
{
    return run ? run->journal.dropped_total + run->dropped_at_bad_steps : 0;
}
