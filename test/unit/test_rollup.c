#include "store/rollup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "no_memory.h"
#include "random_points.h"
#include "unit.h"

#define HEADER 8u
#define PLACE 7u

static void make_sound(struct buf *blob)
{
    uint32_t crc = crc32c(crc32c(PLACE, blob->data, 4), blob->data + HEADER, blob->size - HEADER);
    memcpy(blob->data + 4, &crc, sizeof crc);
}

/* Of bytes on their own, so that a sanitizer sees a read past their end. */
static int decode(struct bucket *buckets, uint32_t *count, const void *data, size_t size)
{
    uint8_t *own = malloc(size ? size : 1);
    memcpy(own, data, size);
    int rc = rollup_decode(buckets, count, PLACE, own, size);
    free(own);
    return rc;
}

static void assert_same(const struct bucket *a, const struct bucket *b, uint32_t count)
{
    assert_memory_equal(a, b, count * sizeof *a); /* there is no padding in it */
}

/* Buckets that may be: of points of all kinds, of few points or many. */
static void random_buckets(uint64_t *seed, struct bucket *buckets, uint32_t count)
{
    uint32_t hostile = dice_below(seed, 4);
    for (uint32_t i = 0; i < count; i++) {
        struct bucket *b = &buckets[i];
        double a = hostile ? random_double(seed) : 2, c = hostile ? random_double(seed) : random_normal(seed);
        uint64_t step = dice_next(seed) >> dice_below(seed, 64), us = dice_next(seed);
        *b = (struct bucket){.count = 1 + (dice_next(seed) & UINT32_MAX) * (hostile > 1), .last = random_double(seed)};
        b->nonfinite = hostile > 2 ? dice_next(seed) % b->count : 0;
        b->first_step = hostile > 2 ? (int64_t)(step ^ (us & 1 ? 0 : UINT64_MAX)) : i;
        b->last_step = us & 2 ? b->first_step : INT64_MAX;
        b->first_us = (int64_t)us;
        b->last_us = (int64_t)(us * us);
        if (isfinite(a) && isfinite(c)) {
            b->min = fmin(a, c);
            b->max = fmax(a, c);
            b->mean = us & 4 ? b->min : b->max;
        }
    }
}

/* Those of a run, level 0. */
static void run_buckets(uint64_t *seed, struct bucket *buckets, uint32_t count)
{
    struct points points = {0};
    assert_true(points_reserve(&points, CHUNK_POINTS));
    int64_t steps = 0, us = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i % (CHUNK_POINTS / ROLLUP_POINTS) == 0)
            random_run(seed, &points, CHUNK_POINTS);
        uint32_t from = i * ROLLUP_POINTS % CHUNK_POINTS;
        buckets[i] = (struct bucket){0};
        bucket_add(&buckets[i], &points, from, from + ROLLUP_POINTS);
        buckets[i].first_step += steps;
        buckets[i].last_step += steps;
        buckets[i].first_us += us;
        buckets[i].last_us += us;
        if (from == CHUNK_POINTS - ROLLUP_POINTS) {
            steps += CHUNK_POINTS;
            us += 50000 * CHUNK_POINTS;
        }
    }
    points_finish(&points);
}

/* There and back; the size of the blob. */
static size_t assert_comes_back(const struct bucket *buckets, uint32_t count)
{
    struct bucket back[ROLLUP_PAGE_BUCKETS];
    struct buf blob;
    uint32_t got;
    buf_init(&blob);
    buf_text(&blob, "what was there"); /* it is appended */
    size_t start = blob.size;
    rollup_encode(&blob, PLACE, buckets, count);
    assert_false(blob.failed);
    assert_int_equal(decode(back, &got, blob.data + start, blob.size - start), 0);
    assert_int_equal(got, count);
    assert_same(back, buckets, count);
    size_t size = blob.size - start;
    buf_finish(&blob);
    return size;
}

