#include "store/bucket.h"

#include <math.h>

#define LANES 4u /* sums that do not wait for each other */

struct finite {
    double min, max, mean;
    uint64_t count;
};

static double within(const struct finite *f, double mean)
{
    return mean < f->min ? f->min : mean > f->max ? f->max : mean;
}

/* False where one is not finite, or the sum is not. */
static bool fold_all(struct finite *f, const double *value, uint32_t count)
{
    double min[LANES], max[LANES], sum[LANES] = {0};
    uint32_t i = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        min[lane] = max[lane] = value[0];
    for (; i + LANES <= count; i += LANES)
        for (unsigned lane = 0; lane < LANES; lane++) {
            double v = value[i + lane];
            min[lane] = v < min[lane] ? v : min[lane];
            max[lane] = v > max[lane] ? v : max[lane];
            sum[lane] += v;
        }
    for (; i < count; i++) {
        min[0] = value[i] < min[0] ? value[i] : min[0];
        max[0] = value[i] > max[0] ? value[i] : max[0];
        sum[0] += value[i];
    }
    for (unsigned lane = 1; lane < LANES; lane++) {
        min[0] = min[lane] < min[0] ? min[lane] : min[0];
        max[0] = max[lane] > max[0] ? max[lane] : max[0];
    }
    *f = (struct finite){min[0], max[0], 0, count};
    f->mean = within(f, ((sum[0] + sum[1]) + (sum[2] + sum[3])) / count);
    return isfinite((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/* The sum of the finite ones, each times `scale`. */
static double sum_finite(const double *value, uint32_t count, double scale)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += isfinite(value[i]) ? value[i] * scale : 0;
    return sum;
}

static void fold_finite(struct finite *f, const double *value, uint32_t count)
{
    *f = (struct finite){.min = INFINITY, .max = -INFINITY};
    for (uint32_t i = 0; i < count; i++)
        if (isfinite(value[i])) {
            f->min = value[i] < f->min ? value[i] : f->min;
            f->max = value[i] > f->max ? value[i] : f->max;
            f->count++;
        }
    if (!f->count) {
        *f = (struct finite){0};
        return;
    }
    double sum = sum_finite(value, count, 1), n = (double)f->count;
    f->mean = within(f, isfinite(sum) ? sum / n : sum_finite(value, count, 0x1p-40) / n * 0x1p40);
}

static void merge_finite(struct bucket *bucket, const struct finite *more)
{
    uint64_t had = bucket->count - bucket->nonfinite;
    if (!more->count)
        return;
    if (!had) {
        bucket->min = more->min;
        bucket->max = more->max;
        bucket->mean = more->mean;
        return;
    }
    double all = (double)had + (double)more->count;
    struct finite both = {.min = more->min < bucket->min ? more->min : bucket->min,
                          .max = more->max > bucket->max ? more->max : bucket->max};
    bucket->mean = within(&both, bucket->mean * ((double)had / all) + more->mean * ((double)more->count / all));
    bucket->min = both.min;
    bucket->max = both.max;
}

void bucket_add(struct bucket *bucket, const struct points *points, uint32_t from, uint32_t to)
{
    struct finite more;
    if (from >= to)
        return;
    uint32_t count = to - from;
    if (!bucket->count)
        *bucket = (struct bucket){.first_step = points->step[from], .first_us = points->time_us[from]};
    if (!fold_all(&more, points->value + from, count))
        fold_finite(&more, points->value + from, count);
    merge_finite(bucket, &more);
    bucket->last_step = points->step[to - 1];
    bucket->last_us = points->time_us[to - 1];
    bucket->last = points->value[to - 1];
    bucket->count += count;
    bucket->nonfinite += count - more.count;
}

void bucket_merge(struct bucket *bucket, const struct bucket *later)
{
    if (!later->count)
        return;
    if (!bucket->count) {
        *bucket = *later;
        return;
    }
    struct finite more = {later->min, later->max, later->mean, later->count - later->nonfinite};
    merge_finite(bucket, &more);
    bucket->last_step = later->last_step;
    bucket->last_us = later->last_us;
    bucket->last = later->last;
    bucket->count += later->count;
    bucket->nonfinite += later->nonfinite;
}
