/* The GPT of examples/gpt: its derivatives, its update, its exactness, and what it refuses.
 *
 * Every derivative is held against central differences of a second network, written here in double precision from the
 * formulas alone. So the differences are exact to about nine digits, and the bound is that of the floats under test. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "adam.h"
#include "attention.h"
#include "checkpoint.h"
#include "generate.h"
#include "matrix.h"
#include "model.h"
#include "ops.h"
#include "options.h"
#include "rng.h"
#include "shelf.h"
#include "text.h"
#include "trainer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NUMBERS_MAX 4096

/* ---- random numbers, and the comparison ---- */

static void fill_random(float *values, size_t count, double deviation, uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(deviation * rng_normal(&rng));
}

static double largest(const double *values, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

/* Relative to the number itself, and for small ones to the largest of its array. */
static void assert_close(const char *what, const float *got, const double *want, size_t count)
{
    double floor = 2e-6 * largest(want, count) + 1e-9;
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - want[i]) <= 1e-4 * fabs(want[i]) + floor))
            fail_msg("%s[%zu] is %.9g, not %.9g", what, i, (double)got[i], want[i]);
}

/* A function of many numbers to one, and its derivatives by central differences. */
typedef double scalar_fn(const double *x, const void *context);

static void differentiate(double *slopes, scalar_fn *function, const void *context, const float *at, size_t count)
{
    static double x[NUMBERS_MAX];
    const double h = 1e-5;
    assert_true(count <= NUMBERS_MAX);
    for (size_t i = 0; i < count; i++)
        x[i] = (double)at[i];
    for (size_t i = 0; i < count; i++) {
        double middle = x[i];
        x[i] = middle + h;
        double above = function(x, context);
        x[i] = middle - h;
        slopes[i] = (above - function(x, context)) / (2 * h);
        x[i] = middle;
    }
}

static void assert_slopes(const char *what, const float *got, scalar_fn *function, const void *context, const float *at,
                          size_t count)
{
    static double want[NUMBERS_MAX];
    differentiate(want, function, context, at, count);
    assert_true(largest(want, count) > 1e-6); /* a derivative that is 0 everywhere would prove nothing */
    assert_close(what, got, want, count);
}

/* ---- the same network in double precision ---- */

static void ref_linear(double *y, const double *x, const double *w, int rows, int inputs, int outputs)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < outputs; j++) {
            y[i * outputs + j] = 0;
            for (int k = 0; k < inputs; k++)
                y[i * outputs + j] += x[i * inputs + k] * w[k * outputs + j];
        }
}

static void ref_layernorm(double *y, const double *x, const double *gain, const double *bias, int rows, int width)
{
    for (int i = 0; i < rows; i++, x += width, y += width) {
        double mean = 0, variance = 0;
        for (int j = 0; j < width; j++)
            mean += x[j] / width;
        for (int j = 0; j < width; j++)
            variance += (x[j] - mean) * (x[j] - mean) / width;
        for (int j = 0; j < width; j++)
            y[j] = (x[j] - mean) / sqrt(variance + 1e-5) * gain[j] + bias[j];
    }
}