static void comes_back(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 7, 8, 9, 16, 31, 32, 33, 100, ROLLUP_PAGE_BUCKETS - 1, ROLLUP_PAGE_BUCKETS};
    struct bucket buckets[ROLLUP_PAGE_BUCKETS];
    uint64_t seed = 1;
    for (unsigned round = 0; round < 100; round++)
        for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
            random_buckets(&seed, buckets, counts[i]);
            assert_comes_back(buckets, counts[i]);
        }
}

static void sizes(void **state)
{
    (void)state;
    struct bucket buckets[ROLLUP_PAGE_BUCKETS];
    uint64_t seed = 2;
    run_buckets(&seed, buckets, ROLLUP_PAGE_BUCKETS);
    assert_in_range(assert_comes_back(buckets, ROLLUP_PAGE_BUCKETS), 1, ROLLUP_PAGE_BUCKETS * 18);
    for (uint32_t i = 0; i < ROLLUP_PAGE_BUCKETS; i++) {
        buckets[i].min = buckets[i].max = buckets[i].mean = buckets[i].last = 3e-4;
        buckets[i].first_us = buckets[i].last_us = 50000 * i;
    }
    assert_in_range(assert_comes_back(buckets, ROLLUP_PAGE_BUCKETS), 1, 200);
}

static void flipped_or_cut_is_damaged(void **state)
{
    (void)state;
    struct bucket buckets[ROLLUP_PAGE_BUCKETS], back[ROLLUP_PAGE_BUCKETS];
    struct buf blob;
    uint64_t seed = 3;
    uint32_t count;
    buf_init(&blob);
    for (unsigned round = 0; round < 20; round++) {
        uint32_t had = 1 + dice_below(&seed, 60);
        random_buckets(&seed, buckets, had);
        buf_clear(&blob);
        rollup_encode(&blob, PLACE, buckets, had);
        for (size_t bit = 0; bit < blob.size * 8; bit++) {
            blob.data[bit / 8] ^= (char)(1 << bit % 8);
            assert_int_equal(decode(back, &count, blob.data, blob.size), ERR_DAMAGED);
            assert_int_equal(count, 0);
            blob.data[bit / 8] ^= (char)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < blob.size; cut++)
            assert_int_equal(decode(back, &count, blob.data, cut), ERR_DAMAGED);
        buf_u8(&blob, 0);
        make_sound(&blob);
        assert_int_equal(decode(back, &count, blob.data, blob.size), ERR_DAMAGED);
    }
    buf_finish(&blob);
}

static bool makes_sense(const struct bucket *b)
{
    return b->count > 0 && b->nonfinite <= b->count && b->first_step <= b->last_step && b->min <= b->mean &&
           b->mean <= b->max && isfinite(b->min) && isfinite(b->max);
}

/* Where hostile bytes are buckets after all, they make sense and are buckets like others. */
static void mutated_with_a_sound_sum(void **state)
{
    (void)state;
    struct bucket buckets[ROLLUP_PAGE_BUCKETS], back[ROLLUP_PAGE_BUCKETS];
    struct buf blob;
    uint64_t seed = 4;
    uint32_t had = 1, count;
    unsigned accepted = 0;
    buf_init(&blob);
    for (unsigned round = 0; round < 4000; round++) {
        if (round % 50 == 0) {
            had = 1 + dice_below(&seed, ROLLUP_PAGE_BUCKETS);
            random_buckets(&seed, buckets, had);
        }
        buf_clear(&blob);
        rollup_encode(&blob, PLACE, buckets, had);
        for (unsigned i = 1 + dice_below(&seed, 3); i; i--)
            blob.data[dice_below(&seed, (uint32_t)blob.size)] = (char)dice_next(&seed);
        make_sound(&blob);
        int rc = decode(back, &count, blob.data, blob.size);
        assert_true(rc == 0 || rc == ERR_DAMAGED);
        assert_true((rc == 0) == (count > 0) && count <= ROLLUP_PAGE_BUCKETS);
        for (uint32_t i = 0; i < count; i++)
            assert_true(makes_sense(&back[i]));
        if (rc == 0)
            assert_comes_back(back, count);
        accepted += rc == 0;
    }
    assert_in_range(accepted, 50, 3900); /* both ways are tried */
    buf_finish(&blob);
}

