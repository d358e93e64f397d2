#include "store/history.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/protocol.h"
#include "store/selection.h"
#include "store/jsonw.h"
#include "store/range.h"
#include "store/reader.h"
#include "store/walk.h"

#define HISTORY_CHUNKS 4 /* kept decoded: those at the ends of a range are needed twice */

/* What lies in the range, of one segment. */
struct part {
    const struct place_segment *segment;
    struct range range;
};

struct history {
    const struct store_history_ask *ask;
    struct axis axis;
    size_t most; /* points or buckets of a series */
    struct selection selection;
    struct places *places; /* of each of them */
    struct shelf shelf;
    struct walk walk;
    struct buf *out;
    size_t start; /* of the answer, in `out` */

    /* of the series that is being written */
    struct part *part; /* room for `most`; the newest segments that have points in the range, in order */
    size_t parts;
    uint64_t points, lost; /* in these parts: what they should have, what cannot be read for certain */
    uint32_t segment;      /* of the buckets that come */
    uint64_t given;
    struct buf body; /* the points or buckets */
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, "no memory for the history");
}

/* ---- which points ---- */

static int find_parts(struct history *history, const struct places *places, struct err *err)
{
    size_t at = history->most;
    history->points = history->lost = 0;
    for (size_t i = places->segments; i-- > 0 && at > 0;) {
        struct part part = {.segment = &places->segment[i]};
        int code = range_find(&history->shelf, places, part.segment, &history->axis, &part.range, err);
        if (code)
            return code;
        history->lost += part.range.lost;
        if (part.range.from == part.range.to)
            continue;
        history->points += part.range.to - part.range.from;
        history->part[--at] = part;
    }
    history->parts = history->most - at;
    memmove(history->part, history->part + at, history->parts * sizeof *history->part);
    return 0;
}

/* ---- numbers ---- */

static void put_integer(struct buf *out, int64_t integer)
{
    jsonw_integer(out, integer);
    buf_char(out, ',');
}

static void put_time(struct buf *out, int64_t time_us)
{
    jsonw_time_us(out, time_us);
    buf_char(out, ',');
}

static void put_double(struct buf *out, double number, bool known)
{
    if (known)
        jsonw_number(out, number);
    else
        buf_text(out, "null");
    buf_char(out, ',');
}

/* ---- points and buckets ---- */

/* Before each item. Non-zero: the answer is as long as it may be. */
static int begin_item(struct history *history)
{
    struct buf *body = &history->body;
    if (body->size)
        buf_char(body, ',');
    buf_char(body, '[');
    return history->out->size - history->start + body->size > LIMIT_HISTORY_BYTES ? ERR_FULL : 0;
}

static int put_bucket(void *context, const struct bucket *bucket)
{
    struct history *history = context;
    struct buf *body = &history->body;
    bool finite = bucket->count > bucket->nonfinite;
    int code = begin_item(history);
    put_integer(body, bucket->first_step);
    put_integer(body, bucket->last_step);
    put_time(body, bucket->first_us);
    put_time(body, bucket->last_us);
    put_integer(body, (int64_t)bucket->count);
    put_double(body, bucket->min, finite);
    put_double(body, bucket->max, finite);
    put_double(body, bucket->mean, finite);
    put_double(body, bucket->last, true);
    put_integer(body, (int64_t)bucket->nonfinite);
    jsonw_integer(body, history->segment);
    buf_char(body, ']');
    history->given += bucket->count;
    return code;
}

static int put_points(void *context, const struct place *place, const struct points *points, uint32_t first,
                      uint32_t end)
{
    struct history *history = context;
    struct buf *body = &history->body;
    int code = 0;
    for (uint32_t i = first; i < end && !code; i++) {
        code = begin_item(history);
        put_integer(body, points->step[i]);
        put_time(body, points->time_us[i]);
        put_double(body, points->value[i], true);
        jsonw_integer(body, place->segment);
        buf_char(body, ']');
    }
    history->given += end - first;
    return code;
}

static int write_points(struct history *history, const struct places *places, struct err *err)
{
    int code = 0;
    for (size_t i = 0; i < history->parts && !code; i++) {
        const struct range *range = &history->part[i].range;
        code = walk_points(&history->shelf, places, range->from, range->to, put_points, history, err);
    }
    return code;
}

/* One, and its share of the others: all parts together have no more than may be given. */
static unsigned buckets_of(const struct history *history, const struct part *part)
{
    uint64_t others = history->most - history->parts, points = part->range.to - part->range.from;
    return 1 + (unsigned)(points * others / history->points);
}

static int write_buckets(struct history *history, const struct places *places, struct err *err)
{
    struct walk *walk = &history->walk;
    int code = 0;
    walk->places = places;
    walk->level = walk_level(history->points, history->most);
    walk->each = put_bucket;
    walk->context = history;
    for (size_t i = 0; i < history->parts && !code; i++) {
        walk->from = history->part[i].range.from;
        walk->to = history->part[i].range.to;
        walk->buckets = buckets_of(history, &history->part[i]);
        history->segment = history->part[i].segment->number;
        code = walk_fold(walk, err);
    }
    return code;
}

/* ---- a series ---- */

