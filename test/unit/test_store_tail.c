/* The tail's blocks: there and back, and hostile bytes. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/tail.h"

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static void fill(struct points *points, uint32_t count, unsigned *seed)
{
    int64_t step = rand_r(seed), time_us = 1700000000000000;
    assert_true(points_reserve(points, count));
    for (uint32_t i = 0; i < count; i++) {
        step += rand_r(seed) % 3;
        time_us += rand_r(seed) % 100000 - 100;
        points_add(points, step, time_us, (double)rand_r(seed) / 3);
    }
}

static void assert_same(const struct points *a, uint32_t from, const struct points *b)
{
    assert_int_equal(a->count - from, b->count);
    assert_memory_equal(a->step + from, b->step, b->count * 8);
    assert_memory_equal(a->time_us + from, b->time_us, b->count * 8);
    assert_memory_equal(a->value + from, b->value, b->count * 8);
}

/* ---- there and back ---- */

/* Many runs of any length in one block, each with its own head; whatever of each is skipped, the rest comes back. */
static void there_and_back(void **state)
{
    (void)state;
    enum { RUNS = 40 };
    struct points points[RUNS] = {{0}}, back = {0};
    uint32_t from[RUNS];
    struct tail tail;
    unsigned seed = 3;
    tail_init(&tail);
    for (int again = 0; again < 3; again++) { /* then in memory that was used before */
        for (uint32_t i = 0; i < RUNS; i++) {
            points[i].count = 0;
            fill(&points[i], i ? 1 + (uint32_t)rand_r(&seed) % 300 : CHUNK_POINTS, &seed);
            from[i] = (uint32_t)rand_r(&seed) % points[i].count;
            tail_add(&tail, i * 1000003, i, (uint64_t)i << 50, &points[i], from[i]);
            tail_add(&tail, i, i, i, &points[i], points[i].count); /* no points: no run */
        }
        tail_seal(&tail);
        assert_false(tail.bytes.failed);
        struct tail_cursor cursor;
        struct tail_run run;
        assert_int_equal(tail_open(&cursor, tail.bytes.data, tail.bytes.size), 0);
        for (uint32_t i = 0; i < RUNS; i++) {
            assert_int_equal(tail_next(&cursor, &run), 1);
            assert_int_equal(run.series, i * 1000003);
            assert_int_equal(run.segment, i);
            assert_int_equal(run.sequence, (uint64_t)i << 50);
            assert_int_equal(run.points, points[i].count - from[i]);
            uint32_t skip = (uint32_t)rand_r(&seed) % (run.points + 1);
            back.count = 0;
            assert_int_equal(tail_points(&run, skip, &back), 0);
            assert_same(&points[i], from[i] + skip, &back);
        }
        assert_int_equal(tail_next(&cursor, &run), 0);
        assert_int_equal(tail_next(&cursor, &run), 0);
        tail_clear(&tail);
    }
    for (int i = 0; i < RUNS; i++)
        points_finish(&points[i]);
    points_finish(&back);
    tail_finish(&tail);
    tail_finish(&tail);
}

static void odd_points(void **state)
{
    (void)state;
    static const struct {
        int64_t step, time_us;
        uint64_t bits;
    } odd[] = {
        {0, 0, 0},
        {0, 0, 0x8000000000000000},
        {INT64_MIN, INT64_MIN, 0x7ff0000000000000},
        {INT64_MAX, INT64_MAX, 0xfff0000000000000},
        {INT64_MIN, INT64_MAX, 0x7ff0000000000001}, /* NaN of every kind */
        {-1, 1, 0x7ff8000000000000},
        {-1, 0, 0xfff8000000000001},
        {1, -1, 0xffffffffffffffff},
        {INT64_MAX, INT64_MIN, 1},
        {(INT64_C(1) << 53) + 1, 1700000000000000, 0x7fefffffffffffff},
    };
    struct points points = {0}, back = {0};
    struct tail tail;
    struct tail_cursor cursor;
    struct tail_run run;
    tail_init(&tail);
    assert_true(points_reserve(&points, sizeof odd / sizeof *odd));
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        points_add(&points, odd[i].step, odd[i].time_us, from_bits(odd[i].bits));
    tail_add(&tail, UINT32_MAX, UINT32_MAX, INT64_MAX, &points, 0);
    tail_seal(&tail);
    assert_int_equal(tail_open(&cursor, tail.bytes.data, tail.bytes.size), 0);
    assert_int_equal(tail_next(&cursor, &run), 1);
    assert_int_equal(run.series, UINT32_MAX);
    assert_int_equal(run.segment, UINT32_MAX);
    assert_int_equal(run.sequence, INT64_MAX);
    assert_int_equal(tail_points(&run, 0, &back), 0);
    assert_same(&points, 0, &back);
    points_finish(&points);
    points_finish(&back);
    tail_finish(&tail);
}

