#include "cli/newest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"

/* Room for "  +4096 more". */
#define MORE_COLUMNS 12

void newest_finish(struct newest *newest)
{
    for (size_t i = 0; i < newest->count; i++)
        free(newest->series[i].name);
    free(newest->series);
    *newest = (struct newest){0};
}

static struct newest_series *series_at(struct newest *newest, json_int_t id)
{
    if (id < 0 || id >= NEWEST_MAX)
        return NULL;
    size_t needed = (size_t)id + 1;
    if (needed > newest->count) {
        struct newest_series *grown = realloc(newest->series, needed * sizeof *grown);
        if (!grown)
            return NULL;
        memset(grown + newest->count, 0, (needed - newest->count) * sizeof *grown);
        newest->series = grown;
        newest->count = needed;
    }
    return &newest->series[id];
}

void newest_declared(struct newest *newest, const json_t *event)
{
    const json_t *declared = json_object_get(event, "series");
    struct newest_series *series = declared ? series_at(newest, field_integer(declared, "id")) : NULL;
    if (!series)
        return;
    free(series->name);
    series->name = strdup(field_text(declared, "name"));
}

/* A number that is not finite comes as a text: "NaN", "Infinity", "-Infinity". */
static double value_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text ? strtod(text, NULL) : json_number_value(value);
}

static void take_point(struct newest_series *series, json_int_t step, double value)
{
    if (!series->known)
        *series = (struct newest_series){.name = series->name, .known = true, .least = INFINITY, .greatest = -INFINITY};
    series->value = value;
    series->step = step;
    series->fresh = true;
    if (isfinite(value)) {
        series->least = fmin(series->least, value);
        series->greatest = fmax(series->greatest, value);
    } else if (series->not_finite == 0 || series->at != step) {
        series->not_finite++;
        series->at = step;
        series->odd = value;
    }
}

void newest_scalars(struct newest *newest, const json_t *event)
{
    size_t i;
    json_t *point;
    json_array_foreach(json_object_get(event, "points"), i, point)
    {
        const json_t *id = json_array_get(point, 0), *step = json_array_get(point, 1);
        struct newest_series *series = json_is_integer(id) ? series_at(newest, json_integer_value(id)) : NULL;
        if (!series)
            continue;
        take_point(series, json_integer_value(step), value_of(json_array_get(point, 3)));
        newest->step = series->step;
        newest->fresh = newest->step_known = true;
    }
}

void newest_run(struct newest *newest, const json_t *event)
{
    snprintf(newest->state, sizeof newest->state, "%s", field_text(event, "state"));
    if (!json_is_integer(json_object_get(event, "step")))
        return;
    newest->step = field_integer(event, "step");
    newest->total = field_integer(event, "total");
    newest->rate = field_number(event, "rate");
    newest->eta = field_number(event, "eta");
    newest->fresh = newest->progress_known = newest->step_known = true;
}

void newest_progress(const struct newest *newest, struct buf *out)
{
    buf_printf(out, "step %lld", (long long)newest->step);
    if (!newest->progress_known)
        return;
    if (newest->total > 0)
        buf_printf(out, "/%lld", (long long)newest->total);
    if (!isnan(newest->rate))
        buf_printf(out, "  %.3g steps/s", newest->rate);
    if (!isnan(newest->eta)) {
        buf_text(out, "  ETA ");
        print_duration(out, newest->eta);
    }
}

static size_t count_fresh(const struct newest *newest)
{
    size_t count = 0;
    for (size_t i = 0; i < newest->count; i++)
        count += newest->series[i].fresh && newest->series[i].name;
    return count;
}

static void print_series(const struct newest_series *series, struct buf *cell)
{
    buf_clear(cell);
    buf_text(cell, "  ");
    print_text(cell, series->name);
    buf_char(cell, ' ');
    print_metric(cell, series->value);
}

void newest_line(struct newest *newest, struct buf *out, int width)
{
    size_t begin = out->size, left = count_fresh(newest);
    struct buf cell = {0};
    if (!newest->fresh)
        return;
    newest_progress(newest, out);
    for (size_t i = 0; i < newest->count && left > 0; i++) {
        if (!newest->series[i].fresh || !newest->series[i].name)
            continue;
        print_series(&newest->series[i], &cell);
        bool full = out->size - begin + cell.size + (left > 1 ? MORE_COLUMNS : 0) > (size_t)width;
        if (full)
            break;
        buf_add(out, cell.data, cell.size);
        left--;
    }
    if (left > 0)
        buf_printf(out, "  +%zu more", left);
    buf_char(out, '\n');
    buf_finish(&cell);
    newest->fresh = false;
    for (size_t i = 0; i < newest->count; i++)
        newest->series[i].fresh = false;
}
