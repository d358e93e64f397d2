#include <stdlib.h>

#include "store/selection.h"
#include "store/reader.h"
#include "store/walk.h"

#define POINTS_BATCH 64 /* series for which the tail is read at once */

struct giving {
    struct store_points_ask *ask;
    struct shelf shelf;
    const struct places *places;
    const struct place_segment *segment; /* of the points that come */
    struct store_point point;
    uint64_t read;
};

static int give(void *context, const struct place *place, const struct points *points, uint32_t first, uint32_t end)
{
    struct giving *giving = context;
    const struct place_segment *segment = giving->segment;
    bool all = giving->ask->superseded || !segment->is_replaced;
    struct store_point *point = &giving->point;
    int code = 0;
    giving->read += end - first;
    point->segment = place->segment;
    for (uint32_t i = first; i < end && !code; i++) {
        if (!all && points->step[i] >= segment->until)
            continue;
        point->sequence = place->sequence + i;
        point->step = points->step[i];
        point->time_us = points->time_us[i];
        point->value = points->value[i];
        code = giving->ask->each(giving->ask->context, point);
    }
    return code;
}

/* What is not read of what was ever logged is lost. */
static int give_series(struct giving *giving, const struct selected *series, const struct places *places,
                       struct err *err)
{
    int code = 0;
    giving->point.series = series->name;
    giving->read = 0;
    for (size_t i = 0; i < places->segments && !code; i++) {
        giving->segment = &places->segment[i];
        code = walk_points(&giving->shelf, places, giving->segment->from, giving->segment->to, give, giving, err);
    }
    uint64_t ever = series->points > places->points ? series->points : places->points;
    if (!code)
        giving->ask->lost += ever - giving->read;
    return code;
}

static int give_batch(struct giving *giving, struct store_reader *reader, const struct selected *series, size_t count,
                      struct err *err)
{
    struct places places[POINTS_BATCH] = {{0}};
    for (size_t i = 0; i < count; i++)
        places[i].series = series[i].id;
    int code = places_load(reader, places, count, err);
    for (size_t i = 0; i < count && !code; i++)
        code = give_series(giving, &series[i], &places[i], err);
    for (size_t i = 0; i < count; i++)
        places_finish(&places[i]);
    return code;
}

static int give_all(struct giving *giving, struct store_reader *reader, const struct selection *selection,
                    struct err *err)
{
    int code = 0;
    for (size_t i = 0; i < selection->count; i++)
        giving->ask->total += selection->series[i].points;
    for (size_t i = 0; i < selection->count && !code; i += POINTS_BATCH) {
        size_t left = selection->count - i;
        code = give_batch(giving, reader, &selection->series[i], left < POINTS_BATCH ? left : POINTS_BATCH, err);
    }
    return code;
}

int store_points(struct store_reader *reader, struct store_points_ask *ask, struct err *err)
{
    struct giving giving = {.ask = ask};
    struct selection selection = {0};
    ask->total = ask->lost = 0;
    int code = reader_begin(reader, err);
    if (code)
        return code;
    code = reader_check_points(reader, err);
    if (!code)
        code = selection_make(&selection, reader, ask->globs, ask->globs_count, SIZE_MAX, err);
    if (!code)
        code = shelf_init(&giving.shelf, reader, 1, err);
    if (!code)
        code = give_all(&giving, reader, &selection, err);
    shelf_finish(&giving.shelf);
    selection_finish(&selection);
    reader_end(reader);
    return code;
}
