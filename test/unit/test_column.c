#include "store/column.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/err.h"
#include "no_memory.h"
#include "random_points.h"
#include "store/plane.h"
#include "unit.h"

/* ---- zstd, which may be told to fail (--wrap) ---- */

static _Thread_local size_t compressing, decompressing; /* what it gives instead of its own answer; 0: nothing */

size_t __real_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from, size_t size);
size_t __wrap_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from, size_t size);
size_t __real_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from, size_t size);
size_t __wrap_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from, size_t size);

size_t __wrap_ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t room, const void *from, size_t size)
{
    return compressing ? compressing : __real_ZSTD_compress2(context, to, room, from, size);
}

size_t __wrap_ZSTD_decompressDCtx(ZSTD_DCtx *context, void *to, size_t room, const void *from, size_t size)
{
    return decompressing ? decompressing : __real_ZSTD_decompressDCtx(context, to, room, from, size);
}

static size_t zstd_error(int code)
{
    return (size_t)-code;
}

/* ---- there and back ---- */

static const uint32_t counts[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 255, 256, 257, 1000, 4095, 4096};
#define COUNTS (sizeof counts / sizeof *counts)

/* Of bytes on their own, so that a sanitizer sees a read past their end. All are taken, or it is damage. */
static int take(const void *data, size_t size, uint64_t *numbers, uint32_t count)
{
    uint8_t *own = malloc(size ? size : 1);
    memcpy(own, data, size);
    struct column_bytes bytes = {own, own + size};
    int rc = column_take(&bytes, numbers, count);
    if (!rc && bytes.at != bytes.end)
        rc = ERR_DAMAGED;
    free(own);
    return rc;
}

static bool same_comes_back(const uint64_t *numbers, uint32_t count)
{
    uint64_t back[COLUMN_MAX];
    struct buf out;
    buf_init(&out);
    column_put(&out, numbers, count);
    bool same =
        !out.failed && take(out.data, out.size, back, count) == 0 && memcmp(back, numbers, count * sizeof *back) == 0;
    buf_finish(&out);
    return same;
}

static bool all_come_back(void)
{
    uint64_t numbers[COLUMN_MAX], seed = 1;
    bool all = true;
    for (unsigned round = 0; round < 20; round++)
        for (unsigned kind = 0; kind < RANDOM_NUMBERS; kind++)
            for (unsigned i = 0; i < COUNTS; i++) {
                random_numbers(&seed, kind, numbers, counts[i]);
                all = all && same_comes_back(numbers, counts[i]);
            }
    return all;
}

static void comes_back(void **state)
{
    (void)state;
    assert_true(all_come_back());
}

static void none_are_no_bytes(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    column_put(&out, NULL, 0);
    assert_int_equal(out.size, 0);
    assert_int_equal(take("", 0, NULL, 0), 0);
    buf_finish(&out);
}

static size_t size_of(const uint64_t *numbers, uint32_t count)
{
    struct buf out;
    buf_init(&out);
    column_put(&out, numbers, count);
    size_t size = out.size;
    assert_false(out.failed);
    buf_finish(&out);
    return size;
}

static void sizes(void **state)
{
    (void)state;
    uint64_t numbers[COLUMN_MAX], seed = 2;
    for (uint32_t i = 0; i < COLUMN_MAX; i++)
        numbers[i] = 1700000000 + 17ull * i;
    assert_in_range(size_of(numbers, COLUMN_MAX), 1, 20);
    for (uint32_t i = 0; i < COLUMN_MAX; i++)
        numbers[i] = 12345 + 77ull * i * i;
    assert_in_range(size_of(numbers, COLUMN_MAX), 1, 28);
    numbers[2000] += 3600000000; /* one that lies far off, to both sides */
    assert_in_range(size_of(numbers, COLUMN_MAX), 1, 200);
    random_numbers(&seed, 9, numbers, COLUMN_MAX); /* three bits */
    assert_in_range(size_of(numbers, COLUMN_MAX), 1, 1700);
    for (unsigned kind = 0; kind < RANDOM_NUMBERS; kind++) { /* nothing costs more than its own size */
        random_numbers(&seed, kind, numbers, COLUMN_MAX);
        assert_in_range(size_of(numbers, COLUMN_MAX), 1, 8 * COLUMN_MAX + 8 + 18);
    }
}

/* ---- hostile bytes ---- */

