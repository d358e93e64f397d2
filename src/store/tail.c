#include "store/tail.h"

#include <string.h>

#include "base/crc32c.h"
#include "store/column.h"
#include "store/varint.h"

#define TAIL_VERSION 2
#define TAIL_RUN_MAX 50u   /* five varints */
#define TAIL_POINT_MAX 28u /* 10 + 10 + 8 */

void tail_init(struct tail *tail)
{
    *tail = (struct tail){0};
    buf_init(&tail->bytes);
}

void tail_finish(struct tail *tail)
{
    buf_finish(&tail->bytes);
    tail_init(tail);
}

void tail_clear(struct tail *tail)
{
    buf_clear(&tail->bytes);
    tail->runs = 0;
}

static size_t varint_size(uint64_t v)
{
    size_t size = 1;
    while (v >>= 7)
        size++;
    return size;
}

static uint64_t difference(int64_t to, int64_t from)
{
    return zigzag((uint64_t)to - (uint64_t)from);
}

/* The bytes that points[from, count) take. */
static size_t run_size(const struct points *points, uint32_t from)
{
    size_t size = 0;
    int64_t step = 0, time_us = 0;
    for (uint32_t i = from; i < points->count; i++) {
        size +=
            varint_size(difference(points->step[i], step)) + varint_size(difference(points->time_us[i], time_us)) + 8;
        step = points->step[i];
        time_us = points->time_us[i];
    }
    return size;
}

static uint8_t *points_put(uint8_t *at, const struct points *points, uint32_t from)
{
    int64_t step = 0, time_us = 0;
    for (uint32_t i = from; i < points->count; i++) {
        at = varint_put(at, difference(points->step[i], step));
        at = varint_put(at, difference(points->time_us[i], time_us));
        memcpy(at, &points->value[i], 8);
        at += 8;
        step = points->step[i];
        time_us = points->time_us[i];
    }
    return at;
}

void tail_add(struct tail *tail, uint32_t series, uint32_t segment, uint64_t sequence, const struct points *points,
              uint32_t from)
{
    struct buf *bytes = &tail->bytes;
    uint32_t count = points->count - from;
    if (!count || !buf_reserve(bytes, TAIL_HEADER + TAIL_RUN_MAX + (size_t)count * TAIL_POINT_MAX))
        return;
    if (!bytes->size)
        bytes->size = TAIL_HEADER;
    uint8_t *start = (uint8_t *)bytes->data + bytes->size;
    uint8_t *at = varint_put(start, series);
    at = varint_put(at, sequence);
    at = varint_put(at, segment);
    at = varint_put(at, count);
    at = varint_put(at, run_size(points, from));
    at = points_put(at, points, from);
    bytes->size += (size_t)(at - start);
    tail->runs++;
}

void tail_seal(struct tail *tail)
{
    struct buf *bytes = &tail->bytes;
    if (!tail->runs)
        return;
    uint8_t header[TAIL_HEADER] = {'P', TAIL_VERSION};
    uint32_t crc = crc32c(0, bytes->data + TAIL_HEADER, bytes->size - TAIL_HEADER);
    memcpy(header + 4, &tail->runs, 4);
    memcpy(header + 8, &crc, 4);
    memcpy(bytes->data, header, TAIL_HEADER);
}

int tail_open(struct tail_cursor *cursor, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t crc;
    *cursor = (struct tail_cursor){0};
    if (size < TAIL_HEADER || bytes[0] != 'P' || bytes[1] != TAIL_VERSION)
        return ERR_DAMAGED;
    memcpy(&crc, bytes + 8, 4);
    if (crc != crc32c(0, bytes + TAIL_HEADER, size - TAIL_HEADER))
        return ERR_DAMAGED;
    memcpy(&cursor->left, bytes + 4, 4);
    cursor->at = bytes + TAIL_HEADER;
    cursor->end = bytes + size;
    return 0;
}

int tail_next(struct tail_cursor *cursor, struct tail_run *run)
{
    uint64_t series, sequence, segment, points, size;
    if (!cursor->left)
        return cursor->at == cursor->end ? 0 : ERR_DAMAGED;
    if (!varint_take(&cursor->at, cursor->end, &series) || !varint_take(&cursor->at, cursor->end, &sequence) ||
        !varint_take(&cursor->at, cursor->end, &segment) || !varint_take(&cursor->at, cursor->end, &points) ||
        !varint_take(&cursor->at, cursor->end, &size) || size > (size_t)(cursor->end - cursor->at) ||
        series > UINT32_MAX || segment > UINT32_MAX || !points || points > CHUNK_POINTS || sequence > INT64_MAX)
        return ERR_DAMAGED;
    *run = (struct tail_run){.series = (uint32_t)series,
                             .segment = (uint32_t)segment,
                             .points = (uint32_t)points,
                             .sequence = sequence,
                             .at = cursor->at,
                             .end = cursor->at + size};
    cursor->at += size;
    cursor->left--;
    return 1;
}

int tail_points(const struct tail_run *run, uint32_t skip, struct points *points)
{
    const uint8_t *at = run->at;
    uint64_t step = 0, time_us = 0, v;
    uint32_t left = run->points > skip ? run->points - skip : 0;
    if (left > CHUNK_POINTS - points->count)
        return ERR_FULL;
    if (!points_reserve(points, left))
        return ERR_NOMEM;
    for (uint32_t i = 0; i < run->points; i++) {
        double value;
        if (!varint_take(&at, run->end, &v))
            return ERR_DAMAGED;
        step += unzigzag(v);
        if (!varint_take(&at, run->end, &v) || run->end - at < 8)
            return ERR_DAMAGED;
        time_us += unzigzag(v);
        memcpy(&value, at, 8);
        at += 8;
        if (i >= skip)
            points_add(points, (int64_t)step, (int64_t)time_us, value);
    }
    return at == run->end ? 0 : ERR_DAMAGED;
}