static double ref_gelu(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

/* One head of one text. */
static void ref_head(double *mix, const double *qkv, int length, int width, int size, int head)
{
    double weights[64];
    for (int i = 0; i < length; i++) {
        double sum = 0;
        for (int j = 0; j <= i; j++) {
            double score = 0;
            for (int k = 0; k < size; k++)
                score += qkv[i * 3 * width + head * size + k] * qkv[j * 3 * width + width + head * size + k];
            weights[j] = exp(score / sqrt(size) - pow(0.25, head) * (i - j));
            sum += weights[j];
        }
        for (int k = 0; k < size; k++) {
            mix[i * width + head * size + k] = 0;
            for (int j = 0; j <= i; j++)
                mix[i * width + head * size + k] += weights[j] / sum * qkv[j * 3 * width + 2 * width + head * size + k];
        }
    }
}

static void ref_attention(double *mix, const double *qkv, struct attention_shape s)
{
    for (int text = 0; text < s.batch; text++)
        for (int head = 0; head < s.heads; head++)
            ref_head(mix + text * s.length * s.width, qkv + text * s.length * 3 * s.width, s.length, s.width,
                     s.width / s.heads, head);
}

static double ref_cross_entropy(const double *logits, const uint8_t *targets, int rows, int width)
{
    double loss = 0;
    for (int i = 0; i < rows; i++, logits += width) {
        double sum = 0;
        for (int j = 0; j < width; j++)
            sum += exp(logits[j]);
        loss += log(sum) - logits[targets[i]];
    }
    return loss / rows;
}

static void ref_drop_and_add(double *x, const double *stream, size_t count, const struct dropout *dropout,
                             uint32_t site)
{
    float mask[NUMBERS_MAX];
    for (size_t i = 0; i < count; i++)
        mask[i] = 1;
    dropout_apply(mask, count, dropout, site);
    for (size_t i = 0; i < count; i++)
        x[i] = x[i] * (double)mask[i] + stream[i];
}

static const double *ref_at(const double *values, const struct model *model, const float *parameter)
{
    return values + (parameter - model->parameters.values);
}

static void ref_layer(double *stream, const double *values, const struct model *m, int index)
{
    static double norm[NUMBERS_MAX], wide[4 * NUMBERS_MAX], out[NUMBERS_MAX];
    const struct layer_parameters *p = &m->parameters.layers[index];
    int rows = m->batch * m->length, width = m->config.width;
    size_t count = (size_t)(rows * width);
    struct attention_shape shape = {m->batch, m->length, m->config.heads, width};
    ref_layernorm(norm, stream, ref_at(values, m, p->gain1), ref_at(values, m, p->bias1), rows, width);
    ref_linear(wide, norm, ref_at(values, m, p->qkv), rows, width, 3 * width);
    ref_attention(norm, wide, shape);
    ref_linear(out, norm, ref_at(values, m, p->project), rows, width, width);
    ref_drop_and_add(out, stream, count, &m->dropout, (uint32_t)(1 + 2 * index));
    ref_layernorm(norm, out, ref_at(values, m, p->gain2), ref_at(values, m, p->bias2), rows, width);
    ref_linear(wide, norm, ref_at(values, m, p->expand), rows, width, 4 * width);
    for (size_t i = 0; i < 4 * count; i++)
        wide[i] = ref_gelu(wide[i]);
    ref_linear(stream, wide, ref_at(values, m, p->contract), rows, 4 * width, width);
    ref_drop_and_add(stream, out, count, &m->dropout, (uint32_t)(2 + 2 * index));
}

struct model_case {
    const struct model *model;
    const uint8_t *targets;
};

static double ref_model(const double *values, const void *context)
{
    static double stream[NUMBERS_MAX], norm[NUMBERS_MAX], logits[NUMBERS_MAX];
    static const double zeros[NUMBERS_MAX];
    const struct model_case *c = context;
    const struct model *m = c->model;
    int rows = m->batch * m->length, width = m->config.width, vocabulary = m->config.vocabulary;
    const double *embedding = ref_at(values, m, m->parameters.embedding);
    for (int i = 0; i < rows; i++)
        memcpy(stream + i * width, embedding + m->tokens[i] * width, (size_t)width * sizeof *stream);
    ref_drop_and_add(stream, zeros, (size_t)(rows * width), &m->dropout, 0);
    for (int i = 0; i < m->config.layers; i++)
        ref_layer(stream, values, m, i);
    ref_layernorm(norm, stream, ref_at(values, m, m->parameters.gain), ref_at(values, m, m->parameters.bias), rows,
                  width);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vocabulary; j++) {
            logits[i * vocabulary + j] = 0;
            for (int k = 0; k < width; k++)
                logits[i * vocabulary + j] += norm[i * width + k] * embedding[j * width + k];
        }
    return ref_cross_entropy(logits, c->targets, rows, vocabulary);
}

/* ---- the operations; the scalar is always a weighted sum of the outputs ---- */

enum { ROWS = 5, WIDTH = 11, OUTPUTS = 6 };

struct op_case {
    float x[ROWS * WIDTH], w[WIDTH * OUTPUTS], gain[WIDTH], bias[WIDTH];
    float dy[ROWS * WIDTH]; /* weight of each output; the derivative by it */
    char varied;            /* which of them the differences vary */
};

static struct op_case op_case_make(void)
{
    struct op_case c;
    fill_random(c.x, COUNT(c.x), 1.5, 1);
    fill_random(c.w, COUNT(c.w), 1, 2);
    fill_random(c.gain, COUNT(c.gain), 1, 3);
    fill_random(c.bias, COUNT(c.bias), 1, 4);
    fill_random(c.dy, COUNT(c.dy), 1, 5);
    c.varied = 0;
    return c;
}

static double weighted(const double *y, const float *weights, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += y[i] * (double)weights[i];
    return sum;
}

/* The array of the case in double precision, or the varied one in its place. */
static const double *as_double(double *out, const float *values, size_t count, const double *varied)
{
    for (size_t i = 0; i < count; i++)
        out[i] = varied ? varied[i] : (double)values[i];
    return out;
}

static double layernorm_scalar(const double *varied, const void *context)
{
    const struct op_case *c = context;
    double x[ROWS * WIDTH], gain[WIDTH], bias[WIDTH], y[ROWS * WIDTH];
    ref_layernorm(y, as_double(x, c->x, COUNT(x), c->varied == 'x' ? varied : NULL),
                  as_double(gain, c->gain, WIDTH, c->varied == 'g' ? varied : NULL),
                  as_double(bias, c->bias, WIDTH, c->varied == 'b' ? varied : NULL), ROWS, WIDTH);
    return weighted(y, c->dy, COUNT(y));
}

static void test_layernorm(void **state)
{
    struct op_case c = op_case_make();
    float y[ROWS * WIDTH], stats[2 * ROWS], dx[ROWS * WIDTH] = {0}, dgain[WIDTH] = {0}, dbias[WIDTH] = {0};
    double x[ROWS * WIDTH], gain[WIDTH], bias[WIDTH], want[ROWS * WIDTH];
    (void)state;
    layernorm_forward(y, stats, c.x, c.gain, c.bias, ROWS, WIDTH);
    ref_layernorm(want, as_double(x, c.x, COUNT(x), NULL), as_double(gain, c.gain, WIDTH, NULL),
                  as_double(bias, c.bias, WIDTH, NULL), ROWS, WIDTH);
    assert_close("y", y, want, COUNT(y));
    layernorm_backward(dx, dgain, dbias, c.dy, c.x, stats, c.gain, ROWS, WIDTH);
    c.varied = 'x';
    assert_slopes("dx", dx, layernorm_scalar, &c, c.x, COUNT(c.x));
    c.varied = 'g';
    assert_slopes("dgain", dgain, layernorm_scalar, &c, c.gain, WIDTH);
    c.varied = 'b';
    assert_slopes("dbias", dbias, layernorm_scalar, &c, c.bias, WIDTH);
}

