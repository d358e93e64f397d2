#include "store/range.h"

/* One end of a range being looked for. */
struct search {
    struct shelf *shelf;
    const struct places *places;
    const struct axis *axis;
    struct range *range;
    struct err *err;
};

static int64_t least_of(const struct search *search, const struct place *place)
{
    return search->axis->by_time ? place->least_us : place->first_step;
}

static int64_t most_of(const struct search *search, const struct place *place)
{
    return search->axis->by_time ? place->most_us : place->last_step;
}

static bool is_wanted(int64_t at, const struct axis *axis, bool is_end)
{
    return is_end ? at > axis->to : at >= axis->from;
}

/* The sequence of the first point of the place with which the range begins, or before which it ends; that of the
 * place's end: none. A damaged place is left out. */
static int look_into(const struct search *search, const struct place *place, bool is_end, uint64_t *found)
{
    const struct points *points;
    int code = shelf_take(search->shelf, search->places, place, &points, search->err);
    *found = place->sequence + place->points;
    if (code == ERR_DAMAGED) {
        search->range->lost += place->points;
        *found = is_end ? place->sequence : *found;
    }
    if (code)
        return code;
    const int64_t *at = search->axis->by_time ? points->time_us : points->step;
    uint32_t i = 0;
    while (i < points->count && !is_wanted(at[i], search->axis, is_end))
        i++;
    *found = place->sequence + i;
    return 0;
}

static int find_start(const struct search *search, const struct place_segment *segment, size_t *at)
{
    for (*at = segment->first; *at < segment->end; ++*at) {
        const struct place *place = &search->places->place[*at];
        if (most_of(search, place) < search->axis->from)
            continue;
        search->range->from = place->sequence;
        if (least_of(search, place) >= search->axis->from)
            return 0;
        int code = look_into(search, place, false, &search->range->from);
        if (code == ERR_DAMAGED)
            ++*at;
        if (code || search->range->from < place->sequence + place->points)
            return code == ERR_DAMAGED ? 0 : code;
    }
    search->range->from = segment->to;
    return 0;
}

/* What lies before the start in its own place is before `from`, so before `to`. */
static int find_end(const struct search *search, const struct place_segment *segment, size_t at)
{
    for (; at < segment->end; at++) {
        const struct place *place = &search->places->place[at];
        if (most_of(search, place) <= search->axis->to)
            continue;
        search->range->to = place->sequence;
        if (least_of(search, place) > search->axis->to)
            return 0;
        int code = look_into(search, place, true, &search->range->to);
        if (code || search->range->to < place->sequence + place->points)
            return code == ERR_DAMAGED ? 0 : code;
    }
    search->range->to = segment->to;
    return 0;
}

int range_find(struct shelf *shelf, const struct places *places, const struct place_segment *segment,
               const struct axis *axis, struct range *range, struct err *err)
{
    const struct search search = {shelf, places, axis, range, err};
    size_t at;
    *range = (struct range){0};
    int code = find_start(&search, segment, &at);
    if (!code)
        code = find_end(&search, segment, at);
    range->to = range->to < range->from ? range->from : range->to;
    return code;
}
