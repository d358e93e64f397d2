/* History against a fold of the points that needs no index: thousands of ranges over runs with segments, clocks that
 * were set back, roll-ups that are missing, and bytes that are damaged. */
#include "points_fixture.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "no_memory.h"
#include "protocol/protocol.h"
#include "store/history.h"
#include "store/reader.h"
#include "temp.h"

static const struct fixture_shape sound = {.chunk_points = 700, .page_buckets = 40};
static const struct fixture_shape holes = {
    .chunk_points = 300, .page_buckets = 30, .pages_missing = 30, .pages_damaged = 20};
static const struct fixture_shape damaged = {.chunk_points = 900,
                                             .page_buckets = 20,
                                             .pages_missing = 10,
                                             .pages_damaged = 20,
                                             .chunks_damaged = 15,
                                             .blocks_damaged = 15};

/* ---- asking ---- */

static json_t *ask_for(struct fixture *fixture, const struct store_history_ask *ask)
{
    struct err err = {0};
    struct buf out;
    json_error_t why;
    buf_init(&out);
    if (store_history(fixture_reader(fixture), ask, &out, &err))
        fail_msg("%s", err.text);
    json_t *answer = json_loadb(out.data, out.size, 0, &why);
    if (!answer)
        fail_msg("%s: %.200s", why.text, buf_string(&out));
    assert_string_equal(json_string_value(json_object_get(answer, "axis")), ask->by_time ? "time" : "step");
    buf_finish(&out);
    return answer;
}

static json_t *ask_of(struct fixture *fixture, const struct fixture_series *series, struct store_history_ask ask,
                      json_t **answer)
{
    const char *const names[] = {series->name};
    ask.globs = names;
    ask.globs_count = 1;
    *answer = ask_for(fixture, &ask);
    json_t *list = json_object_get(*answer, "series");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "name")), series->name);
    return json_array_get(list, 0);
}

static int64_t integer_of(const json_t *object, const char *name)
{
    const json_t *integer = json_object_get(object, name);
    assert_true(json_is_integer(integer));
    return json_integer_value(integer);
}

static double number_at(const json_t *array, size_t i)
{
    const json_t *number = json_array_get(array, i);
    const char *word = json_string_value(number);
    if (word)
        return strcmp(word, "NaN") == 0 ? NAN : strcmp(word, "Infinity") == 0 ? INFINITY : -INFINITY;
    assert_true(json_is_number(number));
    return json_number_value(number);
}

static int64_t integer_at(const json_t *array, size_t i)
{
    assert_true(json_is_integer(json_array_get(array, i)));
    return json_integer_value(json_array_get(array, i));
}

/* Microseconds of a time in seconds. */
static int64_t time_at(const json_t *array, size_t i)
{
    return llround(number_at(array, i) * 1e6);
}

/* ---- what it should be ---- */

/* The points of the series that are in the range: places in its array. */
struct expected {
    size_t *at;
    size_t count;
    size_t segments; /* in which they lie */
};

static int64_t axis_of(const struct fixture_point *point, bool by_time)
{
    return by_time ? point->time_us : point->step;
}

static void expect_segment(const struct fixture_series *series, size_t begin, size_t end,
                           const struct store_history_ask *ask, struct expected *expected)
{
    size_t had = expected->count, from = begin;
    while (from < end && ask->has_from && axis_of(&series->point[from], ask->by_time) < ask->from)
        from++;
    for (; from < end && !(ask->has_to && axis_of(&series->point[from], ask->by_time) > ask->to); from++)
        expected->at[expected->count++] = from;
    expected->segments += expected->count > had;
}

/* Only the newest so many segments. */
static void keep_newest(const struct fixture_series *series, struct expected *expected, size_t segments)
{
    size_t first = expected->count;
    for (size_t kept = 0; first > 0; first--) {
        bool begins = first == expected->count ||
                      series->point[expected->at[first]].segment != series->point[expected->at[first - 1]].segment;
        if (begins && kept++ == segments)
            break;
    }
    expected->count -= first;
    memmove(expected->at, expected->at + first, expected->count * sizeof *expected->at);
    expected->segments = segments;
}