static double gelu_scalar(const double *x, const void *context)
{
    const struct op_case *c = context;
    double sum = 0;
    for (size_t i = 0; i < COUNT(c->x); i++)
        sum += ref_gelu(x[i]) * (double)c->dy[i];
    return sum;
}

static void test_gelu(void **state)
{
    struct op_case c = op_case_make();
    float y[ROWS * WIDTH];
    double want[ROWS * WIDTH];
    (void)state;
    gelu_forward(y, c.x, COUNT(y));
    for (size_t i = 0; i < COUNT(y); i++)
        want[i] = ref_gelu((double)c.x[i]);
    assert_close("y", y, want, COUNT(y));
    memcpy(y, c.dy, sizeof y);
    gelu_backward(y, c.x, COUNT(y));
    assert_slopes("dx", y, gelu_scalar, &c, c.x, COUNT(y));
}

static void test_gelu_far_out(void **state)
{
    float x[] = {-1000, -20, 0, 20, 1000, NAN}, y[COUNT(x)];
    (void)state;
    gelu_forward(y, x, COUNT(x));
    assert_true(fabsf(y[0]) < 1e-6f && fabsf(y[1]) < 1e-6f && y[2] == 0 && y[3] == 20 && y[4] == 1000);
    assert_true(isnan(y[5]));
}

static double linear_scalar(const double *varied, const void *context)
{
    const struct op_case *c = context;
    double x[ROWS * WIDTH], w[WIDTH * OUTPUTS], y[ROWS * OUTPUTS];
    ref_linear(y, as_double(x, c->x, COUNT(x), c->varied == 'x' ? varied : NULL),
               as_double(w, c->w, COUNT(w), c->varied == 'w' ? varied : NULL), ROWS, WIDTH, OUTPUTS);
    return weighted(y, c->dy, COUNT(y));
}

static void test_linear(void **state)
{
    struct op_case c = op_case_make();
    float y[ROWS * OUTPUTS], dx[ROWS * WIDTH], dw[WIDTH * OUTPUTS] = {0};
    double x[ROWS * WIDTH], w[WIDTH * OUTPUTS], want[ROWS * OUTPUTS];
    (void)state;
    linear_forward(y, c.x, c.w, ROWS, WIDTH, OUTPUTS);
    ref_linear(want, as_double(x, c.x, COUNT(x), NULL), as_double(w, c.w, COUNT(w), NULL), ROWS, WIDTH, OUTPUTS);
    assert_close("y", y, want, COUNT(y));
    linear_backward(dx, dw, c.dy, c.x, c.w, ROWS, WIDTH, OUTPUTS);
    c.varied = 'x';
    assert_slopes("dx", dx, linear_scalar, &c, c.x, COUNT(dx));
    c.varied = 'w';
    assert_slopes("dw", dw, linear_scalar, &c, c.w, COUNT(dw));
}

static const uint8_t op_targets[ROWS] = {0, 10, 3, 3, 7};

static double cross_entropy_scalar(const double *logits, const void *context)
{
    (void)context;
    return ref_cross_entropy(logits, op_targets, ROWS, WIDTH);
}

static void test_cross_entropy(void **state)
{
    struct op_case c = op_case_make();
    float dlogits[ROWS * WIDTH];
    double x[ROWS * WIDTH];
    (void)state;
    memcpy(dlogits, c.x, sizeof dlogits);
    double want = cross_entropy_scalar(as_double(x, c.x, COUNT(x), NULL), NULL);
    assert_true(fabs(cross_entropy(dlogits, op_targets, ROWS, WIDTH) - want) < 1e-6 * want);
    assert_slopes("dlogits", dlogits, cross_entropy_scalar, NULL, c.x, COUNT(dlogits));
}

/* Logits far beyond what exp can hold. */
static void test_cross_entropy_far_out(void **state)
{
    float logits[] = {1000, -1000, 999};
    const uint8_t target = 1;
    (void)state;
    double loss = cross_entropy(logits, &target, 1, 3);
    assert_true(fabs(loss - (2000 + log(1 + exp(-1)))) < 1e-3);
    assert_true(logits[1] == -1 && fabsf(logits[0] + logits[2] - 1) < 1e-6f);
}

static const struct attention_shape attention_case = {.batch = 2, .length = 5, .heads = 2, .width = 6};

static double attention_scalar(const double *qkv, const void *context)
{
    double mix[2 * 5 * 6];
    ref_attention(mix, qkv, attention_case);
    return weighted(mix, context, COUNT(mix));
}

static void test_attention(void **state)
{
    float qkv[2 * 5 * 18], mix[2 * 5 * 6], weights[2 * 2 * 5 * 5], dmix[2 * 5 * 6], dqkv[2 * 5 * 18], scratch[5 * 5];
    double in[COUNT(qkv)], want[COUNT(mix)];
    (void)state;
    fill_random(qkv, COUNT(qkv), 1.2, 6);
    fill_random(dmix, COUNT(dmix), 1, 7);
    attention_forward(mix, weights, qkv, attention_case);
    ref_attention(want, as_double(in, qkv, COUNT(in), NULL), attention_case);
    assert_close("mix", mix, want, COUNT(mix));
    attention_backward(dqkv, dmix, weights, qkv, scratch, attention_case);
    assert_slopes("dqkv", dqkv, attention_scalar, dmix, qkv, COUNT(qkv));
}

