/* Bytes as a chunk, as a page of roll-ups, and as a block of the tail: as they are and with a head that is right. What
 * is taken for points or buckets makes sense, and is the same after it was written and read again. */
#include "replay.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/chunk.h"
#include "store/rollup.h"
#include "store/tail.h"

#define PLACE 0u
#define HEAD 4u /* bytes before the CRC of a chunk and of a page */
#define BODY 8u

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void must_be_same(const struct points *a, const struct points *b)
{
    must(a->count == b->count && a->count <= CHUNK_POINTS);
    must(memcmp(a->step, b->step, a->count * sizeof *a->step) == 0);
    must(memcmp(a->time_us, b->time_us, a->count * sizeof *a->time_us) == 0);
    must(memcmp(a->value, b->value, a->count * sizeof *a->value) == 0);
}

/* ---- chunks ---- */

static void check_chunk(const uint8_t *data, size_t size)
{
    struct points points = {0}, again = {0};
    int rc = chunk_decode(&points, PLACE, data, size);
    must(rc == 0 || rc == ERR_DAMAGED);
    must((rc == 0) == (points.count > 0));
    if (rc == 0) {
        struct buf out;
        buf_init(&out);
        chunk_encode(&out, PLACE, &points);
        must(chunk_decode(&again, PLACE, out.data, out.size) == 0);
        must_be_same(&points, &again);
        buf_finish(&out);
    }
    points_finish(&points);
    points_finish(&again);
}

/* ---- pages ---- */

static void must_make_sense(const struct bucket *b)
{
    must(b->count > 0 && b->nonfinite <= b->count && isfinite(b->min) && isfinite(b->max));
    must(b->min <= b->mean && b->mean <= b->max);
}

static void check_rollup(const uint8_t *data, size_t size)
{
    static struct bucket buckets[ROLLUP_PAGE_BUCKETS], again[ROLLUP_PAGE_BUCKETS];
    uint32_t count, count_again;
    struct bucket all = {0};
    int rc = rollup_decode(buckets, &count, PLACE, data, size);
    must(rc == 0 || rc == ERR_DAMAGED);
    must((rc == 0) == (count > 0) && count <= ROLLUP_PAGE_BUCKETS);
    for (uint32_t i = 0; i < count; i++) {
        must_make_sense(&buckets[i]);
        bucket_merge(&all, &buckets[i]);
    }
    if (rc)
        return;
    must_make_sense(&all);
    struct buf out;
    buf_init(&out);
    rollup_encode(&out, PLACE, buckets, count);
    must(rollup_decode(again, &count_again, PLACE, out.data, out.size) == 0);
    must(count_again == count && memcmp(buckets, again, count * sizeof *buckets) == 0);
    buf_finish(&out);
}

/* ---- the tail ---- */

static void check_run(const struct tail_run *run, struct points *points)
{
    struct tail tail;
    struct tail_cursor cursor;
    struct tail_run again;
    struct points points_again = {0};
    must(points->count == run->points);
    tail_init(&tail);
    tail_add(&tail, run->series, run->segment, run->sequence, points, 0);
    tail_seal(&tail);
    must(tail_open(&cursor, tail.bytes.data, tail.bytes.size) == 0);
    must(tail_next(&cursor, &again) == 1);
    must(again.series == run->series && again.segment == run->segment && again.sequence == run->sequence);
    must(tail_points(&again, 0, &points_again) == 0);
    must_be_same(points, &points_again);
    points->count = points_again.count = 0;
    uint32_t skip = run->points / 2; /* the rest alone is the rest */
    must(tail_points(run, skip, points) == 0 && points->count == run->points - skip);
    must(tail_points(&again, skip, &points_again) == 0);
    must_be_same(points, &points_again);
    must(tail_next(&cursor, &again) == 0);
    points_finish(&points_again);
    tail_finish(&tail);
}

static void check_tail(const uint8_t *data, size_t size)
{
    struct tail_cursor cursor;
    struct tail_run run;
    struct points points = {0};
    int rc = tail_open(&cursor, data, size);
    must(rc == 0 || rc == ERR_DAMAGED);
    while (rc == 0 && tail_next(&cursor, &run) == 1) {
        points.count = 0;
        must(run.points > 0 && run.points <= CHUNK_POINTS && run.at <= run.end && run.end <= data + size);
        int points_rc = tail_points(&run, 0, &points);
        must(points_rc == 0 || points_rc == ERR_DAMAGED);
        if (points_rc == 0)
            check_run(&run, &points);
    }
    points_finish(&points);
}

/* ---- all three ---- */

/* A fuzzer does not guess CRCs. */
static void make_sound(uint8_t *data, size_t size, char kind)
{
    uint32_t crc;
    data[0] = (uint8_t)kind;
    data[1] = 1;
    crc = crc32c(crc32c(PLACE, data, HEAD), data + BODY, size - BODY);
    memcpy(data + HEAD, &crc, sizeof crc);
}

static void make_sound_tail(uint8_t *data, size_t size)
{
    uint32_t crc = crc32c(0, data + TAIL_HEADER, size - TAIL_HEADER);
    data[0] = 'P';
    data[1] = 2;
    memcpy(data + 8, &crc, sizeof crc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_chunk(data, size);
    check_rollup(data, size);
    check_tail(data, size);
    if (size < TAIL_HEADER)
        return 0;
    uint8_t *sound = malloc(size);
    must(sound != NULL);
    memcpy(sound, data, size);
    make_sound(sound, size, 'C');
    check_chunk(sound, size);
    make_sound(sound, size, 'R');
    check_rollup(sound, size);
    memcpy(sound, data, size);
    make_sound_tail(sound, size);
    check_tail(sound, size);
    free(sound);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