static void put_segment(struct buf *out, const struct place_segment *segment)
{
    buf_char(out, '{');
    jsonw_name(out, "segment");
    jsonw_integer(out, segment->number);
    jsonw_name(out, "from_step");
    jsonw_integer(out, segment->first_step);
    jsonw_name(out, "to_step");
    jsonw_integer(out, segment->last_step);
    jsonw_name(out, "from_time");
    jsonw_time_us(out, segment->least_us);
    jsonw_name(out, "to_time");
    jsonw_time_us(out, segment->most_us);
    jsonw_name(out, "count");
    jsonw_integer(out, (int64_t)(segment->to - segment->from));
    jsonw_name(out, "until");
    if (segment->is_replaced)
        jsonw_integer(out, segment->until);
    else
        buf_text(out, "null");
    buf_char(out, '}');
}

static void put_segments(struct buf *out, const struct places *places)
{
    size_t first = places->segments > LIMIT_SEGMENTS_LISTED ? places->segments - LIMIT_SEGMENTS_LISTED : 0;
    jsonw_name(out, "segments");
    buf_char(out, '[');
    for (size_t i = first; i < places->segments; i++) {
        if (i > first)
            buf_char(out, ',');
        put_segment(out, &places->segment[i]);
    }
    buf_char(out, ']');
    jsonw_name(out, "segments_total");
    jsonw_integer(out, (int64_t)places->segments);
}

static void put_series(struct history *history, const struct selected *series, const struct places *places, bool raw)
{
    struct buf *out = history->out;
    uint64_t count = history->points + history->lost;
    buf_char(out, '{');
    jsonw_name(out, "id");
    jsonw_integer(out, series->id);
    jsonw_name(out, "name");
    jsonw_text(out, text_from(series->name));
    jsonw_name(out, "unit");
    jsonw_text(out, text_from(series->unit));
    jsonw_name(out, "count");
    jsonw_integer(out, (int64_t)count);
    jsonw_name(out, "lost");
    jsonw_integer(out, (int64_t)(count - history->given));
    put_segments(out, places);
    jsonw_name(out, raw ? "points" : "buckets");
    buf_char(out, '[');
    buf_add(out, history->body.data, history->body.size);
    buf_text(out, "]}");
}

static int write_series(struct history *history, size_t i, struct err *err)
{
    const struct places *places = &history->places[i];
    int code = find_parts(history, places, err);
    if (code)
        return code;
    bool raw = history->points <= history->most;
    buf_clear(&history->body);
    history->given = 0;
    code = raw ? write_points(history, places, err) : write_buckets(history, places, err);
    if (code)
        return code;
    put_series(history, &history->selection.series[i], places, raw);
    return history->out->failed || history->body.failed ? no_memory(err) : 0;
}

/* ---- all ---- */

static int prepare(struct history *history, struct store_reader *reader, struct err *err)
{
    const struct store_history_ask *ask = history->ask;
    int code = reader_check_points(reader, err);
    if (!code)
        code = selection_make(&history->selection, reader, ask->globs, ask->globs_count, LIMIT_HISTORY_SERIES, err);
    if (!code)
        code = shelf_init(&history->shelf, reader, HISTORY_CHUNKS, err);
    if (!code)
        code = walk_init(&history->walk, &history->shelf, err);
    if (code)
        return code;
    history->places = calloc(history->selection.count + 1, sizeof *history->places);
    history->part = calloc(history->most, sizeof *history->part);
    if (!history->places || !history->part)
        return no_memory(err);
    for (size_t i = 0; i < history->selection.count; i++)
        history->places[i].series = history->selection.series[i].id;
    return places_load(reader, history->places, history->selection.count, err);
}

static int write_all(struct history *history, struct err *err)
{
    int code = 0;
    buf_text(history->out,
             history->axis.by_time ? "{\"axis\":\"time\",\"series\":[" : "{\"axis\":\"step\",\"series\":[");
    for (size_t i = 0; i < history->selection.count && !code; i++) {
        if (i)
            buf_char(history->out, ',');
        code = write_series(history, i, err);
    }
    buf_text(history->out, "]}");
    if (!code && history->out->size - history->start > LIMIT_HISTORY_BYTES)
        code = ERR_FULL;
    if (code == ERR_FULL)
        err_set(err, code, "the answer would be longer than %d MiB: ask for fewer series or points",
                LIMIT_HISTORY_BYTES >> 20);
    return !code && history->out->failed ? no_memory(err) : code;
}

static void finish(struct history *history)
{
    for (size_t i = 0; history->places && i < history->selection.count; i++)
        places_finish(&history->places[i]);
    free(history->places);
    free(history->part);
    walk_finish(&history->walk);
    shelf_finish(&history->shelf);
    selection_finish(&history->selection);
    buf_finish(&history->body);
}

int history_write(struct store_reader *reader, const struct store_history_ask *ask, struct buf *out, struct err *err)
{
    struct history history = {
        .ask = ask,
        .axis = {ask->by_time, ask->has_from ? ask->from : INT64_MIN, ask->has_to ? ask->to : INT64_MAX},
        .most = ask->points ? ask->points : 1,
        .out = out,
        .start = out->size};
    buf_init(&history.body);
    int code = prepare(&history, reader, err);
    if (!code)
        code = write_all(&history, err);
    finish(&history);
    if (code)
        out->size = history.start;
    return code;
}

int store_history(struct store_reader *reader, const struct store_history_ask *ask, struct buf *out, struct err *err)
{
    int code = reader_begin(reader, err);
    if (code)
        return code;
    code = history_write(reader, ask, out, err);
    reader_end(reader);
    return code;
}
