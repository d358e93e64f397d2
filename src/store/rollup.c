#include "store/rollup.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "store/blob.h"

#define ROLLUP_KIND 'R'
#define ROLLUP_COUNT_MAX (1ull << 48) /* points of a bucket: sums of many stay far from overflow */

/* The columns, in this order. */
enum {
    SPAN_STEPS, /* last_step - first_step */
    GAP_STEPS,  /* first_step - last_step of the bucket before; of the first bucket from 0 */
    SPAN_US,
    GAP_US,
    COUNT,
    NONFINITE,
    MIN, /* the bits of the doubles */
    MAX,
    MEAN,
    LAST,
    COLUMNS
};

_Static_assert(ROLLUP_PAGE_BUCKETS <= COLUMN_MAX, "a column holds a page");

typedef uint64_t column[ROLLUP_PAGE_BUCKETS];

static uint64_t from_double(double v)
{
    uint64_t v_bits;
    memcpy(&v_bits, &v, sizeof v_bits);
    return v_bits;
}

static double to_double(uint64_t v_bits)
{
    double v;
    memcpy(&v, &v_bits, sizeof v);
    return v;
}

/* ---- there ---- */

static void cut(column *columns, const struct bucket *buckets, uint32_t count)
{
    struct bucket none = {0};
    for (uint32_t i = 0; i < count; i++) {
        const struct bucket *b = &buckets[i], *before = i ? b - 1 : &none;
        columns[SPAN_STEPS][i] = (uint64_t)b->last_step - (uint64_t)b->first_step;
        columns[GAP_STEPS][i] = (uint64_t)b->first_step - (uint64_t)before->last_step;
        columns[SPAN_US][i] = (uint64_t)b->last_us - (uint64_t)b->first_us;
        columns[GAP_US][i] = (uint64_t)b->first_us - (uint64_t)before->last_us;
        columns[COUNT][i] = b->count;
        columns[NONFINITE][i] = b->nonfinite;
        columns[MIN][i] = from_double(b->min);
        columns[MAX][i] = from_double(b->max);
        columns[MEAN][i] = from_double(b->mean);
        columns[LAST][i] = from_double(b->last);
    }
}

void rollup_encode(struct buf *out, uint32_t place, const struct bucket *buckets, uint32_t count)
{
    column columns[COLUMNS];
    assert(count > 0 && count <= ROLLUP_PAGE_BUCKETS);
    cut(columns, buckets, count);
    size_t begin = blob_begin(out, ROLLUP_KIND, count);
    for (unsigned c = 0; c < COLUMNS; c++)
        column_put(out, columns[c], count);
    blob_seal(out, place, begin);
}

/* ---- and back ---- */

static bool makes_sense(const struct bucket *b)
{
    if (!b->count || b->count > ROLLUP_COUNT_MAX || b->nonfinite > b->count || b->first_step > b->last_step)
        return false;
    return isfinite(b->min) && isfinite(b->max) && b->min <= b->mean && b->mean <= b->max;
}

static bool join(struct bucket *buckets, column *columns, uint32_t count)
{
    uint64_t step = 0, us = 0;
    bool sound = true;
    for (uint32_t i = 0; i < count; i++) {
        struct bucket *b = &buckets[i];
        b->first_step = (int64_t)(step += columns[GAP_STEPS][i]);
        b->last_step = (int64_t)(step += columns[SPAN_STEPS][i]);
        b->first_us = (int64_t)(us += columns[GAP_US][i]);
        b->last_us = (int64_t)(us += columns[SPAN_US][i]);
        b->count = columns[COUNT][i];
        b->nonfinite = columns[NONFINITE][i];
        b->min = to_double(columns[MIN][i]);
        b->max = to_double(columns[MAX][i]);
        b->mean = to_double(columns[MEAN][i]);
        b->last = to_double(columns[LAST][i]);
        sound = sound && makes_sense(b);
    }
    return sound;
}

int rollup_decode(struct bucket buckets[ROLLUP_PAGE_BUCKETS], uint32_t *count, uint32_t place, const void *data,
                  size_t size)
{
    column columns[COLUMNS];
    struct column_bytes bytes;
    *count = 0;
    uint32_t found = blob_open(&bytes, ROLLUP_KIND, ROLLUP_PAGE_BUCKETS, place, data, size);
    if (!found)
        return ERR_DAMAGED;
    for (unsigned c = 0; c < COLUMNS; c++) {
        int rc = column_take(&bytes, columns[c], found);
        if (rc)
            return rc;
    }
    if (bytes.at != bytes.end || !join(buckets, columns, found))
        return ERR_DAMAGED;
    *count = found;
    return 0;
}
