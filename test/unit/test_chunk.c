#include "store/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/blob.h"
#include "no_memory.h"
#include "random_points.h"
#include "unit.h"

#define HEADER 8u
#define PLACE 7u

/* Of bytes on their own, so that a sanitizer sees a read past their end. */
static int decode(struct points *points, const void *data, size_t size)
{
    uint8_t *own = malloc(size ? size : 1);
    memcpy(own, data, size);
    int rc = chunk_decode(points, PLACE, own, size);
    free(own);
    return rc;
}

static void make_sound(struct buf *blob)
{
    uint32_t crc = crc32c(crc32c(PLACE, blob->data, 4), blob->data + HEADER, blob->size - HEADER);
    memcpy(blob->data + 4, &crc, sizeof crc);
}

static void assert_same(const struct points *a, const struct points *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->step, b->step, a->count * sizeof *a->step);
    assert_memory_equal(a->time_us, b->time_us, a->count * sizeof *a->time_us);
    assert_memory_equal(a->value, b->value, a->count * sizeof *a->value);
}

/* There and back; the size of the blob. */
static size_t assert_comes_back(const struct points *points)
{
    struct points back = {0};
    struct buf blob;
    buf_init(&blob);
    buf_text(&blob, "what was there"); /* it is appended */
    size_t start = blob.size;
    chunk_encode(&blob, PLACE, points);
    assert_false(blob.failed);
    assert_int_equal(decode(&back, blob.data + start, blob.size - start), 0);
    assert_same(&back, points);
    size_t size = blob.size - start;
    points_finish(&back);
    buf_finish(&blob);
    return size;
}

static void comes_back(void **state)
{
    static const uint32_t counts[] = {1, 2, 3, 7, 8, 9, 63, 64, 65, 1000, 4095, CHUNK_POINTS};
    struct points *points = *state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 100; round++)
        for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
            random_points(&seed, points, counts[i]);
            assert_comes_back(points);
        }
}

static void odd_ones_come_back(void **state)
{
    static const uint64_t values[] = {0x7ff8000000000000, 0xfff8000000000001,
                                      0x7ff0000000000001, 0xffffffffffffffff,
                                      0x8000000000000000, 0,
                                      0x7ff0000000000000, 0xfff0000000000000,
                                      0x4340000000000001, 1,
                                      0x7fefffffffffffff, 0x3ff0000000000000};
    static const int64_t whole[] = {INT64_MIN, INT64_MAX, 0, -1, 9007199254740993, 5, 5, 4, INT64_MIN, INT64_MIN, 3, 0};
    struct points *points = *state;
    double value;
    points->count = 0;
    for (size_t i = 0; i < 12; i++) {
        memcpy(&value, &values[i], sizeof value);
        points_add(points, whole[i], whole[11 - i], value);
        assert_comes_back(points);
    }
}

/* Decoding replaces what was there, and what it takes is bounded. */
static void decoding_again(void **state)
{
    struct points *points = *state, back = {0};
    struct buf blob;
    uint64_t seed = 2;
    buf_init(&blob);
    for (uint32_t count = CHUNK_POINTS; count; count /= 3) {
        random_points(&seed, points, count);
        buf_clear(&blob);
        chunk_encode(&blob, PLACE, points);
        assert_int_equal(decode(&back, blob.data, blob.size), 0);
        assert_same(&back, points);
        assert_int_equal(back.capacity, CHUNK_POINTS);
    }
    assert_int_equal(decode(&back, "C", 1), ERR_DAMAGED);
    assert_int_equal(back.count, 0);
    buf_finish(&blob);
    points_finish(&back);
    points_finish(&back);
}

static void sizes(void **state)
{
    struct points *points = *state;
    uint64_t seed = 3;
    random_run(&seed, points, CHUNK_POINTS);
    assert_in_range(assert_comes_back(points), 1, CHUNK_POINTS * 9 / 2); /* 4.5 bytes a point */
    for (uint32_t i = 0; i < points->count; i++)
        points->value[i] = 3e-4;
    assert_in_range(assert_comes_back(points), 1, CHUNK_POINTS * 8 / 5);
    for (uint32_t i = 0; i < points->count; i++)
        points->time_us[i] = 50000ll * i;
    assert_in_range(assert_comes_back(points), 1, 64);
    points->count = 1;
    assert_in_range(assert_comes_back(points), 1, 40);
}