static size_t count_zeros(const float *values, size_t count)
{
    size_t zeros = 0;
    for (size_t i = 0; i < count; i++)
        zeros += values[i] == 0;
    return zeros;
}

static void test_dropout(void **state)
{
    static float x[20000], again[20000];
    struct dropout dropout = {0.25f, 99}, none = {0, 99};
    (void)state;
    for (size_t i = 0; i < COUNT(x); i++)
        x[i] = again[i] = 3;
    dropout_apply(x, COUNT(x), NULL, 0);
    dropout_apply(x, COUNT(x), &none, 0);
    assert_memory_equal(x, again, sizeof x);
    dropout_apply(x, COUNT(x), &dropout, 1);
    dropout_apply(again, COUNT(x), &dropout, 1);
    assert_memory_equal(x, again, sizeof x);
    size_t zeros = count_zeros(x, COUNT(x));
    assert_in_range(zeros, 4750, 5250); /* four deviations of 61 round 5000 */
    for (size_t i = 0; i < COUNT(x); i++)
        assert_true(x[i] == 0 || x[i] == 4);     /* what stays makes up for what went */
    dropout_apply(again, COUNT(x), &dropout, 2); /* at another site others are dropped */
    assert_in_range(count_zeros(again, COUNT(x)), 8500, 9000);
}

/* ---- the whole model ---- */

static const struct model_config tiny_size = {.vocabulary = 7, .context = 6, .layers = 2, .heads = 2, .width = 8};

static void check_model(const struct dropout *dropout, int batch, int length)
{
    const uint8_t tokens[] = {0, 6, 2, 2, 5, 1, 3, 4, 0, 0, 1, 6, 5, 3, 2, 4, 4, 1};
    const uint8_t targets[] = {6, 2, 2, 5, 1, 3, 4, 0, 0, 1, 6, 5, 3, 2, 4, 4, 1, 0};
    static double values[NUMBERS_MAX];
    struct model *model = model_create(&tiny_size, 3);
    struct model_case context = {model, targets};
    struct parameters *p = &model->parameters;
    fill_random(p->values, p->count, 0.4, 8);
    model_forward(model, tokens, batch, length, dropout);
    double loss = model_loss(model, targets);
    double want = ref_model(as_double(values, p->values, p->count, NULL), &context);
    assert_true(fabs(loss - want) < 1e-5 * want);
    model_backward(model);
    assert_slopes("gradient", model->gradients.values, ref_model, &context, p->values, p->count);
    model_destroy(model);
}

static void test_model(void **state)
{
    (void)state;
    check_model(NULL, 3, 6);
    check_model(NULL, 2, 5); /* shorter than the context */
}

static void test_model_dropout(void **state)
{
    (void)state;
    check_model(&(struct dropout){0.3f, 1234}, 3, 6);
}

static void test_model_is_causal(void **state)
{
    uint8_t tokens[] = {1, 2, 3, 4, 5, 6};
    float before[6 * 7];
    struct rng rng;
    (void)state;
    rng_seed(&rng, 3);
    struct model *model = model_create(&tiny_size, 1);
    model_init(model, &rng);
    memcpy(before, model_forward(model, tokens, 1, 6, NULL), sizeof before);
    tokens[4] = 0;
    const float *after = model_forward(model, tokens, 1, 6, NULL);
    assert_memory_equal(before, after, 4 * 7 * sizeof(float));
    assert_memory_not_equal(before + 4 * 7, after + 4 * 7, 7 * sizeof(float));
    model_destroy(model);
}

/* ---- the update ---- */

enum { VALUES = 40, DECAYED = 25 };

static void ref_adam(double *values, double *first, double *second, const float *gradients, int step, double lr)
{
    for (int i = 0; i < VALUES; i++) {
        double g = (double)gradients[i];
        first[i] = 0.9 * first[i] + 0.1 * g;
        second[i] = ADAM_BETA2 * second[i] + (1 - ADAM_BETA2) * g * g;
        if (i < DECAYED)
            values[i] -= lr * 0.05 * values[i];
        values[i] -=
            lr * (first[i] / (1 - pow(0.9, step))) / (sqrt(second[i] / (1 - pow(ADAM_BETA2, step))) + ADAM_EPSILON);
    }
}

static void test_adam(void **state)
{
    float values[VALUES], gradients[VALUES];
    double want[VALUES], first[VALUES] = {0}, second[VALUES] = {0};
    struct adam adam;
    (void)state;
    assert_int_equal(adam_init(&adam, VALUES), 0);
    fill_random(values, VALUES, 1, 9);
    as_double(want, values, VALUES, NULL);
    for (int step = 1; step <= 20; step++) {
        double lr = 0.01 * step;
        fill_random(gradients, VALUES, 0.3, 100 + (uint64_t)step);
        adam_step(&adam, values, gradients, DECAYED, &(struct adam_settings){lr, 0.9, 0.05});
        ref_adam(want, first, second, gradients, step, lr);
        assert_close("values", values, want, VALUES);
    }
    adam_finish(&adam);
}

/* Of a constant gradient the corrected mean is that gradient, so each step is lr long, whatever happens to beta1. */
static void test_adam_changing_beta1(void **state)
{
    const double beta1[] = {0.9, 0.9, 0, 0.999, 0.5, 0.99};
    float value = 1;
    const float gradient = 0.5f;
    struct adam adam;
    (void)state;
    assert_int_equal(adam_init(&adam, 1), 0);
    for (size_t i = 0; i < COUNT(beta1); i++) {
        adam_step(&adam, &value, &gradient, 1, &(struct adam_settings){0.01, beta1[i], 0});
        assert_true(fabs((double)value - (1 - 0.01 * (double)(i + 1))) < 1e-5);
    }
    adam_finish(&adam);
}