static struct expected expect(const struct fixture_series *series, const struct store_history_ask *ask)
{
    struct expected expected = {.at = calloc(series->count + 1, sizeof *expected.at)};
    assert_non_null(expected.at);
    for (size_t begin = 0, end; begin < series->count; begin = end) {
        for (end = begin; end < series->count && series->point[end].segment == series->point[begin].segment;)
            end++;
        expect_segment(series, begin, end, ask, &expected);
    }
    if (expected.segments > ask->points)
        keep_newest(series, &expected, ask->points);
    return expected;
}

/* Of the points at[0, count) that are not lost, or of all of them. */
static struct bucket fold(const struct fixture_series *series, const size_t *at, size_t count, bool all)
{
    struct bucket bucket = {.min = INFINITY, .max = -INFINITY};
    long double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const struct fixture_point *point = &series->point[at[i]];
        if (point->lost && !all)
            continue;
        if (!bucket.count++) {
            bucket.first_step = point->step;
            bucket.first_us = point->time_us;
        }
        bucket.last_step = point->step;
        bucket.last_us = point->time_us;
        bucket.last = point->value;
        bucket.nonfinite += isfinite(point->value) ? 0 : 1;
        if (!isfinite(point->value))
            continue;
        bucket.min = fmin(bucket.min, point->value);
        bucket.max = fmax(bucket.max, point->value);
        sum += point->value;
    }
    bucket.mean = (double)(sum / (long double)(bucket.count - bucket.nonfinite));
    return bucket;
}

static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b;
}

static void assert_bucket(const json_t *told, const struct bucket *bucket, uint32_t segment)
{
    assert_int_equal(json_array_size(told), 11);
    assert_int_equal(integer_at(told, 0), bucket->first_step);
    assert_int_equal(integer_at(told, 1), bucket->last_step);
    assert_int_equal(time_at(told, 2), bucket->first_us);
    assert_int_equal(time_at(told, 3), bucket->last_us);
    assert_int_equal(integer_at(told, 4), bucket->count);
    assert_true(same_number(number_at(told, 8), bucket->last));
    assert_int_equal(integer_at(told, 9), bucket->nonfinite);
    assert_int_equal(integer_at(told, 10), segment);
    if (bucket->count == bucket->nonfinite) {
        for (size_t i = 5; i < 8; i++)
            assert_true(json_is_null(json_array_get(told, i)));
        return;
    }
    assert_true(number_at(told, 5) == bucket->min);
    assert_true(number_at(told, 6) == bucket->max);
    double scale = fmax(fabs(bucket->min), fabs(bucket->max));
    assert_true(fabs(number_at(told, 7) - bucket->mean) <= scale * 1e-12);
}

/* ---- sound runs ---- */

static void assert_points(const struct fixture_series *series, const struct expected *expected, const json_t *told)
{
    assert_int_equal(json_array_size(told), expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        const struct fixture_point *point = &series->point[expected->at[i]];
        const json_t *row = json_array_get(told, i);
        assert_int_equal(json_array_size(row), 4);
        assert_int_equal(integer_at(row, 0), point->step);
        assert_int_equal(time_at(row, 1), point->time_us);
        assert_true(same_number(number_at(row, 2), point->value));
        assert_int_equal(integer_at(row, 3), point->segment);
    }
}

/* Each point once and in order; and each segment has its share of the buckets, but one. */
static void assert_buckets(const struct fixture_series *series, const struct expected *expected, const json_t *told,
                           unsigned points)
{
    size_t at = 0, of_segment = 0, buckets = json_array_size(told);
    size_t begin = 0;
    assert_true(buckets <= points && buckets >= 1);
    for (size_t i = 0; i < buckets; i++) {
        const json_t *row = json_array_get(told, i);
        size_t count = (size_t)integer_at(row, 4);
        assert_true(count > 0 && count <= expected->count - at);
        struct bucket bucket = fold(series, expected->at + at, count, true);
        assert_bucket(row, &bucket, series->point[expected->at[at]].segment);
        at += count;
        of_segment++;
        assert_int_equal(series->point[expected->at[at - 1]].segment, integer_at(row, 10));
        if (at < expected->count && series->point[expected->at[at]].segment == integer_at(row, 10))
            continue;
        double share = (double)(at - begin) * (double)(points - expected->segments) / (double)expected->count;
        assert_true((double)of_segment >= floor(share) - 1);
        begin = at;
        of_segment = 0;
    }
    assert_int_equal(at, expected->count);
}

