#include "random_points.h"

#include <stdlib.h>

#include <float.h>
#include <math.h>
#include <string.h>

uint64_t dice_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * 0x2545f4914f6cdd1d;
}

uint32_t dice_below(uint64_t *seed, uint32_t bound)
{
    return (uint32_t)((dice_next(seed) >> 32) * bound >> 32);
}

static double unit_interval(uint64_t *seed)
{
    return ((double)(dice_next(seed) >> 12) + 0.5) * 0x1p-52;
}

double random_normal(uint64_t *seed)
{
    double radius = sqrt(-2 * log(unit_interval(seed)));
    return radius * cos(6.283185307179586 * unit_interval(seed));
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double random_double(uint64_t *seed)
{
    static const double special[] = {0.0,     -0.0,     INFINITY, -INFINITY, NAN,        DBL_MAX,
                                     DBL_MIN, -DBL_MAX, 5e-324,   -5e-324,   0x1p53 + 1, 1.0};
    uint32_t kind = dice_below(seed, 16);
    if (kind < sizeof special / sizeof *special)
        return special[kind];
    if (kind == 12)
        return from_bits(0x7ff0000000000001 + dice_next(seed) % 0xfffffffffffff); /* a NaN that signals, or not */
    return from_bits(dice_next(seed));
}

static uint64_t number(uint64_t *seed, unsigned kind, uint64_t i, uint64_t before)
{
    uint64_t any = dice_next(seed);
    double value = kind == 7 ? random_double(seed) : (double)(float)(2 + 0.3 * random_normal(seed));
    switch (kind) {
    case 0: /* all the same */
        return i ? before : any;
    case 1:
        return any;
    case 2: /* the far ends */
        return any & 1 ? (uint64_t)INT64_MAX : (uint64_t)INT64_MIN;
    case 3: /* a step at a time, now and then back */
        return any % 50 ? before + 1 : before - (any >> 8) % 100;
    case 4: /* all differences, and theirs, wrap */
        return i * i * 0x123456789abcdef;
    case 5: /* mostly the same */
        return any % 100 ? before : any;
    case 6: /* low bits are zero */
        return any << 40;
    case 7: /* bits of any double, a loss, of few values */
    case 8:
        memcpy(&any, &value, sizeof any);
        return any;
    case 9:
        return any & 7;
    case 10: /* only the highest bit differs, and the lowest */
        return any & 0x8000000000000001;
    default: /* long runs that repeat */
        return i % 97 * 1000003;
    }
}

void random_numbers(uint64_t *seed, unsigned kind, uint64_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = number(seed, kind, i, i ? numbers[i - 1] : dice_next(seed));
}

void random_points(uint64_t *seed, struct points *points, uint32_t count)
{
    uint64_t numbers[CHUNK_POINTS];
    void *columns[] = {points->step, points->time_us, points->value};
    for (unsigned c = 0; c < 3; c++) {
        random_numbers(seed, dice_below(seed, RANDOM_NUMBERS), numbers, count);
        memcpy(columns[c], numbers, count * sizeof *numbers);
    }
    points->count = count;
}

void random_run(uint64_t *seed, struct points *points, uint32_t count)
{
    int64_t time_us = 1700000000000000;
    points->count = 0;
    for (int64_t step = 1; points->count < count; step++) {
        time_us += 50000 + (int64_t)(1000 * random_normal(seed));
        points_add(points, step, time_us, (double)(float)(2 + 0.3 * random_normal(seed)));
    }
}

int points_setup(void **state)
{
    struct points *points = calloc(1, sizeof *points);
    *state = points;
    return points && points_reserve(points, CHUNK_POINTS) ? 0 : -1;
}

int points_teardown(void **state)
{
    points_finish(*state);
    free(*state);
    return 0;
}