static void test_gradient_clip(void **state)
{
    float g[] = {3, 0, -4};
    (void)state;
    assert_true(gradient_norm(g, 3) == 5);
    gradient_clip(g, 3, 5, 0);
    gradient_clip(g, 3, 5, 6);
    assert_true(g[0] == 3 && g[2] == -4);
    gradient_clip(g, 3, 5, 1);
    assert_true(fabsf(g[0] - 0.6f) < 1e-6f && fabsf(g[2] + 0.8f) < 1e-6f);
}

static void test_rng(void **state)
{
    struct rng rng;
    double sum = 0, squares = 0;
    int seen[7] = {0};
    (void)state;
    rng_seed(&rng, 0);
    for (int i = 0; i < 7000; i++) {
        double normal = rng_normal(&rng), uniform = rng_uniform(&rng);
        assert_true(uniform >= 0 && uniform < 1);
        sum += normal;
        squares += normal * normal;
        seen[rng_below(&rng, 7)]++;
    }
    assert_true(fabs(sum / 7000) < 0.05 && fabs(squares / 7000 - 1) < 0.1);
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 850, 1150);
    assert_int_equal(rng_below(&rng, 1), 0);
    int low = 0; /* a bound that 2^64 is no multiple of: no third is favoured */
    for (int i = 0; i < 3000; i++)
        low += rng_below(&rng, 3ull << 62) < 1ull << 62;
    assert_in_range(low, 900, 1100);
}

/* ---- a training on a small text, in a folder of its own ---- */

struct room {
    char folder[64];
    char path[128]; /* of the text */
    struct text text;
    struct model_config size;
};

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    struct room *room = calloc(1, sizeof *room);
    char words[1201] = "";
    struct failure why;
    char *path = room->path;
    snprintf(room->folder, sizeof room->folder, "/tmp/test-gpt-XXXXXX");
    if (!mkdtemp(room->folder))
        return -1;
    snprintf(room->path, sizeof room->path, "%s/text", room->folder);
    for (size_t i = 0; i < 1200; i++)
        words[i] = "the cat sat on the mat\n"[(i + i / 97) % 23];
    write_file(room->path, words, 1200);
    if (text_load(&room->text, &path, 1, 8, &why) != 0)
        return -1;
    room->size = (struct model_config){room->text.vocabulary, 8, 1, 2, 8};
    *state = room;
    return 0;
}

static int tear_down(void **state)
{
    struct room *room = *state;
    char command[128];
    text_finish(&room->text);
    snprintf(command, sizeof command, "rm -r %s", room->folder);
    int result = system(command);
    free(room);
    return result;
}

static struct trainer begin(struct room *room, uint64_t seed)
{
    struct trainer trainer;
    assert_int_equal(trainer_init(&trainer, &room->size, &room->text, seed), 0);
    trainer.settings.dropout = 0.2;
    return trainer;
}

/* Trains some steps; losses and gradient norms go to `out`, to be compared to the last bit. */
static void train(struct trainer *trainer, struct trainer_outcome *out, int steps)
{
    for (int i = 0; i < steps; i++, trainer->step++)
        out[i] = trainer_step(trainer);
}

static void test_same_seed_same_losses(void **state)
{
    struct trainer one = begin(*state, 5), two = begin(*state, 5), three = begin(*state, 6);
    struct trainer_outcome a[8], b[8], c[8];
    size_t bytes = one.model->parameters.count * sizeof(float);
    assert_memory_equal(one.model->parameters.values, two.model->parameters.values, bytes);
    assert_memory_not_equal(one.model->parameters.values, three.model->parameters.values, bytes);
    struct generate_request request = {"the ", 30, 1.0};
    struct failure why;
    struct rng sampling;
    char text[31];
    train(&one, a, 8);
    train(&two, b, 4);
    rng_seed(&sampling, 1);
    trainer_evaluate(&two); /* neither of these may show in the losses that follow */
    assert_int_equal(generate(two.model, two.text, &sampling, &request, text, &why), 0);
    train(&two, b + 4, 4);
    train(&three, c, 8);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    assert_true(trainer_evaluate(&one) == trainer_evaluate(&two));
    trainer_finish(&one);
    trainer_finish(&two);
    trainer_finish(&three);
}

static void test_learns(void **state)
{
    struct trainer trainer = begin(*state, 1);
    struct trainer_outcome out[300];
    double before = trainer_evaluate(&trainer);
    trainer.settings.lr = 1e-2;
    train(&trainer, out, 300);
    double after = trainer_evaluate(&trainer);
    assert_true(fabs(before - log(trainer.text->vocabulary)) < 0.7); /* knows nothing yet */
    assert_true(after < 0.6 * before);
    trainer_finish(&trainer);
}

static void test_batch_size_changes(void **state)
{
    struct trainer trainer = begin(*state, 1);
    struct trainer_outcome out[3];
    const int64_t sizes[] = {1, TRAINER_BATCH_MAX, 3};
    for (int i = 0; i < 3; i++) {
        trainer.settings.batch_size = sizes[i];
        train(&trainer, out + i, 1);
        assert_int_equal(trainer.model->batch, sizes[i]);
        assert_true(isfinite(out[i].loss));
    }
    trainer_finish(&trainer);
}

