#include "adam.h"

#include <math.h>
#include <stdlib.h>

#include "vectorise.h"

int adam_init(struct adam *adam, size_t count)
{
    *adam = (struct adam){.count = count, .product1 = 1, .product2 = 1};
    adam->first = calloc(count, sizeof *adam->first);
    adam->second = calloc(count, sizeof *adam->second);
    if (adam->first && adam->second)
        return 0;
    adam_finish(adam);
    return -1;
}

void adam_finish(struct adam *adam)
{
    free(adam->first);
    free(adam->second);
    *adam = (struct adam){0};
}

struct factors {
    float beta1, beta2;
    float rate;   /* lr, corrected for the first mean's start from 0 */
    float unbias; /* the correction of the second mean, under the root */
    float keep;   /* what weight decay leaves */
};

VECTORISE static void update(float *restrict values, float *restrict first, float *restrict second,
                             const float *restrict gradients, size_t count, struct factors f)
{
    for (size_t i = 0; i < count; i++) {
        float g = gradients[i];
        first[i] = f.beta1 * first[i] + (1 - f.beta1) * g;
        second[i] = f.beta2 * second[i] + (1 - f.beta2) * g * g;
        values[i] = values[i] * f.keep - f.rate * first[i] / (sqrtf(second[i] * f.unbias) + (float)ADAM_EPSILON);
    }
}

void adam_step(struct adam *adam, float *values, const float *gradients, size_t decayed,
               const struct adam_settings *settings)
{
    adam->product1 *= settings->beta1;
    adam->product2 *= ADAM_BETA2;
    struct factors f = {
        .beta1 = (float)settings->beta1,
        .beta2 = (float)ADAM_BETA2,
        .rate = (float)(settings->lr / (1 - adam->product1)),
        .unbias = (float)(1 / (1 - adam->product2)),
        .keep = (float)(1 - settings->lr * settings->weight_decay),
    };
    update(values, adam->first, adam->second, gradients, decayed, f);
    f.keep = 1;
    update(values + decayed, adam->first + decayed, adam->second + decayed, gradients + decayed, adam->count - decayed,
           f);
}

VECTORISE double gradient_norm(const float *gradients, size_t count)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++)
        sum += (double)gradients[i] * (double)gradients[i];
    return sqrt(sum);
}

VECTORISE void gradient_clip(float *gradients, size_t count, double norm, double limit)
{
    if (!(limit > 0) || !(norm > limit))
        return;
    float scale = (float)(limit / norm);
    for (size_t i = 0; i < count; i++)
        gradients[i] *= scale;
}
