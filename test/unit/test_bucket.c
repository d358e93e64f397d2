#include "store/bucket.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "random_points.h"
#include "unit.h"

/* Values of one of a few kinds: a loss, huge ones, tiny ones, any at all. */
static void fill(uint64_t *seed, struct points *points, uint32_t count)
{
    uint32_t kind = dice_below(seed, 5);
    random_points(seed, points, count);
    for (uint32_t i = 0; i < count; i++) {
        double normal = random_normal(seed), any = random_double(seed);
        const double values[] = {2 + 0.3 * normal, copysign(DBL_MAX, normal) * (1 - dice_below(seed, 3) * 0.1),
                                 normal * 1e-310, any, dice_below(seed, 10) ? normal : any};
        points->value[i] = values[kind];
    }
}

/* ---- what is true of the points, found in the simplest way ---- */

struct truth {
    struct bucket bucket;
    double slack; /* what the mean may be off by */
};

static struct truth truth_of(const struct points *points, uint32_t from, uint32_t to)
{
    struct truth truth = {.bucket = {.count = to - from,
                                     .first_step = points->step[from],
                                     .first_us = points->time_us[from],
                                     .last_step = points->step[to - 1],
                                     .last_us = points->time_us[to - 1],
                                     .last = points->value[to - 1]}};
    struct bucket *b = &truth.bucket;
    long double sum = 0; /* of wider range than the doubles */
    double greatest = 0;
    uint64_t finite = 0;
    for (uint32_t i = from; i < to; i++) {
        double v = points->value[i];
        if (!isfinite(v)) {
            b->nonfinite++;
            continue;
        }
        b->min = finite ? fmin(b->min, v) : v;
        b->max = finite ? fmax(b->max, v) : v;
        greatest = fmax(greatest, fabs(v));
        sum += v;
        finite++;
    }
    if (finite)
        b->mean = (double)(sum / (long double)finite);
    truth.slack = greatest * DBL_EPSILON * (double)(finite + 4) + 5e-324 * (double)finite;
    return truth;
}

static void assert_like(const struct bucket *bucket, const struct truth *truth)
{
    const struct bucket *b = &truth->bucket;
    assert_int_equal(bucket->count, b->count);
    assert_int_equal(bucket->nonfinite, b->nonfinite);
    assert_int_equal(bucket->first_step, b->first_step);
    assert_int_equal(bucket->last_step, b->last_step);
    assert_int_equal(bucket->first_us, b->first_us);
    assert_int_equal(bucket->last_us, b->last_us);
    assert_true(bucket->last == b->last || (isnan(bucket->last) && isnan(b->last)));
    assert_true(bucket->min == b->min && bucket->max == b->max);
    assert_true(bucket->min <= bucket->mean && bucket->mean <= bucket->max);
    assert_true(fabs(bucket->mean / 4 - b->mean / 4) <= truth->slack / 4); /* their difference may overflow */
}

/* ---- folds ---- */

static void at_once(void **state)
{
    struct points *points = *state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t count = 1 + dice_below(&seed, round % 10 ? 130 : CHUNK_POINTS), from = dice_below(&seed, count);
        uint32_t to = from + 1 + dice_below(&seed, count - from);
        struct bucket bucket = {0};
        fill(&seed, points, count);
        bucket_add(&bucket, points, from, to);
        struct truth truth = truth_of(points, from, to);
        assert_like(&bucket, &truth);
    }
}

static void in_pieces(void **state)
{
    struct points *points = *state;
    uint64_t seed = 2;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t count = 1 + dice_below(&seed, 500), size = 1 + dice_below(&seed, 90);
        struct bucket bucket = {0};
        fill(&seed, points, count);
        for (uint32_t from = 0; from < count; from += size)
            bucket_add(&bucket, points, from, from + size < count ? from + size : count);
        struct truth truth = truth_of(points, 0, count);
        assert_like(&bucket, &truth);
    }
}

/* Buckets merged in any grouping stand for the same points. */
static struct bucket grouped(uint64_t *seed, const struct points *points, uint32_t from, uint32_t to)
{
    struct bucket bucket = {0};
    if (to - from <= 1 || dice_below(seed, 8) == 0) {
        bucket_add(&bucket, points, from, to);
        return bucket;
    }
    uint32_t middle = from + dice_below(seed, to - from + 1);
    bucket = grouped(seed, points, from, middle);
    struct bucket later = grouped(seed, points, middle, to);
    bucket_merge(&bucket, &later);
    return bucket;
}

