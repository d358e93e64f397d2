#include "store/places.h"

#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/reader.h"
#include "store/tail.h"

void places_finish(struct places *places)
{
    for (uint32_t i = 0; i < places->open_count; i++)
        points_finish(&places->open[i]);
    free(places->open);
    free(places->place);
    free(places->segment);
    *places = (struct places){.series = places->series};
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, "no memory to read points");
}

static uint64_t end_of(const struct places *places)
{
    const struct place *last = places->count ? &places->place[places->count - 1] : NULL;
    return last ? last->sequence + last->points : 0;
}

static bool add_place(struct places *places, const struct place *place)
{
    if (places->count == places->capacity) {
        size_t capacity = places->capacity ? places->capacity * 2 : 64;
        struct place *larger = realloc(places->place, capacity * sizeof *larger);
        if (!larger)
            return false;
        places->place = larger;
        places->capacity = capacity;
    }
    places->place[places->count++] = *place;
    places->points += place->points;
    return true;
}

/* ---- chunks ---- */

static bool is_sound(const struct place *place, int64_t points, uint64_t end)
{
    return points > 0 && points <= CHUNK_POINTS && place->sequence >= end && place->sequence < PLACES_SEQUENCE_MAX;
}

static int load_chunks(struct store_reader *reader, struct places *places, struct err *err)
{
    int code;
    sqlite3_stmt *look = reader_statement(reader, READER_CHUNKS, &code, err);
    if (code)
        return code;
    sqlite3_bind_int64(look, 1, places->series);
    while ((code = db_step(look, err)) > 0) {
        int64_t points = sqlite3_column_int64(look, 2);
        const struct place place = {.sequence = db_unsigned(look, 0),
                                    .segment = (uint32_t)db_unsigned(look, 1),
                                    .points = (uint32_t)points,
                                    .first_step = sqlite3_column_int64(look, 3),
                                    .last_step = sqlite3_column_int64(look, 4),
                                    .least_us = sqlite3_column_int64(look, 5),
                                    .most_us = sqlite3_column_int64(look, 6),
                                    .open = PLACE_SEALED};
        if (is_sound(&place, points, end_of(places)) && !add_place(places, &place)) {
            sqlite3_reset(look);
            return no_memory(err);
        }
    }
    return code;
}

/* ---- the tail ---- */

/* The last place, where the run's points go on there; else a new one without a point. NULL: no memory. */
static struct place *place_for(struct places *places, const struct tail_run *run, uint64_t sequence, uint32_t more)
{
    struct place *last = places->count ? &places->place[places->count - 1] : NULL;
    if (last && last->open != PLACE_SEALED && last->segment == run->segment && end_of(places) == sequence &&
        last->points + more <= CHUNK_POINTS)
        return last;
    if (places->open_count == places->open_capacity) {
        uint32_t capacity = places->open_capacity ? places->open_capacity * 2 : 4;
        struct points *larger = realloc(places->open, capacity * sizeof *larger);
        if (!larger)
            return NULL;
        places->open = larger;
        places->open_capacity = capacity;
    }
    const struct place place = {.sequence = sequence,
                                .segment = run->segment,
                                .open = places->open_count,
                                .least_us = INT64_MAX,
                                .most_us = INT64_MIN};
    if (!add_place(places, &place))
        return NULL;
    places->open[places->open_count++] = (struct points){0};
    return &places->place[places->count - 1];
}

/* What points[from, count) tell of their place. */
static void tell_place(struct places *places, struct place *place, const struct points *points, uint32_t from)
{
    for (uint32_t i = from; i < points->count; i++) {
        place->least_us = points->time_us[i] < place->least_us ? points->time_us[i] : place->least_us;
        place->most_us = points->time_us[i] > place->most_us ? points->time_us[i] : place->most_us;
    }
    place->first_step = points->step[0];
    place->last_step = points->step[points->count - 1];
    place->points = points->count;
    places->points += points->count - from;
}