static struct store_history_ask random_ask(struct fixture *fixture, const struct fixture_series *series)
{
    static const unsigned sizes[] = {1, 2, 3, 7, 20, 100, 1000, 4096};
    struct store_history_ask ask = {.by_time = fixture_random(fixture, 2), .points = sizes[fixture_random(fixture, 8)]};
    const struct fixture_point *a = &series->point[fixture_random(fixture, series->count)];
    const struct fixture_point *b = &series->point[fixture_random(fixture, series->count)];
    if (fixture_random(fixture, 3) == 0)
        b = a + fixture_random(fixture, (uint64_t)(series->point + series->count - a));
    ask.from = axis_of(a, ask.by_time) + (int64_t)fixture_random(fixture, 3) - 1;
    ask.to = axis_of(b, ask.by_time) + (int64_t)fixture_random(fixture, 3) - 1;
    if (ask.from > ask.to) {
        int64_t swapped = ask.from;
        ask.from = ask.to;
        ask.to = swapped;
    }
    ask.has_from = fixture_random(fixture, 8);
    ask.has_to = fixture_random(fixture, 8);
    return ask;
}

static void assert_sound_answer(struct fixture *fixture, const struct fixture_series *series,
                                const struct store_history_ask *ask)
{
    json_t *answer, *told = ask_of(fixture, series, *ask, &answer);
    struct expected expected = expect(series, ask);
    assert_int_equal(integer_of(told, "count"), expected.count);
    assert_int_equal(integer_of(told, "lost"), 0);
    if (expected.count <= ask->points) {
        assert_null(json_object_get(told, "buckets"));
        assert_points(series, &expected, json_object_get(told, "points"));
    } else {
        assert_null(json_object_get(told, "points"));
        assert_buckets(series, &expected, json_object_get(told, "buckets"), ask->points);
    }
    free(expected.at);
    json_decref(answer);
}

/* Six series: long and short, of one and of many segments, all sealed, half and not at all. */
static void make_run(struct fixture *fixture, const struct fixture_shape *shape, bool clock_set)
{
    static const struct {
        size_t points, sealed;
        unsigned segments;
    } kinds[] = {{40000, 37000, 1}, {15000, 15000, 6}, {10000, 7000, 200}, {500, 0, 3}, {1, 1, 1}, {3000, 2999, 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%zu", i);
        struct fixture_series *series = fixture_add(fixture, name, "nats");
        fixture_grow(fixture, series, kinds[i].points, kinds[i].segments, clock_set);
        series->sealed = kinds[i].sealed;
    }
    fixture_write(fixture, shape);
}

static void many_ranges(struct fixture *fixture, const struct fixture_shape *shape, bool clock_set, int rounds)
{
    make_run(fixture, shape, clock_set);
    for (int round = 0; round < rounds; round++) {
        const struct fixture_series *series = &fixture->series[round % (int)fixture->series_count];
        struct store_history_ask ask = random_ask(fixture, series);
        assert_sound_answer(fixture, series, &ask);
    }
}

static void ranges_of_a_sound_run(void **state)
{
    many_ranges(*state, &sound, false, 1500);
}

static void ranges_where_the_clock_was_set_back(void **state)
{
    many_ranges(*state, &sound, true, 1000);
}

static void ranges_where_roll_ups_are_missing(void **state)
{
    many_ranges(*state, &holes, true, 1000);
}

static void ranges_without_roll_ups(void **state)
{
    struct fixture_shape none = sound;
    none.pages_missing = 100;
    many_ranges(*state, &none, true, 400);
}

/* As run.db is written: chunks and pages that are full. Long enough for the third level. */
static void a_long_series(void **state)
{
    static const unsigned sizes[] = {1, 2, 5, 64, 300, 2000};
    struct fixture *fixture = *state;
    const struct fixture_shape full = {.chunk_points = CHUNK_POINTS, .page_buckets = 16};
    struct fixture_series *series = fixture_add(fixture, "s", "");
    fixture_grow(fixture, series, 700000, 1, false);
    series->sealed = 698000;
    fixture_write(fixture, &full);
    for (int round = 0; round < 60; round++) {
        struct store_history_ask ask = random_ask(fixture, series);
        ask.points = sizes[round % 6];
        assert_sound_answer(fixture, series, &ask);
    }
}

/* ---- damage ---- */

/* Where a time stands in the series: they all differ. */
static size_t find_time(const struct fixture_series *series, int64_t time_us)
{
    size_t low = 0, high = series->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->point[middle].time_us < time_us)
            low = middle + 1;
        else
            high = middle;
    }
    assert_true(low < series->count && series->point[low].time_us == time_us);
    return low;
}