static void test_generate(void **state)
{
    struct room *room = *state;
    struct trainer trainer = begin(room, 1);
    struct rng sampling;
    struct failure why;
    char one[101], two[101];
    struct generate_request greedy = {"the cat sat on the mat", 100, 0}; /* longer than the context */
    struct generate_request foreign = {"the Cat", 100, 0}, empty = {"", 100, 2.0};
    rng_seed(&sampling, 1);
    assert_int_equal(generate(trainer.model, &room->text, &sampling, &greedy, one, &why), 0);
    assert_int_equal(generate(trainer.model, &room->text, &sampling, &greedy, two, &why), 0);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), 100);
    assert_int_equal(generate(trainer.model, &room->text, &sampling, &empty, one, &why), 0);
    assert_int_equal(generate(trainer.model, &room->text, &sampling, &empty, two, &why), 0);
    assert_string_not_equal(one, two);
    assert_int_equal(generate(trainer.model, &room->text, &sampling, &foreign, one, &why), -1);
    assert_non_null(strstr(why.text, "byte 5 (0x43)"));
    trainer_finish(&trainer);
}

/* ---- checkpoints ---- */

static void assert_same_settings(const struct trainer_settings *a, const struct trainer_settings *b)
{
    assert_true(a->lr == b->lr && a->weight_decay == b->weight_decay && a->beta1 == b->beta1 &&
                a->dropout == b->dropout && a->grad_clip == b->grad_clip && a->batch_size == b->batch_size);
}

static void test_checkpoint_goes_on_exactly(void **state)
{
    struct room *room = *state;
    struct trainer trainer = begin(room, 1), other = begin(room, 2);
    struct trainer_outcome before[6], straight[6], after[6];
    struct shelf_item saved, restored;
    struct failure why;
    trainer.settings = (struct trainer_settings){3e-3, 0.2, 0.85, 0.1, 0.5, 5};
    train(&trainer, before, 6);
    assert_int_equal(shelf_save(room->folder, &trainer, &saved, &why), 0);
    assert_string_equal(saved.id, "step-000006");
    struct trainer_settings settings = trainer.settings;
    train(&trainer, straight, 6);
    trainer.settings.lr = 0.1; /* what happens after a checkpoint is undone by going back to it */
    trainer.settings.batch_size = 9;
    train(&trainer, after, 2);
    assert_int_equal(shelf_restore(room->folder, "step-000006", &trainer, &restored, &why), 0);
    assert_int_equal(trainer.step, 6);
    assert_same_settings(&trainer.settings, &settings);
    train(&trainer, after, 6);
    assert_memory_equal(straight, after, sizeof after);
    assert_int_equal(shelf_restore(room->folder, "", &other, &restored, &why), 0); /* another process, as it were */
    assert_string_equal(restored.id, saved.id);
    train(&other, after, 6);
    assert_memory_equal(straight, after, sizeof after);
    trainer_finish(&trainer);
    trainer_finish(&other);
}

/* What a refused restore must leave alone. */
struct snapshot {
    int64_t step;
    struct trainer_settings settings;
    struct rng rng;
    double products[2];
    float arrays[3][NUMBERS_MAX];
};

static struct snapshot *snapshot_take(const struct trainer *trainer)
{
    struct snapshot *s = calloc(1, sizeof *s);
    size_t bytes = trainer->adam.count * sizeof(float);
    assert_true(trainer->adam.count <= NUMBERS_MAX);
    s->step = trainer->step;
    s->settings = trainer->settings;
    s->rng = trainer->rng;
    s->products[0] = trainer->adam.product1;
    s->products[1] = trainer->adam.product2;
    memcpy(s->arrays[0], trainer->model->parameters.values, bytes);
    memcpy(s->arrays[1], trainer->adam.first, bytes);
    memcpy(s->arrays[2], trainer->adam.second, bytes);
    return s;
}

static void assert_refused(struct trainer *trainer, const char *path, const char *sentence)
{
    struct failure why = {""};
    struct snapshot *before = snapshot_take(trainer);
    if (checkpoint_restore(trainer, path, &why) != -1)
        fail_msg("restored, where it should have been refused: %s", sentence);
    struct snapshot *after = snapshot_take(trainer);
    assert_memory_equal(before, after, sizeof *before);
    if (!strstr(why.text, sentence))
        fail_msg("\"%s\" does not say \"%s\"", why.text, sentence);
    free(before);
    free(after);
}

struct image {
    char path[128];
    unsigned char bytes[4 * 3 * NUMBERS_MAX];
    size_t size;
};

/* A checkpoint as bytes, to be damaged. */
static struct image *image_make(struct room *room, struct trainer *trainer)
{
    struct image *image = calloc(1, sizeof *image);
    struct trainer_outcome out[3];
    struct failure why;
    uint64_t size;
    train(trainer, out, 3);
    snprintf(image->path, sizeof image->path, "%s/image", room->folder);
    assert_int_equal(checkpoint_save(trainer, image->path, &size, &why), 0);
    FILE *file = fopen(image->path, "r");
    image->size = fread(image->bytes, 1, sizeof image->bytes, file);
    fclose(file);
    assert_int_equal(image->size, size);
    train(trainer, out, 2);
    return image;
}

static void test_checkpoint_cut_short(void **state)
{
    struct trainer trainer = begin(*state, 1);
    struct image *image = image_make(*state, &trainer);
    for (size_t size = image->size; size-- > 0;) {
        assert_int_equal(truncate(image->path, (off_t)size), 0);
        assert_refused(&trainer, image->path, "cut short");
    }
    write_file(image->path, image->bytes, image->size);
    assert_int_equal(truncate(image->path, (off_t)image->size + 1), 0);
    assert_refused(&trainer, image->path, "belong");
    free(image);
    trainer_finish(&trainer);
}