/* A step further, at about the same interval: 1 byte, 3 bytes, and the value. */
static void points_are_small(void **state)
{
    (void)state;
    struct points points = {0};
    struct tail tail;
    tail_init(&tail);
    assert_true(points_reserve(&points, 1000));
    for (int i = 0; i < 1000; i++)
        points_add(&points, i, 1700000000000000 + i * INT64_C(50123), 1);
    tail_add(&tail, 3, 0, 12345, &points, 0);
    tail_seal(&tail);
    assert_true(tail.bytes.size <= TAIL_HEADER + 20 + 1000 * 12);
    points_finish(&points);
    tail_finish(&tail);
}

static void nothing_at_all(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_cursor cursor;
    tail_init(&tail);
    tail_seal(&tail);
    assert_int_equal(tail.runs, 0);
    assert_int_equal(tail.bytes.size, 0);
    assert_int_equal(tail_open(&cursor, "", 0), ERR_DAMAGED);
    tail_finish(&tail);
}

/* What is there stays; a run that would make it more than a chunk is refused. */
static void never_more_than_a_chunk(void **state)
{
    (void)state;
    struct points points = {0}, back = {0};
    struct tail tail;
    struct tail_cursor cursor;
    struct tail_run run;
    unsigned seed = 4;
    tail_init(&tail);
    fill(&points, 1000, &seed);
    tail_add(&tail, 1, 0, 0, &points, 0);
    tail_seal(&tail);
    assert_int_equal(tail_open(&cursor, tail.bytes.data, tail.bytes.size), 0);
    assert_int_equal(tail_next(&cursor, &run), 1);
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(tail_points(&run, 0, &back), 0);
        assert_int_equal(back.count, i * 1000);
    }
    assert_int_equal(tail_points(&run, 0, &back), ERR_FULL);
    assert_int_equal(tail_points(&run, 903, &back), ERR_FULL);
    assert_int_equal(back.count, 4000);
    assert_int_equal(tail_points(&run, 904, &back), 0);
    assert_int_equal(back.count, CHUNK_POINTS);
    assert_memory_equal(back.step + 4000, points.step + 904, 96 * 8);
    assert_int_equal(tail_points(&run, 1000, &back), 0); /* nothing is left of it */
    assert_int_equal(tail_points(&run, UINT32_MAX, &back), 0);
    assert_int_equal(back.count, CHUNK_POINTS);
    points_finish(&points);
    points_finish(&back);
    tail_finish(&tail);
}

/* ---- hostile bytes ---- */

struct swallowed {
    uint64_t runs, points;
    bool sound; /* to the end */
};

/* Reads whatever it is to the end, or to where it fails. */
static struct swallowed swallow(const uint8_t *data, size_t size, uint32_t skip)
{
    struct swallowed got = {0};
    struct tail_cursor cursor;
    struct tail_run run;
    struct points points = {0};
    uint8_t *copy = malloc(size + !size); /* on its own, so that a sanitizer sees a read past its end */
    memcpy(copy, data, size);
    int code = tail_open(&cursor, copy, size);
    while (!code && (code = tail_next(&cursor, &run)) > 0) {
        assert_true(run.points > 0 && run.points <= CHUNK_POINTS);
        points.count = 0;
        code = tail_points(&run, skip, &points);
        assert_true(code == 0 || code == ERR_DAMAGED);
        assert_true(code || points.count == (run.points > skip ? run.points - skip : 0));
        got.runs++;
        got.points += points.count;
    }
    got.sound = !code;
    points_finish(&points);
    free(copy);
    return got;
}

static void rewrite_crc(uint8_t *data, size_t size)
{
    uint32_t crc = crc32c(0, data + TAIL_HEADER, size - TAIL_HEADER);
    memcpy(data + 8, &crc, 4);
}

static void sample(struct tail *tail)
{
    struct points points = {0};
    unsigned seed = 9;
    tail_init(tail);
    for (uint32_t i = 0; i < 5; i++) {
        points.count = 0;
        fill(&points, 1 + 7 * i, &seed);
        tail_add(tail, i * 200, i, i * 1000, &points, 0);
    }
    tail_seal(tail);
    points_finish(&points);
}

