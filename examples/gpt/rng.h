/* A small random number generator whose whole state is four words, so that a checkpoint can carry it. */
#ifndef GPT_RNG_H
#define GPT_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4]; /* never all zero */
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, bound); bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* Uniform in [0, 1). */
double rng_uniform(struct rng *rng);
/* Mean 0, deviation 1. */
double rng_normal(struct rng *rng);

/* A hash of 32 bits: random numbers that are addressed by a counter and need no state. */
static inline uint32_t rng_mix(uint32_t x)
{
    /* the finaliser of MurmurHash3 (Austin Appleby, 2008) */
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    return x ^ (x >> 16);
}

#endif