static void test_checkpoint_damaged(void **state)
{
    struct trainer trainer = begin(*state, 1);
    struct image *image = image_make(*state, &trainer);
    for (size_t at = 0; at < image->size; at += at < 500 ? 1 : 89) {
        image->bytes[at] ^= (unsigned char)(1u << at % 8);
        write_file(image->path, image->bytes, image->size);
        assert_refused(&trainer, image->path, at < 8 ? "no checkpoint" : at < 12 ? "format" : "damaged");
        image->bytes[at] ^= (unsigned char)(1u << at % 8);
    }
    write_file(image->path, image->bytes, image->size);
    assert_int_equal(checkpoint_restore(&trainer, image->path, &(struct failure){""}), 0);
    free(image);
    trainer_finish(&trainer);
}

static uint32_t crc32_of(const unsigned char *bytes, size_t count)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Puts other bytes in and makes the checksum right: what only a hostile hand does. */
static void assert_forgery_refused(struct trainer *trainer, const struct image *image, size_t at, const void *bytes,
                                   size_t count, const char *sentence)
{
    struct image *forged = malloc(sizeof *forged);
    *forged = *image;
    memcpy(forged->bytes + at, bytes, count);
    uint32_t crc = crc32_of(forged->bytes + 16, forged->size - 16);
    memcpy(forged->bytes + 12, &crc, sizeof crc);
    write_file(forged->path, forged->bytes, forged->size);
    assert_refused(trainer, forged->path, sentence);
    free(forged);
}

static void test_checkpoint_forged(void **state)
{
    struct trainer trainer = begin(*state, 1);
    struct image *image = image_make(*state, &trainer);
    const size_t characters = 40, step = 296, settings = 304, rng = 352, products = 384, count = 400;
    const double not_a_number = NAN, huge = 1e300, minus = -1;
    const int64_t negative = -1, none = 0, many = TRAINER_BATCH_MAX + 1;
    const uint64_t zeros[4] = {0}, most = UINT64_MAX;
    const int32_t wider = 4096;
    assert_forgery_refused(&trainer, image, 16 + 16, &wider, 4, "another size");
    assert_forgery_refused(&trainer, image, characters, "~", 1, "other characters");
    assert_forgery_refused(&trainer, image, step, &negative, 8, "out of their ranges");
    assert_forgery_refused(&trainer, image, step, &most, 8, "out of their ranges");
    for (size_t i = 0; i < 5; i++) {
        assert_forgery_refused(&trainer, image, settings + 8 * i, &not_a_number, 8, "out of their ranges");
        assert_forgery_refused(&trainer, image, settings + 8 * i, &huge, 8, "out of their ranges");
        assert_forgery_refused(&trainer, image, settings + 8 * i, &minus, 8, "out of their ranges");
    }
    assert_forgery_refused(&trainer, image, settings + 40, &none, 8, "out of their ranges");
    assert_forgery_refused(&trainer, image, settings + 40, &many, 8, "out of their ranges");
    assert_forgery_refused(&trainer, image, rng, zeros, 32, "out of their ranges");
    assert_forgery_refused(&trainer, image, products, &not_a_number, 8, "out of their ranges");
    assert_forgery_refused(&trainer, image, count, &most, 8, "another size");
    free(image);
    trainer_finish(&trainer);
}

static void test_checkpoint_ids(void **state)
{
    struct room *room = *state;
    struct trainer trainer = begin(room, 1);
    const char *const bad[] = {
        "../image",          "/etc/passwd", "..", "a/b",
        "step-1.checkpoint", "step 1",      "\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    char deep[128], blocked[160];
    struct shelf_item item;
    struct failure why;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(shelf_restore(room->folder, bad[i], &trainer, &item, &why), -1);
        assert_non_null(strstr(why.text, "no checkpoint's id"));
    }
    assert_int_equal(shelf_restore(room->folder, "", &trainer, &item, &why), -1);
    assert_non_null(strstr(why.text, "no checkpoint in"));
    assert_int_equal(shelf_restore(room->folder, "step-000009", &trainer, &item, &why), -1);
    assert_non_null(strstr(why.text, "cannot be read"));
    snprintf(deep, sizeof deep, "%s/new/folders", room->folder);
    trainer.step = 9;
    assert_int_equal(shelf_save(deep, &trainer, &item, &why), 0);
    trainer.step = 8; /* saved later: the newest, though of a smaller step */
    assert_int_equal(shelf_save(deep, &trainer, &item, &why), 0);
    struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    snprintf(blocked, sizeof blocked, "%s/step-000009.checkpoint", deep);
    assert_int_equal(utimensat(AT_FDCWD, blocked, past, 0), 0);
    assert_int_equal(shelf_restore(deep, "", &trainer, &item, &why), 0);
    assert_string_equal(item.id, "step-000008");
    snprintf(blocked, sizeof blocked, "%s/below", room->path); /* below a file */
    assert_int_equal(shelf_save(blocked, &trainer, &item, &why), -1);
    assert_non_null(strstr(why.text, "cannot be made"));
    trainer_finish(&trainer);
}

/* ---- texts and options ---- */

static void assert_text_refused(char *path, const char *sentence)
{
    struct text text;
    struct failure why = {""};
    assert_int_equal(text_load(&text, &path, 1, 64, &why), -1);
    if (!strstr(why.text, sentence))
        fail_msg("\"%s\" does not say \"%s\"", why.text, sentence);
    assert_null(text.train);
}