/* A bucket stands for all that lies between its first and its last point, or for all of that but what is lost: what
 * some roll-up knows of it may be given and the rest not. Marks what is covered. */
static void assert_damaged_bucket(const struct fixture_series *series, const json_t *row, size_t *at, bool *covered)
{
    size_t first = find_time(series, time_at(row, 2)), last = find_time(series, time_at(row, 3));
    assert_true(first >= *at && last >= first);
    *at = last + 1;
    uint64_t count = (uint64_t)integer_at(row, 4);
    size_t *all = calloc(last - first + 1, sizeof *all), lost = 0;
    for (size_t i = first; i <= last; i++) {
        all[i - first] = i;
        lost += series->point[i].lost;
        covered[i] = true;
        assert_int_equal(series->point[i].segment, integer_at(row, 10));
    }
    assert_true(count <= last - first + 1 && count >= last - first + 1 - lost);
    struct bucket whole = fold(series, all, last - first + 1, true),
                  readable = fold(series, all, last - first + 1, false);
    if (count == whole.count || (count == readable.count && !series->point[first].lost && !series->point[last].lost))
        assert_bucket(row, count == whole.count ? &whole : &readable, series->point[first].segment);
    free(all);
}

static void assert_damaged_answer(struct fixture *fixture, const struct fixture_series *series,
                                  const struct store_history_ask *ask)
{
    json_t *answer, *told = ask_of(fixture, series, *ask, &answer), *row;
    struct expected expected = expect(series, ask);
    bool *covered = calloc(series->count + 1, sizeof *covered);
    int64_t count = integer_of(told, "count"), lost = integer_of(told, "lost"), given = 0;
    size_t i, at = 0;
    json_array_foreach(json_object_get(told, "buckets"), i, row)
    {
        assert_damaged_bucket(series, row, &at, covered);
        given += integer_at(row, 4);
    }
    json_array_foreach(json_object_get(told, "points"), i, row)
    {
        size_t place = find_time(series, time_at(row, 1));
        assert_true(place >= at && same_number(number_at(row, 2), series->point[place].value));
        at = place + 1;
        covered[place] = true;
        given++;
    }
    assert_true(lost >= 0);
    assert_int_equal(given, count - lost);
    assert_true(i <= ask->points);
    bool is_whole = expected.segments < ask->points; /* else lost segments may have made room for others */
    size_t in_range = 0, missing = 0;
    for (i = 0; i < expected.count; i++) {
        assert_true(!is_whole || covered[expected.at[i]] || series->point[expected.at[i]].lost);
        missing += !covered[expected.at[i]] && expected.at[i] < series->sealed; /* the index knows of them */
    }
    for (i = 0; i < series->count; i++) {
        while (in_range < expected.count && expected.at[in_range] < i)
            in_range++;
        assert_true(!covered[i] || !is_whole || (in_range < expected.count && expected.at[in_range] == i));
    }
    assert_true(!is_whole || lost >= (int64_t)missing);
    free(covered);
    free(expected.at);
    json_decref(answer);
}

static void ranges_of_a_damaged_run(void **state)
{
    struct fixture *fixture = *state;
    size_t lost = 0;
    make_run(fixture, &damaged, false);
    for (uint32_t id = 0; id < fixture->series_count; id++)
        for (size_t i = 0; i < fixture->series[id].count; i++)
            lost += fixture->series[id].point[i].lost;
    assert_true(lost > 2000);
    for (int round = 0; round < 1500; round++) {
        const struct fixture_series *series = &fixture->series[round % (int)fixture->series_count];
        struct store_history_ask ask = random_ask(fixture, series);
        assert_damaged_answer(fixture, series, &ask);
    }
}

