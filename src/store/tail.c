#include "store/tail.h"

#include <string.h>

#include "base/crc32c.h"

#define TAIL_ROW_MAX 33u /* 5 + 10 + 10 + 8 */
#define TAIL_VERSION 1

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
    tail->points = 0;
    tail->step = tail->time_ns = 0;
}

static uint8_t *varint_put(uint8_t *at, uint64_t v)
{
    while (v >= 0x80) {
        *at++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *at++ = (uint8_t)v;
    return at;
}

static uint64_t zigzag(int64_t to, int64_t from)
{
    uint64_t difference = (uint64_t)to - (uint64_t)from;
    return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t v, int64_t from)
{
    return (int64_t)((uint64_t)from + (v >> 1 ^ (v & 1 ? UINT64_MAX : 0)));
}

void tail_add(struct tail *tail, const struct tail_point *point)
{
    struct buf *bytes = &tail->bytes;
    if (bytes->capacity - bytes->size < TAIL_HEADER + TAIL_ROW_MAX && !buf_reserve(bytes, TAIL_HEADER + TAIL_ROW_MAX))
        return;
    if (!bytes->size)
        bytes->size = TAIL_HEADER;
    uint8_t *start = (uint8_t *)bytes->data + bytes->size, *at = start;
    if (point->step == tail->step && point->time_ns == tail->time_ns) {
        at = varint_put(at, (uint64_t)point->series << 1);
    } else {
        at = varint_put(at, (uint64_t)point->series << 1 | 1);
        at = varint_put(at, zigzag(point->step, tail->step));
        at = varint_put(at, zigzag(point->time_ns, tail->time_ns));
        tail->step = point->step;
        tail->time_ns = point->time_ns;
    }
    memcpy(at, &point->value, 8);
    bytes->size += (size_t)(at + 8 - start);
    tail->points++;
}

void tail_seal(struct tail *tail)
{
    struct buf *bytes = &tail->bytes;
    if (!tail->points)
        return;
    uint8_t header[TAIL_HEADER] = {'P', TAIL_VERSION};
    uint32_t crc = crc32c(0, bytes->data + TAIL_HEADER, bytes->size - TAIL_HEADER);
    memcpy(header + 4, &tail->points, 4);
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

static bool varint_take(struct tail_cursor *cursor, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && cursor->at < cursor->end; shift += 7) {
        uint8_t byte = *cursor->at++;
        *v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool moved_take(struct tail_cursor *cursor)
{
    uint64_t step, time;
    if (!varint_take(cursor, &step) || !varint_take(cursor, &time))
        return false;
    cursor->step = unzigzag(step, cursor->step);
    cursor->time_ns = unzigzag(time, cursor->time_ns);
    return true;
}

int tail_next(struct tail_cursor *cursor, struct tail_point *point)
{
    uint64_t head;
    if (!cursor->left)
        return cursor->at == cursor->end ? 0 : ERR_DAMAGED;
    if (!varint_take(cursor, &head) || head >> 33 || ((head & 1) && !moved_take(cursor)) ||
        cursor->end - cursor->at < 8)
        return ERR_DAMAGED;
    point->series = (uint32_t)(head >> 1);
    point->step = cursor->step;
    point->time_ns = cursor->time_ns;
    memcpy(&point->value, cursor->at, 8);
    cursor->at += 8;
    cursor->left--;
    return 1;
}