static void test_text_refused(void **state)
{
    struct room *room = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/none", room->folder);
    assert_text_refused(path, "cannot be read: No such file");
    write_file(path, "", 0);
    assert_text_refused(path, "has 0 characters");
    write_file(path, "too short", 9);
    assert_text_refused(path, "has 9 characters");
    write_file(path, "zero\0byte", 9);
    assert_text_refused(path, "zero byte");
    assert_int_equal(truncate(path, (off_t)TEXT_BYTES_MAX + 1), 0);
    assert_text_refused(path, "at most 64 MiB");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_text_refused(path, "neither a file nor a folder");
    assert_text_refused("/dev/zero", "neither a file nor a folder");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_text_refused(path, "has 0 characters");
}

static void test_text_split(void **state)
{
    struct room *room = *state;
    char paths[3][160], bytes[1000];
    struct text text;
    struct failure why;
    char *folder = room->folder;
    for (int i = 0; i < 3; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", room->folder, (const char *[]){"a", "b", ".hidden"}[i]);
    for (int i = 0; i < 3; i++) {
        memset(bytes, "bdx"[i], sizeof bytes);
        memset(bytes + 900, "ace"[i], 100);
        write_file(paths[i], bytes, sizeof bytes);
    }
    unlink(room->path);
    assert_int_equal(symlink(paths[0], room->path), 0); /* the same text again: not taken */
    assert_int_equal(text_load(&text, &folder, 1, 64, &why), 0);
    assert_int_equal(text.files, 2);
    assert_int_equal(text.vocabulary, 4);
    assert_memory_equal(text.characters, "abcd", 4);
    assert_int_equal(text.train_count, 1800);
    assert_int_equal(text.validation_count, 200);
    assert_true(text.train[0] == 1 && text.train[1799] == 3 && text.validation[0] == 0 && text.validation[199] == 2);
    assert_true(text.tokens['d'] == 3 && text.tokens['x'] == -1);
    text_finish(&text);
}

static void test_text_spaces(void **state)
{
    struct room *room = *state;
    char bytes[1000], *path = room->path;
    struct text text;
    struct failure why;
    memset(bytes, ' ', sizeof bytes);
    for (size_t i = 0; i < 500; i++)
        bytes[i] = i % 5 ? ' ' : 'x'; /* four in a row stay */
    write_file(path, bytes, sizeof bytes);
    assert_int_equal(text_load(&text, &path, 1, 8, &why), 0);
    assert_int_equal(text.train_count + text.validation_count, 500);
    text_finish(&text);
}

static int parse(struct options *options, struct failure *why, char *const *words)
{
    int count = 0;
    while (words[count])
        count++;
    return options_parse(options, count, words, 0.5e-3, why);
}

static void test_options(void **state)
{
    struct options o;
    struct failure why;
    (void)state;
    assert_int_equal(parse(&o, &why, (char *[]){"gpt", NULL}), 0);
    assert_true(o.seed == 1 && o.threads == 1 && o.lr == 0.5e-3 && o.text_count == 0 && !o.help);
    char *words[] = {"gpt", "--steps=40", "--text",           "a", "b", "--lr", "1e-2", "--seed",
                     "7",   "--resume",   "--checkpoint-dir", "c", NULL};
    assert_true(!o.resume);
    assert_int_equal(parse(&o, &why, words), 0);
    assert_true(o.resume);
    assert_true(o.steps == 40 && o.lr == 1e-2 && o.seed == 7 && o.text_count == 2);
    assert_string_equal(o.texts[1], "b");
    assert_string_equal(o.checkpoint_dir, "c");
}

static void test_options_refused(void **state)
{
    char *const bad[][5] = {{"gpt", "--steps"},
                            {"gpt", "--steps", "0"},
                            {"gpt", "--steps", "4x"},
                            {"gpt", "--steps", ""},
                            {"gpt", "--lr", "nan"},
                            {"gpt", "--lr", "1"},
                            {"gpt", "--text"},
                            {"gpt", "--text", "--lr", "1"},
                            {"gpt", "--frobnicate", "1"},
                            {"gpt", "more"},
                            {"gpt", "--threads", "100000"},
                            {"gpt", "--seed", "-1"},
                            {"gpt", "--steps="},
                            {"gpt", "--eval-every", "0"},
                            {"gpt", "--checkpoint-dir"},
                            {"gpt", "--steps", "99999999999999999999"}};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct options options;
        struct failure why = {""};
        if (parse(&options, &why, bad[i]) != -1)
            fail_msg("%s %s was taken", bad[i][1], bad[i][2] ? bad[i][2] : "");
        assert_true(strlen(why.text) > 10 && strlen(why.text) < 160);
    }
}

int main(void)
{
    matrix_threads(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layernorm),
        cmocka_unit_test(test_gelu),
        cmocka_unit_test(test_gelu_far_out),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_cross_entropy_far_out),
        cmocka_unit_test(test_attention),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_model_dropout),
        cmocka_unit_test(test_model_is_causal),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_adam_changing_beta1),
        cmocka_unit_test(test_gradient_clip),
        cmocka_unit_test(test_rng),
        cmocka_unit_test_setup_teardown(test_same_seed_same_losses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_learns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_batch_size_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_generate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checkpoint_goes_on_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checkpoint_cut_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checkpoint_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checkpoint_forged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_checkpoint_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_split, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_spaces, set_up, tear_down),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_options_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
