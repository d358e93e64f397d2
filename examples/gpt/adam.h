/* AdamW (Kingma, Ba: Adam, 2014; Loshchilov, Hutter: Decoupled Weight Decay Regularization, 2017). */
#ifndef GPT_ADAM_H
#define GPT_ADAM_H

#include <stddef.h>

#define ADAM_BETA2 0.99
#define ADAM_EPSILON 1e-8

struct adam {
    float *first, *second; /* running means of the gradient and of its square */
    size_t count;
    /* The products of all betas so far: beta1 may be changed while training goes on, and beta^t, which the bias
     * correction takes elsewhere, would then be wrong. */
    double product1, product2;
};

struct adam_settings {
    double lr, beta1, weight_decay;
};

/* 0, or -1: not enough memory. */
int adam_init(struct adam *adam, size_t count);
void adam_finish(struct adam *adam);

/* One update of values[0..count); the first `decayed` of them shrink by weight decay too. */
void adam_step(struct adam *adam, float *values, const float *gradients, size_t decayed,
               const struct adam_settings *settings);

/* Length of the whole gradient. */
double gradient_norm(const float *gradients, size_t count);
/* Shortens the gradient to length `limit` where it is longer (Pascanu, Mikolov, Bengio, 2013). 0: no limit. */
void gradient_clip(float *gradients, size_t count, double norm, double limit);

#endif