/* What could never be written: it gives some answer, or a sentence. */
static void nonsense_in_the_rows(void **state)
{
    struct fixture *fixture = *state;
    static const char *const changes[] = {
        "UPDATE OR IGNORE chunks SET %s=%lld WHERE id %% 7=%d",
        "UPDATE OR IGNORE rollups SET %s=%lld WHERE id %% 7=%d",
    };
    static const char *const columns[2][8] = {
        {"series", "segment", "sequence", "points", "first_step", "last_step", "least_us", "most_us"},
        {"series", "level", "sequence", "points", "level", "points", "sequence", "sequence"}};
    static const int64_t odd[] = {0, -1, 1, 4096, 4097, INT64_MAX, INT64_MIN, INT64_C(1) << 51, INT64_C(1) << 40, 64};
    make_run(fixture, &sound, true);
    for (int round = 0; round < 200; round++) {
        struct store_history_ask ask = random_ask(fixture, &fixture->series[round % 3]);
        struct buf out;
        uint64_t table = fixture_random(fixture, 2);
        char *sql = sqlite3_mprintf(changes[table], columns[table][fixture_random(fixture, 8)],
                                    odd[fixture_random(fixture, 10)], (int)fixture_random(fixture, 7));
        buf_init(&out);
        fixture_sql(fixture, "SAVEPOINT before");
        fixture_sql(fixture, sql);
        if (fixture_random(fixture, 4) == 0)
            fixture_sql(fixture,
                        "UPDATE chunks SET data=randomblob(40) WHERE id % 5=2;"
                        "UPDATE rollups SET data=zeroblob(9) WHERE id % 5=2;UPDATE tail SET data=zeroblob(20)");
        struct store_reader reader = {.db = fixture->db};
        assert_int_equal(history_write(&reader, &ask, &out, NULL), 0);
        reader_statements_finish(&reader);
        fixture_sql(fixture, "ROLLBACK TO before;RELEASE before");
        json_t *answer = json_loadb(out.data, out.size, 0, NULL);
        assert_non_null(answer);
        json_decref(answer);
        buf_finish(&out);
        sqlite3_free(sql);
    }
}

/* ---- the rest of the answer ---- */

static void segments_are_told(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_series *series = fixture_add(fixture, "loss", "nats");
    for (int64_t step = 0; step < 1000; step++)
        fixture_point(series, step, 1000000 + step, 1);
    for (int64_t step = 500; step < 2000; step++)
        fixture_point(series, step, 2000000 + step, 2);
    for (int64_t step = 1900; step < 1950; step++)
        fixture_point(series, step, 3000000 + step, 3);
    series->sealed = 2000;
    fixture_write(fixture, &sound);
    json_t *answer, *told = ask_of(fixture, series, (struct store_history_ask){.points = 1000}, &answer);
    static const struct {
        int64_t from, to, count, until;
        double from_time, to_time;
    } expected[] = {{0, 999, 1000, 500, 1.0, 1.000999},
                    {500, 1999, 1500, 1900, 2.0005, 2.001999},
                    {1900, 1949, 50, -1, 3.0019, 3.001949}};
    json_t *segments = json_object_get(told, "segments");
    assert_int_equal(json_array_size(segments), 3);
    assert_int_equal(integer_of(told, "segments_total"), 3);
    assert_int_equal(integer_of(told, "id"), 0);
    assert_string_equal(json_string_value(json_object_get(told, "unit")), "nats");
    for (size_t i = 0; i < 3; i++) {
        const json_t *segment = json_array_get(segments, i);
        assert_int_equal(integer_of(segment, "segment"), i);
        assert_int_equal(integer_of(segment, "from_step"), expected[i].from);
        assert_int_equal(integer_of(segment, "to_step"), expected[i].to);
        assert_int_equal(integer_of(segment, "count"), expected[i].count);
        assert_true(json_number_value(json_object_get(segment, "from_time")) == expected[i].from_time);
        assert_true(json_number_value(json_object_get(segment, "to_time")) == expected[i].to_time);
        if (expected[i].until < 0)
            assert_true(json_is_null(json_object_get(segment, "until")));
        else
            assert_int_equal(integer_of(segment, "until"), expected[i].until);
    }
    json_decref(answer);
}