static void flipped_or_cut_is_damaged(void **state)
{
    struct points *points = *state, back = {0};
    struct buf blob;
    uint64_t seed = 4;
    buf_init(&blob);
    for (unsigned round = 0; round < 20; round++) {
        random_points(&seed, points, 1 + dice_below(&seed, 100));
        buf_clear(&blob);
        chunk_encode(&blob, PLACE, points);
        for (size_t bit = 0; bit < blob.size * 8; bit++) {
            blob.data[bit / 8] ^= (char)(1 << bit % 8);
            assert_int_equal(decode(&back, blob.data, blob.size), ERR_DAMAGED);
            assert_int_equal(back.count, 0);
            blob.data[bit / 8] ^= (char)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < blob.size; cut++)
            assert_int_equal(decode(&back, blob.data, cut), ERR_DAMAGED);
        buf_u8(&blob, 0);
        make_sound(&blob);
        assert_int_equal(decode(&back, blob.data, blob.size), ERR_DAMAGED);
    }
    buf_finish(&blob);
    points_finish(&back);
}

/* Where hostile bytes are points after all, these are points like others. */
static void mutated_with_a_sound_sum(void **state)
{
    struct points *points = *state, back = {0};
    struct buf blob;
    uint64_t seed = 5;
    unsigned accepted = 0;
    buf_init(&blob);
    for (unsigned round = 0; round < 20000; round++) {
        if (round % 50 == 0)
            random_points(&seed, points, 1 + dice_below(&seed, 300));
        buf_clear(&blob);
        chunk_encode(&blob, PLACE, points);
        for (unsigned i = 1 + dice_below(&seed, 3); i; i--)
            blob.data[dice_below(&seed, (uint32_t)blob.size)] = (char)dice_next(&seed);
        make_sound(&blob);
        int rc = decode(&back, blob.data, blob.size);
        assert_true(rc == 0 || rc == ERR_DAMAGED);
        assert_true((rc == 0) == (back.count > 0) && back.count <= CHUNK_POINTS);
        if (rc == 0)
            assert_comes_back(&back);
        accepted += rc == 0;
    }
    assert_in_range(accepted, 1000, 19000); /* both ways are tried */
    buf_finish(&blob);
    points_finish(&back);
}

static void random_bytes(void **state)
{
    struct points *points = *state;
    struct buf blob;
    uint64_t seed = 6;
    buf_init(&blob);
    for (unsigned round = 0; round < 20000; round++) {
        buf_clear(&blob);
        buf_add(&blob, "C\1\0\0\0\0\0\0", HEADER);
        blob.data[2] = (char)dice_below(&seed, 20);
        blob.data[3] = (char)dice_below(&seed, 18);
        for (uint32_t i = dice_below(&seed, 80); i; i--)
            buf_u8(&blob, (uint8_t)dice_below(&seed, dice_next(&seed) & 1 ? 256 : 4));
        make_sound(&blob);
        int rc = decode(points, blob.data, blob.size);
        assert_true(rc == 0 || rc == ERR_DAMAGED);
    }
    buf_finish(&blob);
}