/* Those of the run's points that come behind all that is known; of a damaged one none. */
static int take_run(struct places *places, const struct tail_run *run)
{
    uint64_t end = end_of(places);
    if (run->sequence + run->points <= end || run->sequence >= PLACES_SEQUENCE_MAX)
        return 0;
    uint32_t skip = run->sequence < end ? (uint32_t)(end - run->sequence) : 0;
    struct place *place = place_for(places, run, run->sequence + skip, run->points - skip);
    if (!place)
        return ERR_NOMEM;
    struct points *points = &places->open[place->open];
    uint32_t before = points->count;
    int code = tail_points(run, skip, points);
    if (!code)
        tell_place(places, place, points, before);
    else
        points->count = before;
    if (!points->count) {
        points_finish(points);
        places->open_count--;
        places->count--;
    }
    return code == ERR_NOMEM ? code : 0;
}

static int by_series(const void *key, const void *element)
{
    uint32_t series = *(const uint32_t *)key, other = ((const struct places *)element)->series;
    return series < other ? -1 : series > other;
}

static int take_block(struct places *places, size_t count, struct text block)
{
    struct tail_cursor cursor;
    struct tail_run run;
    int code = tail_open(&cursor, block.data, block.size);
    while (!code && (code = tail_next(&cursor, &run)) > 0) {
        struct places *of = bsearch(&run.series, places, count, sizeof *places, by_series);
        code = of ? take_run(of, &run) : 0;
    }
    return code == ERR_NOMEM ? code : 0;
}

static int load_tail(struct store_reader *reader, struct places *places, size_t count, struct err *err)
{
    int code;
    sqlite3_stmt *look = reader_statement(reader, READER_TAIL, &code, err);
    while (!code && (code = db_step(look, err)) > 0) {
        code = take_block(places, count, db_bytes(look, 0));
        if (code)
            no_memory(err);
    }
    sqlite3_reset(look);
    return code;
}

/* ---- segments ---- */

static size_t count_segments(const struct places *places)
{
    size_t count = 0;
    for (size_t i = 0; i < places->count; i++)
        count += i == 0 || places->place[i].segment != places->place[i - 1].segment;
    return count;
}

static void begin_segment(struct places *places, size_t at)
{
    const struct place *place = &places->place[at];
    places->segment[places->segments++] = (struct place_segment){.number = place->segment,
                                                                 .first = at,
                                                                 .from = place->sequence,
                                                                 .first_step = place->first_step,
                                                                 .least_us = place->least_us,
                                                                 .most_us = place->most_us};
}

static void extend_segment(struct place_segment *segment, const struct place *place, size_t at)
{
    segment->end = at + 1;
    segment->to = place->sequence + place->points;
    segment->last_step = place->last_step;
    segment->least_us = place->least_us < segment->least_us ? place->least_us : segment->least_us;
    segment->most_us = place->most_us > segment->most_us ? place->most_us : segment->most_us;
}

static void tell_replaced(struct places *places)
{
    int64_t least = INT64_MAX;
    for (size_t i = places->segments; i-- > 0;) {
        struct place_segment *segment = &places->segment[i];
        segment->is_replaced = i + 1 < places->segments && least <= segment->last_step;
        segment->until = segment->is_replaced ? least : 0;
        least = segment->first_step < least ? segment->first_step : least;
    }
}

static int make_segments(struct places *places, struct err *err)
{
    if (!places->count)
        return 0;
    places->segment = calloc(count_segments(places), sizeof *places->segment);
    if (!places->segment)
        return no_memory(err);
    for (size_t i = 0; i < places->count; i++) {
        if (i == 0 || places->place[i].segment != places->place[i - 1].segment)
            begin_segment(places, i);
        extend_segment(&places->segment[places->segments - 1], &places->place[i], i);
    }
    tell_replaced(places);
    return 0;
}

int places_load(struct store_reader *reader, struct places *places, size_t count, struct err *err)
{
    int code = 0;
    for (size_t i = 0; i < count && !code; i++)
        code = load_chunks(reader, &places[i], err);
    if (!code)
        code = load_tail(reader, places, count, err);
    for (size_t i = 0; i < count && !code; i++)
        code = make_segments(&places[i], err);
    return code;
}

size_t places_find(const struct places *places, uint64_t sequence)
{
    size_t low = 0, high = places->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places->place[middle].sequence + places->place[middle].points > sequence)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