static void buckets_that_make_no_sense(void **state)
{
    (void)state;
    struct bucket buckets[3], back[ROLLUP_PAGE_BUCKETS];
    const struct bucket good = {.first_step = 1, .last_step = 5, .count = 5, .nonfinite = 2, .min = -1, .max = 1};
    struct bucket bad[] = {good, good, good, good, good, good, good, good, good, good};
    bad[0].count = bad[0].nonfinite = 0;
    bad[1].nonfinite = 6;
    bad[2].last_step = 0;
    bad[3].mean = 2;
    bad[4].mean = -2;
    bad[5].mean = NAN;
    bad[6].min = -INFINITY;
    bad[7].max = NAN;
    bad[8].count = UINT64_MAX;
    bad[9].max = INFINITY;
    struct buf blob;
    uint32_t count;
    buf_init(&blob);
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        bool sound = i == sizeof bad / sizeof *bad;
        for (unsigned at = 0; at < 3; at++) {
            buckets[0] = buckets[1] = buckets[2] = good;
            buckets[at] = sound ? good : bad[i];
            buf_clear(&blob);
            rollup_encode(&blob, PLACE, buckets, 3);
            assert_int_equal(decode(back, &count, blob.data, blob.size), sound ? 0 : ERR_DAMAGED);
            assert_int_equal(count, sound ? 3 : 0);
        }
    }
    buf_finish(&blob);
}

/* The last plane is no frame where it says to be one, though all comes out even. */
static void the_last_plane_is_damaged(void **state)
{
    (void)state;
    struct bucket buckets[100], back[ROLLUP_PAGE_BUCKETS];
    struct buf blob;
    uint64_t seed = 6;
    uint32_t count;
    buf_init(&blob);
    for (uint32_t i = 0; i < 100; i++)
        buckets[i] = (struct bucket){.count = 1, .last = 1 + (double)(dice_next(&seed) >> 56) * 0x1p-52};
    rollup_encode(&blob, PLACE, buckets, 100);
    uint8_t *plane = (uint8_t *)blob.data + blob.size - 101;
    assert_int_equal(plane[0], 0); /* as it is */
    memcpy(plane, "\2\x62\0", 3);  /* a frame of 98 bytes */
    make_sound(&blob);
    assert_int_equal(decode(back, &count, blob.data, blob.size), ERR_DAMAGED);
    assert_int_equal(count, 0);
    buf_finish(&blob);
}

static void allocations_fail(void **state)
{
    (void)state;
    struct bucket buckets[ROLLUP_PAGE_BUCKETS], back[ROLLUP_PAGE_BUCKETS];
    struct buf blob;
    uint64_t seed = 5;
    uint32_t count;
    bool came = true;
    buf_init(&blob);
    run_buckets(&seed, buckets, ROLLUP_PAGE_BUCKETS);
    for (long n = 0; came; n++) {
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        buf_finish(&blob);
        no_memory_after(n);
        rollup_encode(&blob, PLACE, buckets, ROLLUP_PAGE_BUCKETS);
        int rc = blob.failed ? ERR_NOMEM : rollup_decode(back, &count, PLACE, blob.data, blob.size);
        came = no_memory_came();
        assert_true(rc == 0 || (came && rc == ERR_NOMEM));
        assert_true(rc == 0 || blob.failed || count == 0);
    }
    assert_int_equal(count, ROLLUP_PAGE_BUCKETS);
    assert_same(back, buckets, count);
    buf_finish(&blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(sizes),
        cmocka_unit_test(flipped_or_cut_is_damaged),
        cmocka_unit_test(mutated_with_a_sound_sum),
        cmocka_unit_test(buckets_that_make_no_sense),
        cmocka_unit_test(the_last_plane_is_damaged),
        cmocka_unit_test(allocations_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
