#include "attention.h"

#include <math.h>
#include <stddef.h>

#include "matrix.h"
#include "ops.h"
#include "vectorise.h"

/* The matrices of one head of one text: views into the arrays of the whole batch. */
struct head {
    struct matrix query, key, value, weights;
};

static struct head head_of(const float *qkv, const float *weights, struct attention_shape s, int text, int head)
{
    int stride = 3 * s.width, size = s.width / s.heads;
    const float *base = qkv + (size_t)text * (size_t)s.length * (size_t)stride + head * size;
    size_t square = (size_t)s.length * (size_t)s.length;
    return (struct head){
        .query = matrix_view(base, s.length, size, stride),
        .key = matrix_view(base + s.width, s.length, size, stride),
        .value = matrix_view(base + 2 * s.width, s.length, size, stride),
        .weights = matrix_of(weights + (size_t)(text * s.heads + head) * square, s.length, s.length),
    };
}

static struct matrix mix_of(const float *mix, struct attention_shape s, int text, int head)
{
    int size = s.width / s.heads;
    return matrix_view(mix + (size_t)text * (size_t)s.length * (size_t)s.width + head * size, s.length, size, s.width);
}

static float scale_of(struct attention_shape s)
{
    return 1 / sqrtf((float)(s.width / s.heads));
}

/* Scores fall with the distance, at a pace of each head's own: 1, 1/4, 1/16, ... Causal: what comes later has weight 0.
 */
static void weigh(float *scores, int length, int head)
{
    float slope = ldexpf(1, -2 * head);
    for (int row = 0; row < length; row++, scores += length) {
        for (int j = 0; j < row; j++)
            scores[j] -= slope * (float)(row - j);
        softmax(scores, row + 1, length);
    }
}

void attention_forward(float *mix, float *weights, const float *qkv, struct attention_shape s)
{
    for (int text = 0; text < s.batch; text++) {
        for (int i = 0; i < s.heads; i++) {
            struct head head = head_of(qkv, weights, s, text, i);
            matrix_abt(head.weights, head.query, head.key, scale_of(s), 0);
            weigh(head.weights.values, s.length, i);
            matrix_ab(mix_of(mix, s, text, i), head.weights, head.value, 1, 0);
        }
    }
}

/* d becomes the derivative by the scores, where it was that by their softmax w. Future places have w == 0. */
VECTORISE static void softmax_backward(float *restrict d, const float *restrict w, int length)
{
    for (int row = 0; row < length; row++, d += length, w += length) {
        float along = 0;
#pragma omp simd reduction(+ : along)
        for (int j = 0; j < length; j++)
            along += d[j] * w[j];
        for (int j = 0; j < length; j++)
            d[j] = w[j] * (d[j] - along);
    }
}

void attention_backward(float *dqkv, const float *dmix, const float *weights, const float *qkv, float *scratch,
                        struct attention_shape s)
{
    for (int text = 0; text < s.batch; text++) {
        for (int i = 0; i < s.heads; i++) {
            struct head head = head_of(qkv, weights, s, text, i);
            struct head slope = head_of(dqkv, weights, s, text, i);
            struct matrix out = mix_of(dmix, s, text, i);
            struct matrix scores = matrix_of(scratch, s.length, s.length);
            matrix_atb(slope.value, head.weights, out, 1, 0);
            matrix_abt(scores, out, head.value, 1, 0);
            softmax_backward(scratch, head.weights.values, s.length);
            matrix_ab(slope.query, scores, head.key, scale_of(s), 0);
            matrix_atb(slope.key, scores, head.query, scale_of(s), 0);
        }
    }
}
