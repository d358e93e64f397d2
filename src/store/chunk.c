#include "store/chunk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/blob.h"

#define CHUNK_KIND 'C'
#define POINTS_LEAST 64u

_Static_assert(CHUNK_POINTS <= COLUMN_MAX, "a column holds a chunk");

void points_finish(struct points *points)
{
    free(points->step);
    free(points->time_us);
    free(points->value);
    *points = (struct points){0};
}

static bool grow(void **array, size_t bytes)
{
    void *grown = realloc(*array, bytes);
    if (grown)
        *array = grown;
    return grown != NULL;
}

bool points_reserve(struct points *points, uint32_t more)
{
    assert(points->count <= CHUNK_POINTS && more <= CHUNK_POINTS - points->count);
    uint32_t capacity = points->capacity < POINTS_LEAST ? POINTS_LEAST : points->capacity;
    if (more <= points->capacity - points->count)
        return true;
    while (capacity < points->count + more)
        capacity *= 2;
    void *step = points->step, *time_us = points->time_us, *value = points->value;
    bool grown = grow(&step, capacity * sizeof *points->step) && grow(&time_us, capacity * sizeof *points->time_us) &&
                 grow(&value, capacity * sizeof *points->value);
    points->step = step;
    points->time_us = time_us;
    points->value = value;
    if (grown)
        points->capacity = capacity;
    return grown;
}

/* ---- there ---- */

void chunk_encode(struct buf *out, uint32_t place, const struct points *points)
{
    uint64_t values[CHUNK_POINTS];
    uint32_t count = points->count;
    assert(count > 0 && count <= CHUNK_POINTS);
    memcpy(values, points->value, count * sizeof *values);
    size_t begin = blob_begin(out, CHUNK_KIND, count);
    column_put(out, (const uint64_t *)points->step, count);
    column_put(out, (const uint64_t *)points->time_us, count);
    column_put(out, values, count);
    blob_seal(out, place, begin);
}

/* ---- and back ---- */

static int decode(struct points *points, struct column_bytes *bytes, uint32_t count)
{
    uint64_t values[CHUNK_POINTS];
    int rc = column_take(bytes, (uint64_t *)points->step, count);
    if (!rc)
        rc = column_take(bytes, (uint64_t *)points->time_us, count);
    if (!rc)
        rc = column_take(bytes, values, count);
    if (rc)
        return rc;
    memcpy(points->value, values, count * sizeof *values);
    points->count = bytes->at == bytes->end ? count : 0;
    return points->count ? 0 : ERR_DAMAGED;
}

int chunk_decode(struct points *points, uint32_t place, const void *data, size_t size)
{
    struct column_bytes bytes;
    points->count = 0;
    uint32_t count = blob_open(&bytes, CHUNK_KIND, CHUNK_POINTS, place, data, size);
    if (!count)
        return ERR_DAMAGED;
    return points_reserve(points, count) ? decode(points, &bytes, count) : ERR_NOMEM;
}
