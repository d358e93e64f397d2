/* What helps the compiler to use the vector units of the machine at hand. */
#ifndef GPT_VECTORISE_H
#define GPT_VECTORISE_H

#include <stdint.h>
#include <string.h>

/* A function marked so is compiled twice, and the one that the processor can run is chosen when the program is loaded.
 * Not under sanitizers, whose set-up comes after that choice. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define VECTORISE
#endif
#endif
#if !defined(VECTORISE) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                          \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTORISE __attribute__((target_clones("avx2", "default")))
#endif
#ifndef VECTORISE
#define VECTORISE
#endif

/* exp(x) to about seven digits, without a branch, so that a loop over it becomes vector instructions.
 * x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) by its Taylor series, 2^n by writing the exponent's bits. NaN stays NaN;
 * the ends are cut at 2^-126 and 2^127. */
static inline float exp_quick(float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    /* Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits. */
    float shifted = x * 1.44269504f + 12582912.0f;
    float n = shifted - 12582912.0f;
    /* ln 2 in two parts, of which the first times n is exact (Cody, Waite 1980) */
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float series = 1 + r * (1 + r * (0.5f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f + r * (1 / 720.0f))))));
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

#endif
