/* random_points.h: numbers and points of many kinds, harmless and hostile, the same for the same seed. */
#ifndef TEST_RANDOM_POINTS_H
#define TEST_RANDOM_POINTS_H

#include "store/chunk.h"

uint64_t dice_next(uint64_t *seed); /* the seed is not 0 */
uint32_t dice_below(uint64_t *seed, uint32_t bound);
double random_normal(uint64_t *seed);
double random_double(uint64_t *seed); /* of any bits, often those of a special value: NaN with a payload, -0, ... */

#define RANDOM_NUMBERS 12u /* kinds */
void random_numbers(uint64_t *seed, unsigned kind, uint64_t *numbers, uint32_t count);

/* Steps, times and values each of a kind of their own. `points` has room for them. */
void random_points(uint64_t *seed, struct points *points, uint32_t count);
/* A loss as float32, a step each 50 ms or so: what a run looks like. */
void random_run(uint64_t *seed, struct points *points, uint32_t count);

/* cmocka's setup and teardown: the state is points with room for CHUNK_POINTS. */
int points_setup(void **state);
int points_teardown(void **state);

#endif
