/* One training in progress: all that decides how it goes on. */
#ifndef GPT_TRAINER_H
#define GPT_TRAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "adam.h"
#include "model.h"
#include "rng.h"
#include "text.h"

#define TRAINER_BATCH_MAX 64
#define TRAINER_WARMUP_STEPS 50 /* over which the learning rate rises from 0 to lr */

/* May be changed between any two steps, within these ranges. */
#define TRAINER_LR_MIN 1e-6
#define TRAINER_LR_MAX 1e-1
#define TRAINER_WEIGHT_DECAY_MAX 1.0
#define TRAINER_BETA1_MAX 0.999
#define TRAINER_DROPOUT_MAX 0.9
#define TRAINER_GRAD_CLIP_MAX 1000.0

struct trainer_settings {
    double lr;
    double weight_decay;
    double beta1;
    double dropout;
    double grad_clip; /* 0: none */
    int64_t batch_size;
};

struct trainer {
    const struct text *text; /* borrowed */
    struct model *model;
    struct adam adam;
    struct rng rng; /* used by trainer_step alone, so that nothing else changes how the training goes on */
    struct trainer_settings settings;
    int64_t step;              /* the one about to run */
    uint8_t *inputs, *targets; /* tokens of a batch */
};

struct trainer_outcome {
    double loss;          /* nats a character, of this step's batch before its update */
    double gradient_norm; /* before clipping */
};

struct trainer_settings trainer_defaults(void);
bool trainer_settings_valid(const struct trainer_settings *settings);

/* Begins a training; config->vocabulary is that of the text, and the text is longer than the context. 0, or -1: not
 * enough memory. */
int trainer_init(struct trainer *trainer, const struct model_config *config, const struct text *text, uint64_t seed);
void trainer_finish(struct trainer *trainer);

/* One batch and one update. The caller counts the step. */
struct trainer_outcome trainer_step(struct trainer *trainer);

/* Mean loss on windows of the validation text: always the same ones, without dropout. Changes nothing that a later step
 * depends on. */
double trainer_evaluate(struct trainer *trainer);

#endif
