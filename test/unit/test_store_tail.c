/* The points' blob: there and back, and hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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

static const struct tail_point odd[] = {
    {0, 0, 0, 0},
    {0, 0, 0, -0.0},
    {UINT32_MAX, INT64_MIN, INT64_MIN, INFINITY},
    {1, INT64_MAX, INT64_MAX, -INFINITY},
    {1, INT64_MIN, INT64_MAX, 5e-324},
    {2, 10, 1700000000000000000, 1.5},
    {3, 9, 1700000000000000000, 1.5}, /* a step back at the same time */
    {3, 9, 1699999999999999999, 2.5},
    {0x80, -1, 0, 1e308},
};
#define ODD (sizeof odd / sizeof *odd)

static void assert_same(const struct tail_point *a, const struct tail_point *b)
{
    assert_int_equal(a->series, b->series);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->time_ns, b->time_ns);
    assert_memory_equal(&a->value, &b->value, 8);
}

static void there_and_back(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_cursor cursor;
    struct tail_point point;
    tail_init(&tail);
    for (int again = 0; again < 2; again++) { /* the second time in memory that was used before */
        for (size_t i = 0; i < ODD; i++)
            tail_add(&tail, &odd[i]);
        tail_seal(&tail);
        assert_int_equal(tail_open(&cursor, tail.bytes.data, tail.bytes.size), 0);
        for (size_t i = 0; i < ODD; i++) {
            assert_int_equal(tail_next(&cursor, &point), 1);
            assert_same(&point, &odd[i]);
        }
        assert_int_equal(tail_next(&cursor, &point), 0);
        tail_clear(&tail);
    }
    tail_finish(&tail);
    tail_finish(&tail);
}

static void payloads_of_nan(void **state)
{
    (void)state;
    static const uint64_t bits[] = {0x7ff8000000000000, 0xfff8000000000001, 0x7ff0000000000001, 0xffffffffffffffff};
    struct tail tail;
    struct tail_cursor cursor;
    struct tail_point point;
    tail_init(&tail);
    for (size_t i = 0; i < 4; i++)
        tail_add(&tail, &(struct tail_point){.value = from_bits(bits[i])});
    tail_seal(&tail);
    assert_int_equal(tail_open(&cursor, tail.bytes.data, tail.bytes.size), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(tail_next(&cursor, &point), 1);
        assert_memory_equal(&point.value, &bits[i], 8);
    }
    tail_finish(&tail);
}

/* Points that share a step and a time cost 9 bytes each. */
static void batched_points_are_small(void **state)
{
    (void)state;
    struct tail tail;
    tail_init(&tail);
    for (uint32_t i = 0; i < 50; i++)
        tail_add(&tail, &(struct tail_point){i, 7, 1700000000000000000, 1});
    assert_true(tail.bytes.size <= TAIL_HEADER + 50 * 9 + 11);
    tail_finish(&tail);
}

/* Reads whatever it is to the end; how many points it gave. */
static size_t swallow(const uint8_t *data, size_t size)
{
    struct tail_cursor cursor;
    struct tail_point point;
    size_t count = 0;
    uint8_t *copy = malloc(size + 1); /* on its own, so that a sanitizer sees a read past its end */
    memcpy(copy, data, size);
    if (tail_open(&cursor, copy, size) == 0)
        while (tail_next(&cursor, &point) == 1)
            count++;
    free(copy);
    return count;
}

static void rewrite_crc(uint8_t *data, size_t size)
{
    uint32_t crc = crc32c(0, data + TAIL_HEADER, size - TAIL_HEADER);
    memcpy(data + 8, &crc, 4);
}

static void hostile_blobs(void **state)
{
    (void)state;
    struct tail tail;
    tail_init(&tail);
    for (size_t i = 0; i < ODD; i++)
        tail_add(&tail, &odd[i]);
    tail_seal(&tail);
    uint8_t *data = (uint8_t *)tail.bytes.data;
    size_t size = tail.bytes.size;
    assert_int_equal(swallow(data, size), ODD);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(swallow(data, cut), 0);
    for (size_t bit = 0; bit < size * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bool ignored = bit / 8 == 2 || bit / 8 == 3 || (bit / 8 >= 12 && bit / 8 < 16);
        bool counted = bit / 8 >= 4 && bit / 8 < 8;
        size_t count = swallow(data, size);
        assert_true(count == 0 || ignored || counted);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* with a checksum that is right, so that the decoder itself is reached */
    for (size_t cut = TAIL_HEADER; cut < size; cut++) {
        rewrite_crc(data, cut);
        assert_true(swallow(data, cut) < ODD);
    }
    for (size_t bit = TAIL_HEADER * 8; bit < size * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        rewrite_crc(data, size);
        swallow(data, size);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    tail_finish(&tail);
}

static void random_blobs(void **state)
{
    (void)state;
    uint8_t data[256];
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        size_t size = TAIL_HEADER + (size_t)rand_r(&seed) % (sizeof data - TAIL_HEADER);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)(rand_r(&seed) >> 3);
        data[0] = 'P';
        data[1] = 1;
        rewrite_crc(data, size);
        swallow(data, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(payloads_of_nan), cmocka_unit_test(batched_points_are_small),
        cmocka_unit_test(hostile_blobs),  cmocka_unit_test(random_blobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
