#include <stdlib.h>
#include <string.h>

#include "trainer/declare.h"
#include "trainer/tell.h"

static trimtab_series find_series(const trimtab_run *run, const char *name)
{
    for (uint32_t i = 0; i < run->series_count; i++)
        if (strcmp(run->series[i].name, name) == 0)
            return (trimtab_series){i + 1};
    return (trimtab_series){0};
}

static bool series_check(trimtab_run *run, const char *name, const char *unit)
{
    if (!run_is_name(name))
        (void)run_refuse(run, TRIMTAB_INVALID, "a series' name is 1 to %d bytes of UTF-8 without control characters",
                         TRIMTAB_NAME_MAX);
    else if (!run_is_text(unit, TRIMTAB_TEXT_MAX))
        (void)run_refuse(run, TRIMTAB_INVALID, "the unit of series %s is too long or not UTF-8", name);
    else if (run->series_count == TRIMTAB_SERIES_MAX)
        (void)run_refuse(run, TRIMTAB_LIMIT, "a run has at most %d series", TRIMTAB_SERIES_MAX);
    else
        return true;
    return false;
}

static trimtab_series series_add(trimtab_run *run, struct series *series)
{
    uint32_t id = run->series_count + 1;
    struct record record;

    tell_begin(run, &record, RECORD_SERIES);
    declare_series(id, series, &record);
    if (declare_count(run, &record) != TRIMTAB_OK)
        return (trimtab_series){0};
    (void)tell_put(run, &record); /* without room: the next segment begins with it */
    run->series[run->series_count++] = *series;
    if (!run->at_bad_step)
        run->loggable = id;
    return (trimtab_series){id};
}

trimtab_series trimtab_series_declare(trimtab_run *run, const char *name, const char *unit)
{
    trimtab_series known = {0};

    if (!run_is_live(run))
        return known;
    if (name)
        known = find_series(run, name);
    if (known.id > 0 || !series_check(run, name, unit))
        return known;
    struct series series = {.name = run_copy_text(name), .unit = run_copy_text(unit)};
    struct series *grown = run_grow(run->series, run->series_count, &run->series_capacity, sizeof series);
    if (grown)
        run->series = grown;
    if (!series.name || !series.unit || !grown)
        (void)run_refuse(run, TRIMTAB_LIMIT, "%s", err_sentence(ERR_NOMEM));
    else
        known = series_add(run, &series);
    if (known.id == 0) {
        free(series.name);
        free(series.unit);
    }
    return known;
}
