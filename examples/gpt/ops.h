/* The operations of the network that are no matrix products, each with its derivative.
 *
 * Arrays are row-major floats. `rows` counts characters (batch times length), `width` the numbers of each. A backward
 * function takes the derivative of the loss by the output and gives those by the inputs; those of parameters are added
 * to what is there. */
#ifndef GPT_OPS_H
#define GPT_OPS_H

#include <stddef.h>
#include <stdint.h>

/* y = (x - mean) / deviation * gain + bias, row by row (Ba, Kiros, Hinton: Layer Normalization, 2016).
 * `stats` keeps mean and 1 / deviation of each row (2 * rows) for the way back. */
void layernorm_forward(float *y, float *stats, const float *x, const float *gain, const float *bias, int rows,
                       int width);
/* Adds to dx: the residual stream's derivative is already there. */
void layernorm_backward(float *dx, float *dgain, float *dbias, const float *dy, const float *x, const float *stats,
                        const float *gain, int rows, int width);

/* y = x * Phi(x), by the tanh formula (Hendrycks, Gimpel: Gaussian Error Linear Units, 2016). */
void gelu_forward(float *y, const float *x, size_t count);
/* In place: takes the derivative by y, leaves that by x. */
void gelu_backward(float *dy, const float *x, size_t count);

/* y = x w, where x is [rows, inputs] and w is [inputs, outputs]. */
void linear_forward(float *y, const float *x, const float *w, int rows, int inputs, int outputs);
void linear_backward(float *dx, float *dw, const float *dy, const float *x, const float *w, int rows, int inputs,
                     int outputs);

/* Softmax and cross-entropy in one. In place: logits [rows, width] become their own derivatives. Returns the mean loss
 * in nats; `targets` are below width. */
double cross_entropy(float *logits, const uint8_t *targets, int rows, int width);

/* row[0..count) becomes its softmax; row[count..width) becomes 0. */
void softmax(float *row, int count, int width);

/* Dropout (Srivastava and others, 2014). Which numbers are dropped follows from key and place alone, so the way back
 * needs no stored mask: the derivative is the same function. */
struct dropout {
    float probability; /* in [0, 1) */
    uint32_t key;      /* another one for each step */
};
/* In place; `site` tells apart the places of the network. A NULL dropout changes nothing. */
void dropout_apply(float *x, size_t count, const struct dropout *dropout, uint32_t site);

/* y += x */
void vector_add(float *y, const float *x, size_t count);

#endif
