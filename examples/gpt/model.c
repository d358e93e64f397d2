#include "model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention.h"
#include "matrix.h"
#include "memory.h"

#define INIT_DEVIATION 0.08 /* about 0.8 / sqrt(width) at a width of 96 */

static void lay_out_parameters(struct parameters *p, const struct model_config *c, struct memory *m)
{
    size_t width = (size_t)c->width;
    size_t start = m->used;
    p->values = memory_take(m, 0);
    p->embedding = memory_take(m, (size_t)c->vocabulary * width);
    for (int i = 0; i < c->layers; i++) {
        p->layers[i].qkv = memory_take(m, width * width * 3);
        p->layers[i].project = memory_take(m, width * width);
        p->layers[i].expand = memory_take(m, width * width * 4);
        p->layers[i].contract = memory_take(m, width * width * 4);
    }
    p->matrices = m->used - start;
    for (int i = 0; i < c->layers; i++) {
        p->layers[i].gain1 = memory_take(m, width);
        p->layers[i].bias1 = memory_take(m, width);
        p->layers[i].gain2 = memory_take(m, width);
        p->layers[i].bias2 = memory_take(m, width);
    }
    p->gain = memory_take(m, width);
    p->bias = memory_take(m, width);
    p->count = m->used - start;
    memory_align(m);
}

static float *take_rows(struct memory *m, size_t rows, int width)
{
    float *at = memory_take(m, rows * (size_t)width);
    memory_align(m);
    return at;
}

static void lay_out_layer(struct layer_activations *a, const struct model_config *c, size_t rows, struct memory *m)
{
    a->input = take_rows(m, rows, c->width);
    a->norm1 = take_rows(m, rows, c->width);
    a->stats1 = take_rows(m, rows, 2);
    a->qkv = take_rows(m, rows, 3 * c->width);
    a->weights = take_rows(m, rows, c->heads * c->context);
    a->mix = take_rows(m, rows, c->width);
    a->middle = take_rows(m, rows, c->width);
    a->norm2 = take_rows(m, rows, c->width);
    a->stats2 = take_rows(m, rows, 2);
    a->hidden = take_rows(m, rows, 4 * c->width);
    a->active = take_rows(m, rows, 4 * c->width);
}

static void lay_out(struct model *model, struct memory *m)
{
    const struct model_config *c = &model->config;
    size_t rows = (size_t)model->batch_max * (size_t)c->context;
    lay_out_parameters(&model->parameters, c, m);
    lay_out_parameters(&model->gradients, c, m);
    for (int i = 0; i < c->layers; i++)
        lay_out_layer(&model->layers[i], c, rows, m);
    model->output = take_rows(m, rows, c->width);
    model->norm = take_rows(m, rows, c->width);
    model->stats = take_rows(m, rows, 2);
    model->logits = take_rows(m, rows, c->vocabulary);
    model->dstream = take_rows(m, rows, c->width);
    model->dbranch = take_rows(m, rows, c->width);
    model->dnorm = take_rows(m, rows, c->width);
    model->dqkv = take_rows(m, rows, 3 * c->width);
    model->dhidden = take_rows(m, rows, 4 * c->width);
    model->scratch = take_rows(m, (size_t)c->context, c->context);
}

struct model *model_create(const struct model_config *config, int batch_max)
{
    assert(config->layers <= MODEL_LAYERS_MAX && config->width % config->heads == 0 && config->vocabulary <= 256);
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return NULL;
    model->config = *config;
    model->batch_max = batch_max;
    struct memory memory = {0};
    lay_out(model, &memory); /* only counts */
    if (!memory_allocate(&memory)) {
        free(model);
        return NULL;
    }
    lay_out(model, &memory);
    model->memory = memory.base;
    return model;
}

void model_destroy(struct model *model)
{
    if (!model)
        return;
    free(model->memory);
    free(model);
}

static void fill(float *values, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        values[i] = value;
}

static void fill_normal(float *values, size_t count, double deviation, struct rng *rng)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(deviation * rng_normal(rng));
}

void model_init(struct model *model, struct rng *rng)
{
    struct parameters *p = &model->parameters;
    size_t width = (size_t)model->config.width;
    /* What is added to the residual stream starts smaller, the more additions there are (GPT-2). */
    double residual = INIT_DEVIATION / sqrt(2.0 * model->config.layers);
    fill_normal(p->values, p->matrices, INIT_DEVIATION, rng);
    fill(p->values + p->matrices, p->count - p->matrices, 0);
    for (int i = 0; i < model->config.layers; i++) {
        fill_normal(p->layers[i].project, width * width, residual, rng);
        fill_normal(p->layers[i].contract, width * width * 4, residual, rng);
        fill(p->layers[i].gain1, width, 1);
        fill(p->layers[i].gain2, width, 1);
    }
    fill(p->gain, width, 1);
}

/* ---- forward ---- */

static struct attention_shape shape_of(const struct model *model)
{
    return (struct attention_shape){model->batch, model->length, model->config.heads, model->config.width};
}

/* Sites of dropout: 0 is the embedding, then two a layer. */
static uint32_t site_of(int layer, int half)
{
    return (uint32_t)(1 + 2 * layer + half);
}

static void embed(struct model *model, float *stream)
{
    const struct parameters *p = &model->parameters;
    size_t width = (size_t)model->config.width;
    for (int i = 0; i < model->batch * model->length; i++, stream += width)
        memcpy(stream, p->embedding + model->tokens[i] * width, width * sizeof *stream);
}

