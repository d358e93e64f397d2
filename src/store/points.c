#include <stdlib.h>

#include "store/reader.h"
#include "store/selection.h"
#include "store/shelf.h"

struct giving {
    struct store_points_ask *ask;
    struct shelf shelf;
    struct selection selection;
    struct places *places; /* of each selected series */
    struct store_point point;
    uint64_t read; /* of the series' points */
};

static int give(struct giving *giving, const struct place_segment *segment, const struct place *place,
                const struct points *points)
{
    bool all = giving->ask->superseded || !segment->is_replaced;
    struct store_point *point = &giving->point;
    int code = 0;
    giving->read += place->points;
    point->segment = place->segment;
    for (uint32_t i = 0; i < place->points && !code; i++) {
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

static int take_place(struct giving *giving, const struct places *places, const struct place *place,
                      const struct points **points, struct err *err)
{
    struct store_reader *reader = giving->shelf.reader;
    int code = reader_begin(reader, err);
    if (code)
        return code;
    code = shelf_take(&giving->shelf, places, place, points, err);
    reader_end(reader);
    return code;
}

/* What is not read of what was ever logged is lost. */
static int give_series(struct giving *giving, const struct selected *series, const struct places *places,
                       struct err *err)
{
    const struct place_segment *segment = places->segment;
    const struct points *points;
    int code = 0;
    giving->point.series = series->name;
    giving->read = 0;
    for (size_t i = 0; i < places->count && !code; i++) {
        segment += i == segment->end;
        code = take_place(giving, places, &places->place[i], &points, err);
        if (!code)
            code = give(giving, segment, &places->place[i], points);
        else if (code == ERR_DAMAGED)
            code = 0;
    }
    uint64_t ever = series->points > places->points ? series->points : places->points;
    if (!code)
        giving->ask->lost += ever - giving->read;
    return code;
}

/* Which points there are, all of one moment. */
static int look(struct giving *giving, struct store_reader *reader, struct err *err)
{
    struct selection *selection = &giving->selection;
    int code = reader_check_points(reader, err);
    if (!code)
        code = selection_make(selection, reader, giving->ask->globs, giving->ask->globs_count, SIZE_MAX, err);
    if (!code && !(giving->places = calloc(selection->count + 1, sizeof *giving->places)))
        code = err_set(err, ERR_NOMEM, "no memory to read points");
    for (size_t i = 0; i < selection->count && !code; i++) {
        giving->places[i].series = selection->series[i].id;
        giving->ask->total += selection->series[i].points;
    }
    return code ? code : places_load(reader, giving->places, selection->count, err);
}

static void giving_finish(struct giving *giving)
{
    for (size_t i = 0; i < giving->selection.count && giving->places; i++)
        places_finish(&giving->places[i]);
    free(giving->places);
    shelf_finish(&giving->shelf);
    selection_finish(&giving->selection);
}

/* Who takes the points may be slow, or stand still: no transaction is open
 * meanwhile. It would keep the writer from emptying the WAL, and so the
 * journal. A chunk never changes once it is there, and the tail is in memory.
 */
int store_points(struct store_reader *reader, struct store_points_ask *ask, struct err *err)
{
    struct giving giving = {.ask = ask};
    ask->total = ask->lost = 0;
    int code = reader_begin(reader, err);
    if (code)
        return code;
    code = look(&giving, reader, err);
    reader_end(reader);
    if (!code)
        code = shelf_init(&giving.shelf, reader, 1, err);
    for (size_t i = 0; i < giving.selection.count && !code; i++)
        code = give_series(&giving, &giving.selection.series[i], &giving.places[i], err);
    giving_finish(&giving);
    return code;
}