static void heads(void **state)
{
    struct points *points = *state;
    struct buf blob;
    uint64_t seed = 7;
    buf_init(&blob);
    random_run(&seed, points, 10);
    chunk_encode(&blob, PLACE, points);
    static const struct {
        size_t at;
        char byte;
    } wrong[] = {{0, 'R'}, {1, 0}, {1, 2}, {2, 0}, {2, 9}, {2, 11}, {3, 16}, {3, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char was = blob.data[wrong[i].at];
        blob.data[wrong[i].at] = wrong[i].byte;
        make_sound(&blob);
        assert_int_equal(decode(points, blob.data, blob.size), ERR_DAMAGED);
        blob.data[wrong[i].at] = was;
    }
    make_sound(&blob);
    assert_int_equal(decode(points, blob.data, blob.size), 0);
    buf_finish(&blob);
}

/* The last plane is no frame where it says to be one, though all comes out even. */
static void the_last_plane_is_damaged(void **state)
{
    struct points *points = *state;
    struct buf blob;
    uint64_t seed = 9;
    buf_init(&blob);
    points->count = 0;
    for (uint32_t i = 0; i < 100; i++)
        points_add(points, i, i, 1 + (double)(dice_next(&seed) >> 56) * 0x1p-52);
    chunk_encode(&blob, PLACE, points);
    uint8_t *plane = (uint8_t *)blob.data + blob.size - 101;
    assert_int_equal(plane[0], 0); /* as it is */
    memcpy(plane, "\2\x62\0", 3);  /* a frame of 98 bytes */
    make_sound(&blob);
    assert_int_equal(decode(points, blob.data, blob.size), ERR_DAMAGED);
    assert_int_equal(points->count, 0);
    buf_finish(&blob);
}

static void room_for_points(void **state)
{
    (void)state;
    struct points points = {0};
    for (uint32_t i = 0; i < CHUNK_POINTS; i++) {
        assert_true(points_reserve(&points, 1));
        assert_true(points.capacity > i && points.capacity <= CHUNK_POINTS);
        points_add(&points, i, -(int64_t)i, i);
    }
    assert_true(points_reserve(&points, 0));
    for (uint32_t i = 0; i < CHUNK_POINTS; i++)
        assert_true(points.step[i] == i && points.time_us[i] == -(int64_t)i && points.value[i] == i);
    points_finish(&points);
    assert_null(points.step);
    assert_int_equal(points.capacity, 0);
}

static void allocations_fail(void **state)
{
    const struct points *points = *state;
    struct points back = {0};
    struct buf blob;
    uint64_t seed = 8;
    bool came = true;
    buf_init(&blob);
    random_run(&seed, *state, 500);
    for (long n = 0; came; n++) {
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        buf_finish(&blob);
        points_finish(&back);
        no_memory_after(n);
        chunk_encode(&blob, PLACE, points);
        int rc = blob.failed ? ERR_NOMEM : chunk_decode(&back, PLACE, blob.data, blob.size);
        came = no_memory_came();
        assert_int_equal(rc, came ? ERR_NOMEM : 0);
        assert_int_equal(back.count, came ? 0 : points->count);
        if (came && !blob.failed) /* what there was is still of use */
            assert_int_equal(chunk_decode(&back, PLACE, blob.data, blob.size), 0);
    }
    assert_same(&back, points);
    buf_finish(&blob);
    points_finish(&back);
}

/* One that stands in another place than its own is damaged. */
static void in_another_place(void **unused)
{
    struct points points = {0};
    struct buf blob;
    (void)unused;
    buf_init(&blob);
    assert_true(points_reserve(&points, 1));
    points_add(&points, 1, 2, 3);
    chunk_encode(&blob, blob_place(1, 0, 4096), &points);
    assert_int_equal(chunk_decode(&points, blob_place(1, 0, 4096), blob.data, blob.size), 0);
    assert_int_equal(chunk_decode(&points, blob_place(2, 0, 4096), blob.data, blob.size), ERR_DAMAGED);
    assert_int_equal(chunk_decode(&points, blob_place(1, 1, 4096), blob.data, blob.size), ERR_DAMAGED);
    assert_int_equal(chunk_decode(&points, blob_place(1, 0, 0), blob.data, blob.size), ERR_DAMAGED);
    points_finish(&points);
    buf_finish(&blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(odd_ones_come_back, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(decoding_again, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(sizes, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(flipped_or_cut_is_damaged, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(mutated_with_a_sound_sum, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(random_bytes, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(heads, points_setup, points_teardown),
        cmocka_unit_test_setup_teardown(the_last_plane_is_damaged, points_setup, points_teardown),
        cmocka_unit_test(in_another_place),
        cmocka_unit_test(room_for_points),
        cmocka_unit_test_setup_teardown(allocations_fail, points_setup, points_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
