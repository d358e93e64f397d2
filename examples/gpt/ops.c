#include "ops.h"

#include <math.h>
#include <string.h>

#include "matrix.h"
#include "rng.h"
#include "vectorise.h"

#define NORM_EPSILON 1e-5f

VECTORISE void layernorm_forward(float *restrict y, float *restrict stats, const float *restrict x,
                                 const float *restrict gain, const float *restrict bias, int rows, int width)
{
    for (int i = 0; i < rows; i++, x += width, y += width) {
        float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < width; j++)
            sum += x[j];
        float mean = sum / (float)width;
#pragma omp simd reduction(+ : squares)
        for (int j = 0; j < width; j++)
            squares += (x[j] - mean) * (x[j] - mean);
        float inverse = 1 / sqrtf(squares / (float)width + NORM_EPSILON);
        for (int j = 0; j < width; j++)
            y[j] = (x[j] - mean) * inverse * gain[j] + bias[j];
        stats[2 * i] = mean;
        stats[2 * i + 1] = inverse;
    }
}

VECTORISE void layernorm_backward(float *restrict dx, float *restrict dgain, float *restrict dbias,
                                  const float *restrict dy, const float *restrict x, const float *restrict stats,
                                  const float *restrict gain, int rows, int width)
{
    for (int i = 0; i < rows; i++, x += width, dx += width, dy += width) {
        float mean = stats[2 * i], inverse = stats[2 * i + 1];
        float slope = 0, along = 0; /* means of the derivative by the normed row, and of its product with that row */
#pragma omp simd reduction(+ : slope, along)
        for (int j = 0; j < width; j++) {
            float normed = (x[j] - mean) * inverse;
            slope += dy[j] * gain[j];
            along += dy[j] * gain[j] * normed;
        }
        slope /= (float)width;
        along /= (float)width;
        for (int j = 0; j < width; j++) {
            float normed = (x[j] - mean) * inverse;
            dgain[j] += dy[j] * normed;
            dbias[j] += dy[j];
            dx[j] += inverse * (dy[j] * gain[j] - slope - normed * along);
        }
    }
}

/* gelu(x) = x s(u(x)), where s is the logistic function and u(x) = 2 sqrt(2 / pi) (x + 0.044715 x^3): the tanh formula,
 * written with one exp. */
#define GELU_SCALE 1.595769122f
#define GELU_CUBIC 0.044715f

static inline float gelu_gate(float x)
{
    return 1 / (1 + exp_quick(-GELU_SCALE * (x + GELU_CUBIC * x * x * x)));
}

VECTORISE void gelu_forward(float *restrict y, const float *restrict x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] * gelu_gate(x[i]);
}

VECTORISE void gelu_backward(float *restrict dy, const float *restrict x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float gate = gelu_gate(x[i]);
        float slope = GELU_SCALE * (1 + 3 * GELU_CUBIC * x[i] * x[i]);
        dy[i] *= gate + x[i] * gate * (1 - gate) * slope;
    }
}

void linear_forward(float *y, const float *x, const float *w, int rows, int inputs, int outputs)
{
    matrix_ab(matrix_of(y, rows, outputs), matrix_of(x, rows, inputs), matrix_of(w, inputs, outputs), 1, 0);
}

void linear_backward(float *dx, float *dw, const float *dy, const float *x, const float *w, int rows, int inputs,
                     int outputs)
{
    struct matrix derivative = matrix_of(dy, rows, outputs);
    matrix_abt(matrix_of(dx, rows, inputs), derivative, matrix_of(w, inputs, outputs), 1, 0);
    matrix_atb(matrix_of(dw, inputs, outputs), matrix_of(x, rows, inputs), derivative, 1, 1);
}

/* Eight maxima side by side, as one vector. */
#define LANES 8

static inline float maximum(const float *restrict row, int count)
{
    float most[LANES];
    for (int k = 0; k < LANES; k++)
        most[k] = row[0];
    int j = 0;
    for (; j + LANES <= count; j += LANES)
        for (int k = 0; k < LANES; k++)
            most[k] = row[j + k] > most[k] ? row[j + k] : most[k];
    for (; j < count; j++)
        most[0] = row[j] > most[0] ? row[j] : most[0];
    for (int k = 1; k < LANES; k++)
        most[0] = most[k] > most[0] ? most[k] : most[0];
    return most[0];
}

/* row becomes exp(row - its maximum); returns the sum, and the maximum in *top. */
static inline float exponentials(float *restrict row, int count, float *restrict top)
{
    float most = maximum(row, count), sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < count; j++) {
        row[j] = exp_quick(row[j] - most);
        sum += row[j];
    }
    *top = most;
    return sum;
}

VECTORISE void softmax(float *row, int count, int width)
{
    float top;
    float scale = 1 / exponentials(row, count, &top);
    for (int j = 0; j < count; j++)
        row[j] *= scale;
    memset(row + count, 0, (size_t)(width - count) * sizeof *row);
}

VECTORISE double cross_entropy(float *logits, const uint8_t *targets, int rows, int width)
{
    double loss = 0;
    for (int i = 0; i < rows; i++, logits += width) {
        float top, right = logits[targets[i]];
        float sum = exponentials(logits, width, &top);
        float scale = 1 / (sum * (float)rows);
        loss += logf(sum) + top - right;
        for (int j = 0; j < width; j++)
            logits[j] *= scale;
        logits[targets[i]] -= 1 / (float)rows;
    }
    return loss / rows;
}

VECTORISE static void drop(float *x, size_t count, uint32_t key, uint32_t threshold, float scale)
{
    for (size_t i = 0; i < count; i++)
        x[i] *= rng_mix(key + (uint32_t)i) < threshold ? 0.0f : scale;
}

void dropout_apply(float *x, size_t count, const struct dropout *dropout, uint32_t site)
{
    if (!dropout || !(dropout->probability > 0))
        return;
    uint32_t key = rng_mix(dropout->key + site * 0x9e3779b9u);
    drop(x, count, key, (uint32_t)((double)dropout->probability * 0x1p32), 1 / (1 - dropout->probability));
}

VECTORISE void vector_add(float *restrict y, const float *restrict x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] += x[i];
}
