#include "trainer/nonfinite.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "trainer/tell.h"

#define NAME "pause_on_nonfinite"

static const char *name_of(double value)
{
    return isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/* ---- the setting: without a getter, so that it costs a control point nothing ---- */

static int set(void *user, trimtab_value *value, trimtab_result *why)
{
    struct nonfinite *nonfinite = user;

    (void)why;
    nonfinite->pauses = value->integer != 0;
    if (!nonfinite->pauses)
        nonfinite->series = 0;
    return 0;
}

int nonfinite_declare(trimtab_run *run)
{
    trimtab_setting setting = {.name = NAME,
                               .value = {.type = TRIMTAB_TYPE_BOOL},
                               .doc = "pause at the next control point when a logged value is NaN or infinite",
                               .set = set,
                               .user = &run->nonfinite};

    return trimtab_setting_declare(run, &setting);
}

/* ---- values ---- */

static void tell_first(trimtab_run *run, struct series *series, int64_t step, double value)
{
    char text[TRIMTAB_NAME_MAX + 64];

    if (series->nonfinite_told)
        return;
    series->nonfinite_told = true;
    (void)snprintf(text, sizeof text, "%s is %s at step %" PRId64, series->name, name_of(value), step);
    (void)tell_message(run, TRIMTAB_WARNING, text);
}

void nonfinite_logged(trimtab_run *run, uint32_t series, int64_t step, double value)
{
    tell_first(run, &run->series[series - 1], step, value);
    if (!run->nonfinite.pauses || run->nonfinite.series != 0)
        return;
    run->nonfinite.series = series;
    run->nonfinite.value = value;
    run->alarm_step = INT64_MIN; /* leads the next control point to the slow path */
}

void nonfinite_pause(trimtab_run *run)
{
    char text[TRIMTAB_NAME_MAX + 96];
    uint32_t series = run->nonfinite.series;

    run->nonfinite.series = 0;
    if (series == 0 || run->state == RUN_STOPPING)
        return;
    (void)snprintf(text, sizeof text, "paused at step %" PRId64 ": %s is %s (" NAME ")", run->step,
                   run->series[series - 1].name, name_of(run->nonfinite.value));
    (void)tell_message(run, TRIMTAB_WARNING, text);
    run->pause_step = RUN_NO_STEP;
    if (run->state == RUN_RUNNING)
        tell_state(run, RUN_PAUSED, 0);
}