static void merged(void **state)
{
    struct points *points = *state;
    uint64_t seed = 3;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t count = 1 + dice_below(&seed, 500);
        fill(&seed, points, count);
        struct bucket bucket = grouped(&seed, points, 0, count);
        struct truth truth = truth_of(points, 0, count);
        assert_like(&bucket, &truth);
    }
}

static void nothing_changes_nothing(void **state)
{
    struct points *points = *state;
    struct bucket bucket = {0}, none = {0};
    const struct bucket junk = {
        .min = 7, .max = NAN, .first_step = 9, .nonfinite = 3}; /* count 0: nothing else counts */
    uint64_t seed = 4;
    bucket_add(&bucket, points, 5, 5);
    bucket_merge(&bucket, &junk);
    assert_memory_equal(&bucket, &none, sizeof bucket);
    fill(&seed, points, 100);
    bucket = junk;
    bucket_add(&bucket, points, 0, 100);
    struct truth truth = truth_of(points, 0, 100);
    assert_like(&bucket, &truth);
    struct bucket before = bucket;
    bucket_add(&bucket, points, 100, 100);
    bucket_merge(&bucket, &junk);
    assert_memory_equal(&bucket, &before, sizeof bucket);
    bucket = junk;
    bucket_merge(&bucket, &before);
    assert_memory_equal(&bucket, &before, sizeof bucket);
}

static void add_values(struct points *points, const double *values, uint32_t count)
{
    points->count = 0;
    for (uint32_t i = 0; i < count; i++)
        points_add(points, i, i, values[i]);
}

static void odd_values(void **state)
{
    static const struct {
        double values[6];
        uint32_t count;
        double min, max, mean;
        uint64_t nonfinite;
    } odd[] = {
        {{NAN}, 1, 0, 0, 0, 1},
        {{INFINITY, -INFINITY, NAN, NAN, NAN}, 5, 0, 0, 0, 5},
        {{INFINITY, 3, -INFINITY, 5}, 4, 3, 5, 4, 2},
        {{NAN, -1, NAN, NAN, NAN}, 5, -1, -1, -1, 4},
        {{DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX}, 6, DBL_MAX, DBL_MAX, DBL_MAX, 0},
        {{-DBL_MAX, -DBL_MAX, NAN, -DBL_MAX}, 4, -DBL_MAX, -DBL_MAX, -DBL_MAX, 1},
        {{DBL_MAX, -DBL_MAX}, 2, -DBL_MAX, DBL_MAX, 0, 0},
        {{DBL_MAX, DBL_MAX, -DBL_MAX, -DBL_MAX}, 4, -DBL_MAX, DBL_MAX, 0, 0},
        {{5e-324, 5e-324, NAN}, 3, 5e-324, 5e-324, 5e-324, 1},
        {{5e-324, 1.5e-323, NAN}, 3, 5e-324, 1.5e-323, 1e-323, 1},
        {{0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, 6, 0.1, 0.1, 0.1, 0},
    };
    struct points *points = *state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct bucket bucket = {0}, twice = {0};
        add_values(points, odd[i].values, odd[i].count);
        bucket_add(&bucket, points, 0, odd[i].count);
        assert_true(bucket.min == odd[i].min && bucket.max == odd[i].max && bucket.mean == odd[i].mean);
        assert_int_equal(bucket.nonfinite, odd[i].nonfinite);
        bucket_merge(&twice, &bucket);
        bucket_merge(&twice, &bucket);
        assert_true(twice.min == odd[i].min && twice.max == odd[i].max && twice.mean == odd[i].mean);
        assert_int_equal(twice.nonfinite, 2 * odd[i].nonfinite);
    }
}

/* 262,144 points a bucket, merged for a run of ten to the fifteenth. */
static void great_counts(void **state)
{
    (void)state;
    struct bucket all = {0};
    for (int64_t i = 0; i < 1000; i++) {
        struct bucket one = {.first_step = i, .last_step = i, .count = 1ull << 40, .nonfinite = 1ull << 39};
        one.min = one.mean = one.max = one.last = (double)i;
        bucket_merge(&all, &one);
    }
    assert_int_equal(all.count, 1000ull << 40);
    assert_int_equal(all.nonfinite, 1000ull << 39);
    assert_true(all.min == 0 && all.max == 999 && all.last == 999);
    assert_true(fabs(all.mean - 499.5) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_once, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(in_pieces, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(merged, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(nothing_changes_nothing, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(odd_values, points_setup, points_teardown),
        cmocka_unit_test(great_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
