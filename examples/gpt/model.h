/* A GPT over characters: a decoder-only transformer with the norms before each block (Radford and others: Language
 * Models are Unsupervised Multitask Learners, 2019), whose output matrix is the embedding itself (Press, Wolf: Using
 * the Output Embedding to Improve Language Models, 2017). Its linear maps have no bias, and it learns no positions:
 * attention.h tells how it knows distances. */
#ifndef GPT_MODEL_H
#define GPT_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "ops.h"
#include "rng.h"

#define MODEL_LAYERS_MAX 16

struct model_config {
    int32_t vocabulary; /* 1 to 256 */
    int32_t context;    /* characters that a prediction can look back on */
    int32_t layers;     /* up to MODEL_LAYERS_MAX */
    int32_t heads;      /* divides width */
    int32_t width;
};

struct layer_parameters {
    float *qkv;           /* [width, 3 * width] */
    float *project;       /* [width, width] */
    float *expand;        /* [width, 4 * width] */
    float *contract;      /* [4 * width, width] */
    float *gain1, *bias1; /* of the norm before the attention */
    float *gain2, *bias2; /* of the norm before the two linear maps */
};

/* All parameters lie in one array, so that what treats them alike (Adam, checkpoints) need not know their names. The
 * matrices come first: weight decay is for them. */
struct parameters {
    float *values;
    size_t count;
    size_t matrices;  /* values that belong to matrices */
    float *embedding; /* [vocabulary, width] */
    struct layer_parameters layers[MODEL_LAYERS_MAX];
    float *gain, *bias; /* of the last norm */
};

struct layer_activations {
    float *input, *norm1, *stats1, *qkv, *weights, *mix;
    float *middle, *norm2, *stats2, *hidden, *active;
};

struct model {
    struct model_config config;
    int batch_max;
    struct parameters parameters, gradients;
    /* what the last forward pass left for the way back */
    int batch, length;
    const uint8_t *tokens;
    struct dropout dropout;
    struct layer_activations layers[MODEL_LAYERS_MAX];
    float *output, *norm, *stats, *logits;
    /* of the way back alone */
    float *dstream, *dbranch, *dnorm, *dqkv, *dhidden, *scratch;
    void *memory; /* all of the above lie here */
};

/* Makes a model for batches of up to batch_max texts, all parameters 0. NULL: not enough memory. */
struct model *model_create(const struct model_config *config, int batch_max);
void model_destroy(struct model *model);
/* Draws the parameters that training starts from. */
void model_init(struct model *model, struct rng *rng);

/* Predicts what follows each of the characters: tokens are [batch, length], length up to the context. Returns the
 * logits [batch * length, vocabulary], which the model owns. `tokens` must live until the way back is done. */
float *model_forward(struct model *model, const uint8_t *tokens, int batch, int length, const struct dropout *dropout);
/* Mean loss in nats of the last forward pass; the logits become their derivatives. */
double model_loss(struct model *model, const uint8_t *targets);
/* After model_loss: fills model->gradients. */
void model_backward(struct model *model);

#endif