static void the_newest_of_many_segments(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_series *series = fixture_add(fixture, "s", "");
    for (int64_t i = 0; i < 3000; i++)
        fixture_point(series, 3000 - i / 2, 1000000 + i, (double)i);
    series->sealed = 2700;
    fixture_write(fixture, &sound);
    json_t *answer, *told = ask_of(fixture, series, (struct store_history_ask){.points = 100}, &answer);
    assert_int_equal(integer_of(told, "segments_total"), 1500);
    assert_int_equal(json_array_size(json_object_get(told, "segments")), LIMIT_SEGMENTS_LISTED);
    assert_int_equal(integer_of(json_array_get(json_object_get(told, "segments"), 0), "segment"),
                     1500 - LIMIT_SEGMENTS_LISTED);
    assert_int_equal(integer_of(told, "count"), 200);
    json_t *buckets = json_object_get(told, "buckets");
    assert_int_equal(json_array_size(buckets), 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(integer_at(json_array_get(buckets, i), 10), 1400 + i);
    json_decref(answer);
}

static size_t count_series(struct fixture *fixture, const char *const *globs, size_t count)
{
    json_t *answer = ask_for(fixture, &(struct store_history_ask){.globs = globs, .globs_count = count, .points = 10});
    size_t found = json_array_size(json_object_get(answer, "series"));
    json_decref(answer);
    return found;
}

static void which_series(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"train/loss", "val/loss", "train/[x]", "caf\xc3\xa9"};
    for (size_t i = 0; i < 4; i++)
        fixture_point(fixture_add(fixture, names[i], ""), 0, 0, 0);
    fixture_write(fixture, &sound);
    assert_int_equal(count_series(fixture, (const char *const[]){"*"}, 1), 4);
    assert_int_equal(count_series(fixture, (const char *const[]){"train/loss"}, 1), 1);
    assert_int_equal(count_series(fixture, (const char *const[]){"train/loss", "train/loss", "val/loss"}, 3), 2);
    assert_int_equal(count_series(fixture, (const char *const[]){"t*s", "*loss"}, 2), 2);
    assert_int_equal(count_series(fixture, (const char *const[]){"train/[x]"}, 1), 1);
    assert_int_equal(count_series(fixture, (const char *const[]){"caf?"}, 1), 1);
    assert_int_equal(count_series(fixture, (const char *const[]){"[!t]*", "train/[a-l]oss"}, 2), 3);
    struct err err = {0};
    struct buf out;
    buf_init(&out);
    buf_text(&out, "before");
    static const char *const wrong[] = {"train/los", "x*", "train/?", "[z]*", "[", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *globs[] = {"val/loss", wrong[i]};
        struct store_history_ask ask = {.globs = globs, .globs_count = 2, .points = 10};
        assert_int_equal(store_history(fixture_reader(fixture), &ask, &out, &err), ERR_MISSING);
        assert_non_null(strstr(err.text, wrong[i]));
        assert_int_equal(out.size, 6);
    }
    buf_finish(&out);
}

/* Its time does not grow with the number of stars. */
static void a_pattern_that_matches_late(void **state)
{
    struct fixture *fixture = *state;
    char glob[200] = "", name[60] = "";
    for (int i = 0; i < 60; i++)
        strcat(glob, "*a");
    strcat(glob, "*b");
    memset(name, 'a', 59);
    fixture_point(fixture_add(fixture, name, ""), 0, 0, 0);
    fixture_write(fixture, &sound);
    const char *const globs[] = {glob};
    struct buf out;
    buf_init(&out);
    struct store_history_ask ask = {.globs = globs, .globs_count = 1, .points = 10};
    assert_int_equal(store_history(fixture_reader(fixture), &ask, &out, NULL), ERR_MISSING);
    buf_finish(&out);
}

static void more_than_may_be_told(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct buf out;
    buf_init(&out);
    for (int i = 0; i < LIMIT_HISTORY_SERIES + 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        struct fixture_series *series = fixture_add(fixture, name, "");
        for (int64_t at = 0; at < 8192; at++)
            fixture_point(series, at - INT64_C(9000000000000000), at + INT64_C(1700000000000000), (double)at / 3e8);
        series->sealed = series->count;
    }
    fixture_write(fixture, &sound);
    const char *globs[] = {"s*"};
    struct store_history_ask ask = {.globs = globs, .globs_count = 1, .points = 4096};
    assert_int_equal(store_history(fixture_reader(fixture), &ask, &out, &err), ERR_FULL);
    assert_non_null(strstr(err.text, "more than 32 series"));
    fixture_sql(fixture, "DELETE FROM series WHERE id=0");
    assert_int_equal(store_history(fixture_reader(fixture), &ask, &out, &err), ERR_FULL);
    assert_non_null(strstr(err.text, "longer than 8 MiB"));
    assert_int_equal(out.size, 0);
    ask.points = 500;
    assert_int_equal(store_history(fixture_reader(fixture), &ask, &out, &err), 0);
    assert_true(out.size > 500000);
    buf_finish(&out);
}