static void cut_short_or_mutated(void **state)
{
    (void)state;
    uint64_t numbers[COLUMN_MAX], seed = 3;
    struct buf out;
    buf_init(&out);
    for (unsigned kind = 0; kind < RANDOM_NUMBERS; kind++) {
        uint32_t count = 60 + dice_below(&seed, 100);
        random_numbers(&seed, kind, numbers, count);
        buf_clear(&out);
        column_put(&out, numbers, count);
        for (size_t cut = 0; cut < out.size; cut++)
            assert_int_equal(take(out.data, cut, numbers, count), ERR_DAMAGED);
        for (unsigned i = 0; i < out.size * 20; i++) {
            size_t at = i % out.size;
            char was = out.data[at];
            out.data[at] = (char)dice_next(&seed);
            int rc = take(out.data, out.size, numbers, count);
            assert_true(rc == 0 || rc == ERR_DAMAGED);
            out.data[at] = was;
        }
    }
    buf_finish(&out);
}

static void heads_that_make_no_sense(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[20];
        uint32_t size, count;
        int rc;
    } heads[] = {
        {{0x00, 0x00}, 2, 5, 0},                                                                  /* five zeros */
        {{0x10, 0x00, 8}, 3, 5, 0},                                                               /* five fours */
        {{0x00, 0x00, 0}, 3, 5, ERR_DAMAGED},                                                     /* a byte too many */
        {{0x09, 0x00, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 20, 1, ERR_DAMAGED}, /* nine planes */
        {{0x08, 0x07, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 18, 1, 0},
        {{0x08, 0x08, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 18, 1, ERR_DAMAGED}, /* moved out */
        {{0x01, 0x3f, 1, 1}, 4, 1, 0},
        {{0x02, 0x3f, 1, 1, 1, 1}, 6, 1, ERR_DAMAGED},
        {{0x90, 0x00, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 11, 1, ERR_DAMAGED},                      /* a base of nine bytes */
        {{0x00, 0x40, 1, 1, 1, 1, 1, 1, 1, 1}, 10, 2, 0},                                   /* order 1 */
        {{0x00, 0x40, 1, 1, 1, 1, 1, 1, 1, 1}, 10, 1, ERR_DAMAGED},                         /* of a single one */
        {{0x00, 0x80, 1, 1, 1, 1, 1, 1, 1, 1}, 10, 3, ERR_DAMAGED},                         /* order 2, half a head */
        {{0x00, 0xc0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 18, 9, ERR_DAMAGED}, /* order 3 */
        {{0x01, 0x00, 3, 1}, 4, 1, ERR_DAMAGED},                                            /* a plane of no kind */
        {{0x01, 0x00, 2, 1}, 4, 1, ERR_DAMAGED},                    /* half the size of a frame */
        {{0x01, 0x00, 2, 1, 0}, 5, 1, ERR_DAMAGED},                 /* no frame */
        {{0x01, 0x00, 2, 0, 0}, 5, 1, ERR_DAMAGED},                 /* an empty one */
        {{0x01, 0x00, 2, 5, 0, 1, 2, 3, 4, 5}, 10, 1, ERR_DAMAGED}, /* what is no frame */
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        uint64_t numbers[9];
        assert_int_equal(take(heads[i].bytes, heads[i].size, numbers, heads[i].count), heads[i].rc);
    }
}

/* ---- frames ---- */

/* A plane's bytes with a frame of `size` bytes that are alike, and behind it `more`. */
static void frame_of(struct buf *out, size_t size, const void *more, size_t more_size)
{
    char bytes[200] = {0}, frame[300];
    size_t got = ZSTD_compress(frame, sizeof frame, bytes, size, 1) - 4;
    buf_clear(out);
    buf_u8(out, 2);
    buf_u8(out, (uint8_t)(got + more_size));
    buf_u8(out, 0);
    buf_add(out, frame + 4, got);
    buf_add(out, more, more_size);
}

static int take_plane(const struct buf *in, uint32_t count)
{
    uint8_t plane[200];
    struct column_bytes bytes = {(const uint8_t *)in->data, (const uint8_t *)in->data + in->size};
    return plane_take(&bytes, plane, count);
}

static void frames_of_another_size(void **state)
{
    (void)state;
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
    struct buf out;
    buf_init(&out);
    frame_of(&out, 100, NULL, 0);
    assert_int_equal(take_plane(&out, 100), 0);
    assert_int_equal(take_plane(&out, 99), ERR_DAMAGED);
    assert_int_equal(take_plane(&out, 101), ERR_DAMAGED);
    frame_of(&out, 100, skippable, sizeof skippable);
    assert_int_equal(take_plane(&out, 100), ERR_DAMAGED);
    frame_of(&out, 100, "\x28", 1);
    assert_int_equal(take_plane(&out, 100), ERR_DAMAGED);
    buf_clear(&out);
    buf_add(&out, "\2\xff\xff", 3); /* longer than any frame */
    for (uint32_t i = 0; i < UINT16_MAX; i++)
        buf_u8(&out, 1);
    assert_int_equal(take_plane(&out, 100), ERR_DAMAGED);
    buf_finish(&out);
}

static void zstd_refuses(void **state)
{
    (void)state;
    uint64_t numbers[1000], back[1000], seed = 4;
    struct buf out, plain;
    buf_init(&out);
    buf_init(&plain);
    random_numbers(&seed, 9, numbers, 1000);
    column_put(&out, numbers, 1000);
    compressing = zstd_error(ZSTD_error_GENERIC);
    column_put(&plain, numbers, 1000);
    compressing = 0;
    assert_false(plain.failed);
    assert_in_range(out.size, 1, 600);
    assert_in_range(plain.size, 1001, 1010); /* one plane as it is */
    assert_int_equal(take(plain.data, plain.size, back, 1000), 0);
    assert_memory_equal(back, numbers, sizeof back);
    const struct {
        size_t answer;
        int rc;
    } answers[] = {{zstd_error(ZSTD_error_GENERIC), ERR_DAMAGED},
                   {zstd_error(ZSTD_error_corruption_detected), ERR_DAMAGED},
                   {zstd_error(ZSTD_error_memory_allocation), ERR_NOMEM},
                   {999, ERR_DAMAGED},
                   {1001, ERR_DAMAGED}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        decompressing = answers[i].answer;
        assert_int_equal(take(out.data, out.size, back, 1000), answers[i].rc);
    }
    decompressing = 0;
    assert_int_equal(take(out.data, out.size, back, 1000), 0);
    buf_finish(&out);
    buf_finish(&plain);
}

/* ---- threads and memory ---- */

struct round {
    long n; /* allocations until all fail */
    bool came_put, came_take;
    int rc;
    bool failed, same;
};

/* A new thread has no contexts yet. */
static void *one_round(void *context)
{
    struct round *round = context;
    uint64_t numbers[1000], back[1000], seed = 5;
    struct buf out;
    buf_init(&out);
    random_numbers(&seed, 9, numbers, 1000);
    no_memory_after(round->n);
    column_put(&out, numbers, 1000);
    round->came_put = no_memory_came();
    round->failed = out.failed;
    buf_clear(&out);
    column_put(&out, numbers, 1000);
    struct column_bytes bytes = {(uint8_t *)out.data, (uint8_t *)out.data + out.size};
    no_memory_after(round->n);
    round->rc = column_take(&bytes, back, 1000);
    round->came_take = no_memory_came();
    round->same = memcmp(back, numbers, sizeof back) == 0;
    buf_finish(&out);
    return NULL;
}

static void allocations_fail(void **state)
{
    (void)state;
    struct round round = {.came_put = true};
    unsigned failures = 0;
    for (; round.came_put || round.came_take; round.n++) {
        pthread_t thread;
        assert_true(round.n < NO_MEMORY_ROUNDS_MAX);
        assert_int_equal(pthread_create(&thread, NULL, one_round, &round), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(round.rc, round.came_take ? ERR_NOMEM : 0);
        assert_true(round.same == !round.came_take);
        assert_true(!round.failed || round.came_put);
        failures += round.failed || round.rc;
    }
    assert_true(failures > 0 || round.n == 1); /* 1: a sanitizer's allocator */
}

static void *thread_all_come_back(void *all)
{
    *(bool *)all = all_come_back();
    return NULL;
}

static void two_threads(void **state)
{
    (void)state;
    pthread_t thread;
    bool all = false;
    assert_int_equal(pthread_create(&thread, NULL, thread_all_come_back, &all), 0);
    assert_true(all_come_back());
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(none_are_no_bytes),
        cmocka_unit_test(sizes),
        cmocka_unit_test(cut_short_or_mutated),
        cmocka_unit_test(heads_that_make_no_sense),
        cmocka_unit_test(frames_of_another_size),
        cmocka_unit_test(zstd_refuses),
        cmocka_unit_test(allocations_fail),
        cmocka_unit_test(two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
