/* Every point, series by series; with and without those that a later segment has replaced; and what is damaged. */
#include "points_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "no_memory.h"

static const struct fixture_shape sound = {.chunk_points = 700, .page_buckets = 40};

/* What is expected next. */
struct expected {
    struct fixture *fixture;
    uint32_t series;
    size_t at;
    bool superseded;
    uint64_t given, stop_at;
};

/* Has a later segment begun at this step or before it? */
static bool is_superseded(const struct fixture_series *series, size_t at)
{
    for (size_t i = at + 1; i < series->count; i++)
        if (series->point[i].segment > series->point[i - 1].segment && series->point[i].step <= series->point[at].step)
            return true;
    return false;
}

static bool is_left_out(const struct expected *expected, const struct fixture_series *series, size_t at)
{
    return series->point[at].lost || (!expected->superseded && is_superseded(series, at));
}

static int check_point(void *context, const struct store_point *point)
{
    struct expected *expected = context;
    const struct fixture_series *series = &expected->fixture->series[expected->series];
    while (expected->at == series->count || is_left_out(expected, series, expected->at))
        if (expected->at++ == series->count) {
            expected->at = 0;
            series = &expected->fixture->series[++expected->series];
            assert_true(expected->series < expected->fixture->series_count);
        }
    const struct fixture_point *next = &series->point[expected->at];
    assert_string_equal(point->series, series->name);
    assert_int_equal(point->sequence, expected->at++);
    assert_int_equal(point->segment, next->segment);
    assert_int_equal(point->step, next->step);
    assert_int_equal(point->time_us, next->time_us);
    assert_memory_equal(&point->value, &next->value, 8);
    return ++expected->given == expected->stop_at ? 7 : 0;
}

/* How many points there are; how many of them lost, and how many to be given. */
struct counts {
    uint64_t all, lost, given;
};

static struct counts count(struct fixture *fixture, bool superseded)
{
    struct counts counts = {0};
    const struct expected expected = {.superseded = superseded};
    for (uint32_t id = 0; id < fixture->series_count; id++)
        for (size_t i = 0; i < fixture->series[id].count; i++) {
            counts.all++;
            counts.lost += fixture->series[id].point[i].lost;
            counts.given += !is_left_out(&expected, &fixture->series[id], i);
        }
    return counts;
}

static void assert_all(struct fixture *fixture, bool superseded)
{
    struct expected expected = {.fixture = fixture, .superseded = superseded};
    struct store_points_ask ask = {.superseded = superseded, .each = check_point, .context = &expected};
    struct counts counts = count(fixture, superseded);
    struct err err = {0};
    if (store_points(fixture_reader(fixture), &ask, &err))
        fail_msg("%s", err.text);
    assert_int_equal(expected.given, counts.given);
    assert_int_equal(ask.total, counts.all);
    assert_int_equal(ask.lost, counts.lost);
}

static void make_run(struct fixture *fixture, const struct fixture_shape *shape, uint32_t series)
{
    for (uint32_t i = 0; i < series; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%u", i);
        struct fixture_series *made = fixture_add(fixture, name, "");
        fixture_grow(fixture, made, 1 + fixture_random(fixture, 2000), i % 3 ? 1 + i % 5 : 1, true);
        made->sealed = fixture_random(fixture, made->count + 1);
    }
    fixture_write(fixture, shape);
}

static void all_points(void **state)
{
    struct fixture *fixture = *state;
    make_run(fixture, &sound, 150);
    assert_all(fixture, true);
    assert_all(fixture, false);
    assert_true(count(fixture, false).given < count(fixture, true).given);
}

/* Of a hole at the end of a segment nobody knows which segment it belonged to: one alone here. */
static void damaged_points(void **state)
{
    struct fixture *fixture = *state;
    const struct fixture_shape damaged = {
        .chunk_points = 200, .page_buckets = 40, .chunks_damaged = 20, .blocks_damaged = 20};
    for (uint32_t i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%u", i);
        struct fixture_series *series = fixture_add(fixture, name, "");
        fixture_grow(fixture, series, 2000, 1, true);
        series->sealed = fixture_random(fixture, series->count + 1);
    }
    fixture_write(fixture, &damaged);
    assert_true(count(fixture, true).lost > 1000);
    assert_all(fixture, true);
}

static void stopped_on_the_way(void **state)
{
    struct fixture *fixture = *state;
    make_run(fixture, &sound, 5);
    struct expected expected = {.fixture = fixture, .superseded = true, .stop_at = 1234};
    struct store_points_ask ask = {.superseded = true, .each = check_point, .context = &expected};
    assert_int_equal(store_points(fixture_reader(fixture), &ask, NULL), 7);
    assert_int_equal(expected.given, 1234);
    assert_all(fixture, true);
}

static int count_point(void *context, const struct store_point *point)
{
    (void)point;
    ++*(uint64_t *)context;
    return 0;
}

static void some_series(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    uint64_t given = 0;
    make_run(fixture, &sound, 12);
    const char *globs[] = {"s1", "s1?"};
    struct store_points_ask ask = {
        .superseded = true, .globs = globs, .globs_count = 2, .each = count_point, .context = &given};
    assert_int_equal(store_points(fixture_reader(fixture), &ask, &err), 0);
    assert_int_equal(given, fixture->series[1].count + fixture->series[10].count + fixture->series[11].count);
    assert_int_equal(given, ask.total);
    globs[1] = "t*";
    assert_int_equal(store_points(fixture_reader(fixture), &ask, &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "t*"));
}

/* All or ERR_NOMEM, and never a point that is not one. */
static void no_memory(void **state)
{
    struct fixture *fixture = *state;
    bool fired = true;
    make_run(fixture, &sound, 4);
    for (long n = 0; fired; n++) {
        struct expected expected = {.fixture = fixture, .superseded = true};
        struct store_points_ask ask = {.superseded = true, .each = check_point, .context = &expected};
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        no_memory_after(n);
        int code = store_reader_open(&fixture->reader, fixture->path, false, NULL);
        if (!code)
            code = store_points(fixture->reader, &ask, NULL);
        fired = no_memory_came();
        assert_true(code == ERR_NOMEM || (code == 0 && expected.given == ask.total && !ask.lost));
        fixture_close_reader(fixture);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {TEST(all_points), TEST(damaged_points), TEST(stopped_on_the_way),
                                       TEST(some_series), TEST(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