static void without_a_point(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_series *series = fixture_add(fixture, "empty", "");
    json_t *answer, *told = ask_of(fixture, series, (struct store_history_ask){.points = 5}, &answer);
    assert_int_equal(integer_of(told, "count"), 0);
    assert_int_equal(json_array_size(json_object_get(told, "points")), 0);
    assert_int_equal(json_array_size(json_object_get(told, "segments")), 0);
    json_decref(answer);
}

static void an_older_run(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct buf out;
    buf_init(&out);
    fixture_add(fixture, "s", "");
    fixture_sql(fixture, "PRAGMA user_version=2");
    struct store_history_ask ask = {.points = 5};
    assert_int_equal(store_history(fixture_reader(fixture), &ask, &out, &err), ERR_VERSION);
    assert_non_null(strstr(err.text, "older trimtab"));
    buf_finish(&out);
}

/* Either it fails, or SQLite could do without, and the answer is whole. */
static void no_memory(void **state)
{
    struct fixture *fixture = *state;
    struct store_history_ask ask = {.points = 50};
    struct buf out, whole;
    bool fired = true;
    buf_init(&whole);
    make_run(fixture, &sound, false);
    assert_int_equal(store_history(fixture_reader(fixture), &ask, &whole, NULL), 0);
    fixture_close_reader(fixture);
    for (long n = 0; fired; n++) {
        struct err err;
        buf_init(&out);
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        no_memory_after(n);
        int code = store_reader_open(&fixture->reader, fixture->path, false, &err);
        if (!code)
            code = store_history(fixture->reader, &ask, &out, &err);
        fired = no_memory_came();
        assert_true(code == ERR_NOMEM || (code == 0 && out.size == whole.size));
        assert_int_equal(out.size > 0, code == 0);
        buf_finish(&out);
        fixture_close_reader(fixture);
    }
    buf_finish(&whole);
}

/* ---- a run beside this one ---- */

static void run_beside(void **state)
{
    struct temp *temp = *state;
    struct fixture *fixture;
    struct err err = {0};
    struct buf out;
    char self[128], other[192];
    buf_init(&out);
    fixture_setup((void **)&fixture);
    make_run(fixture, &sound, false);
    assert_int_equal(sqlite3_wal_checkpoint(fixture->db, NULL), SQLITE_OK);
    snprintf(self, sizeof self, "%s/self", temp->path);
    snprintf(other, sizeof other, "%s/other", temp->path);
    assert_int_equal(mkdir(self, 0700), 0);
    assert_int_equal(rename(fixture->path, other), 0);
    int other_fd = openat(temp->fd, "other", O_RDONLY | O_DIRECTORY);
    int entries = temp_entries(other_fd);
    struct store_history_ask ask = {.points = 20};
    assert_int_equal(store_history_beside(self, "other", &ask, &out, &err), 0);
    json_t *answer = json_loadb(out.data, out.size, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(answer, "series")), 6);
    json_decref(answer);
    buf_clear(&out);
    assert_int_equal(temp_entries(other_fd), entries);
    assert_int_equal(symlinkat("other", temp->fd, "link"), 0);
    static const char *const wrong[] = {"",     ".",       "..",   "../other", "self/",
                                        "/tmp", "nothing", "link", "self",     "other/run.db"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(store_history_beside(self, wrong[i], &ask, &out, &err), ERR_INVALID);
    assert_int_equal(mkdirat(temp->fd, "bare", 0700), 0);
    assert_int_equal(store_history_beside(self, "bare", &ask, &out, &err), ERR_MISSING);
    assert_int_equal(out.size, 0);
    assert_int_equal(temp_entries(other_fd), entries);
    close(other_fd);
    buf_finish(&out);
    assert_int_equal(rename(other, fixture->path), 0);
    fixture_teardown((void **)&fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(ranges_of_a_sound_run),
        TEST(ranges_where_the_clock_was_set_back),
        TEST(ranges_where_roll_ups_are_missing),
        TEST(ranges_without_roll_ups),
        TEST(a_long_series),
        TEST(ranges_of_a_damaged_run),
        TEST(nonsense_in_the_rows),
        TEST(segments_are_told),
        TEST(the_newest_of_many_segments),
        TEST(which_series),
        TEST(a_pattern_that_matches_late),
        TEST(more_than_may_be_told),
        TEST(without_a_point),
        TEST(an_older_run),
        TEST(no_memory),
        cmocka_unit_test_setup_teardown(run_beside, temp_setup, temp_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