static void layer_forward(struct model *model, int index, float *output)
{
    const struct layer_parameters *p = &model->parameters.layers[index];
    struct layer_activations *a = &model->layers[index];
    int rows = model->batch * model->length, width = model->config.width;
    size_t count = (size_t)rows * (size_t)width;

    layernorm_forward(a->norm1, a->stats1, a->input, p->gain1, p->bias1, rows, width);
    linear_forward(a->qkv, a->norm1, p->qkv, rows, width, 3 * width);
    attention_forward(a->mix, a->weights, a->qkv, shape_of(model));
    linear_forward(a->middle, a->mix, p->project, rows, width, width);
    dropout_apply(a->middle, count, &model->dropout, site_of(index, 0));
    vector_add(a->middle, a->input, count);

    layernorm_forward(a->norm2, a->stats2, a->middle, p->gain2, p->bias2, rows, width);
    linear_forward(a->hidden, a->norm2, p->expand, rows, width, 4 * width);
    gelu_forward(a->active, a->hidden, 4 * count);
    linear_forward(output, a->active, p->contract, rows, 4 * width, width);
    dropout_apply(output, count, &model->dropout, site_of(index, 1));
    vector_add(output, a->middle, count);
}

/* Where layer `index` reads; after the last one, where the network's end reads. */
static float *stream_at(struct model *model, int index)
{
    return index < model->config.layers ? model->layers[index].input : model->output;
}

float *model_forward(struct model *model, const uint8_t *tokens, int batch, int length, const struct dropout *dropout)
{
    const struct model_config *c = &model->config;
    const struct parameters *p = &model->parameters;
    assert(batch > 0 && batch <= model->batch_max && length > 0 && length <= c->context);
    int rows = batch * length;
    model->batch = batch;
    model->length = length;
    model->tokens = tokens;
    model->dropout = dropout ? *dropout : (struct dropout){0};

    embed(model, stream_at(model, 0));
    dropout_apply(stream_at(model, 0), (size_t)rows * (size_t)c->width, &model->dropout, 0);
    for (int i = 0; i < c->layers; i++)
        layer_forward(model, i, stream_at(model, i + 1));
    layernorm_forward(model->norm, model->stats, model->output, p->gain, p->bias, rows, c->width);
    matrix_abt(matrix_of(model->logits, rows, c->vocabulary), matrix_of(model->norm, rows, c->width),
               matrix_of(p->embedding, c->vocabulary, c->width), 1, 0);
    return model->logits;
}

double model_loss(struct model *model, const uint8_t *targets)
{
    return cross_entropy(model->logits, targets, model->batch * model->length, model->config.vocabulary);
}

/* ---- backward ---- */

/* dstream holds the derivative by the layer's output, and then that by its input. */
static void layer_backward(struct model *model, int index)
{
    const struct layer_parameters *p = &model->parameters.layers[index];
    struct layer_parameters *g = &model->gradients.layers[index];
    const struct layer_activations *a = &model->layers[index];
    int rows = model->batch * model->length, width = model->config.width;
    size_t count = (size_t)rows * (size_t)width;
    float *stream = model->dstream, *branch = model->dbranch, *norm = model->dnorm;

    memcpy(branch, stream, count * sizeof *branch);
    dropout_apply(branch, count, &model->dropout, site_of(index, 1));
    linear_backward(model->dhidden, g->contract, branch, a->active, p->contract, rows, 4 * width, width);
    gelu_backward(model->dhidden, a->hidden, 4 * count);
    linear_backward(norm, g->expand, model->dhidden, a->norm2, p->expand, rows, width, 4 * width);
    layernorm_backward(stream, g->gain2, g->bias2, norm, a->middle, a->stats2, p->gain2, rows, width);

    memcpy(branch, stream, count * sizeof *branch);
    dropout_apply(branch, count, &model->dropout, site_of(index, 0));
    linear_backward(norm, g->project, branch, a->mix, p->project, rows, width, width);
    attention_backward(model->dqkv, norm, a->weights, a->qkv, model->scratch, shape_of(model));
    linear_backward(norm, g->qkv, model->dqkv, a->norm1, p->qkv, rows, width, 3 * width);
    layernorm_backward(stream, g->gain1, g->bias1, norm, a->input, a->stats1, p->gain1, rows, width);
}

static void embed_backward(struct model *model)
{
    struct parameters *g = &model->gradients;
    size_t width = (size_t)model->config.width;
    const float *stream = model->dstream;
    for (int i = 0; i < model->batch * model->length; i++, stream += width)
        vector_add(g->embedding + model->tokens[i] * width, stream, width);
}

void model_backward(struct model *model)
{
    const struct model_config *c = &model->config;
    const struct parameters *p = &model->parameters;
    struct parameters *g = &model->gradients;
    int rows = model->batch * model->length;
    size_t count = (size_t)rows * (size_t)c->width;
    struct matrix dlogits = matrix_of(model->logits, rows, c->vocabulary);
    struct matrix norm = matrix_of(model->norm, rows, c->width);

    memset(g->values, 0, g->count * sizeof *g->values);
    matrix_ab(matrix_of(model->dnorm, rows, c->width), dlogits, matrix_of(p->embedding, c->vocabulary, c->width), 1, 0);
    matrix_atb(matrix_of(g->embedding, c->vocabulary, c->width), dlogits, norm, 1, 1);
    memset(model->dstream, 0, count * sizeof *model->dstream);
    layernorm_backward(model->dstream, g->gain, g->bias, model->dnorm, model->output, model->stats, p->gain, rows,
                       c->width);
    for (int i = c->layers - 1; i >= 0; i--)
        layer_backward(model, i);
    dropout_apply(model->dstream, count, &model->dropout, 0);
    embed_backward(model);
}