static void every_bit_flipped(void **state)
{
    (void)state;
    struct tail tail;
    sample(&tail);
    uint8_t *data = (uint8_t *)tail.bytes.data;
    size_t size = tail.bytes.size;
    struct swallowed all = swallow(data, size, 0);
    assert_true(all.sound && all.runs == 5 && all.points == 75);
    for (size_t bit = 0; bit < size * 8; bit++) {
        size_t byte = bit / 8;
        bool spare = byte == 2 || byte == 3 || (byte >= 12 && byte < 16);
        data[byte] ^= (uint8_t)(1 << bit % 8);
        if (swallow(data, size, 0).sound != spare)
            fail_msg("bit %zu of byte %zu", bit % 8, byte);
        if (byte >= TAIL_HEADER) { /* with a checksum that is right, so that what is behind it is reached */
            rewrite_crc(data, size);
            swallow(data, size, 0);
            swallow(data, size, 3);
            data[byte] ^= (uint8_t)(1 << bit % 8);
            rewrite_crc(data, size);
        } else {
            data[byte] ^= (uint8_t)(1 << bit % 8);
        }
    }
    all = swallow(data, size, 0);
    assert_true(all.sound && all.points == 75);
    tail_finish(&tail);
}

static void cut_anywhere(void **state)
{
    (void)state;
    struct tail tail;
    sample(&tail);
    uint8_t *data = (uint8_t *)tail.bytes.data;
    for (size_t cut = 0; cut < tail.bytes.size; cut++) {
        assert_false(swallow(data, cut, 0).sound);
        if (cut < TAIL_HEADER)
            continue;
        uint8_t kept[4];
        memcpy(kept, data + 8, 4);
        rewrite_crc(data, cut);
        assert_false(swallow(data, cut, 0).sound);
        memcpy(data + 8, kept, 4);
    }
    tail_finish(&tail);
}

static void random_blocks(void **state)
{
    (void)state;
    uint8_t data[256];
    unsigned seed = 1;
    uint64_t reached = 0;
    for (int round = 0; round < 20000; round++) {
        size_t size = TAIL_HEADER + (size_t)rand_r(&seed) % (sizeof data - TAIL_HEADER);
        bool small = round % 2; /* few of the numbers are then too large */
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)(rand_r(&seed) >> 3 & (small ? 0x1f : 0xff));
        uint32_t runs = (uint32_t)rand_r(&seed) % 5;
        data[0] = 'P';
        data[1] = 2;
        memcpy(data + 4, &runs, 4);
        rewrite_crc(data, size);
        reached += swallow(data, size, (uint32_t)round % 4).points > 0;
    }
    assert_true(reached > 100);
}

/* Numbers that no run can have, one at a time. */
static void runs_that_make_no_sense(void **state)
{
    (void)state;
    static const struct {
        uint64_t series, sequence, segment, points, bytes;
        bool sound; /* ten bytes follow: one point; or eleven, where so many are said to be there */
    } runs[] = {
        {1, 2, 3, 1, 10, true},
        {UINT32_MAX, INT64_MAX, UINT32_MAX, 1, 10, true},
        {UINT64_C(1) << 32, 2, 3, 1, 10, false},
        {1, UINT64_C(1) << 63, 3, 1, 10, false},
        {1, UINT64_MAX, 3, 1, 10, false},
        {1, 2, UINT64_C(1) << 32, 1, 10, false},
        {1, 2, 3, 0, 10, false},
        {1, 2, 3, 0, 0, false},
        {1, 2, 3, 2, 10, false},
        {1, 2, 3, CHUNK_POINTS + 1, 10, false},
        {1, 2, 3, UINT64_MAX, 10, false},
        {1, 2, 3, (UINT64_C(1) << 32) + 1, 10, false},
        {1, 2, 3, 1, 9, false},
        {1, 2, 3, 1, 11, false},
        {1, 2, 3, 1, UINT64_MAX, false},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        uint8_t data[TAIL_HEADER + 5 * 10 + 11] = {'P', 2, 0, 0, 1}, *at = data + TAIL_HEADER;
        const uint64_t head[] = {runs[i].series, runs[i].sequence, runs[i].segment, runs[i].points, runs[i].bytes};
        for (int k = 0; k < 5; k++) {
            uint64_t v = head[k];
            for (; v >= 0x80; v >>= 7)
                *at++ = (uint8_t)(v | 0x80);
            *at++ = (uint8_t)v;
        }
        at += runs[i].bytes == 11 ? 11 : 10;
        size_t size = (size_t)(at - data);
        rewrite_crc(data, size);
        if (swallow(data, size, 0).sound != runs[i].sound)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),    cmocka_unit_test(odd_points),    cmocka_unit_test(points_are_small),
        cmocka_unit_test(nothing_at_all),    cmocka_unit_test(cut_anywhere),  cmocka_unit_test(never_more_than_a_chunk),
        cmocka_unit_test(every_bit_flipped), cmocka_unit_test(random_blocks), cmocka_unit_test(runs_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
