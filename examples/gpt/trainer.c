#include "trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS 128 /* of the validation text */
#define WINDOWS_AT_ONCE 16

struct trainer_settings trainer_defaults(void)
{
    return (struct trainer_settings){
        .lr = 2e-3, .weight_decay = 0.1, .beta1 = 0.9, .dropout = 0.1, .grad_clip = 1.0, .batch_size = 16};
}

static bool within(double value, double min, double max)
{
    return value >= min && value <= max; /* false for NaN */
}

bool trainer_settings_valid(const struct trainer_settings *s)
{
    return within(s->lr, TRAINER_LR_MIN, TRAINER_LR_MAX) && within(s->weight_decay, 0, TRAINER_WEIGHT_DECAY_MAX) &&
           within(s->beta1, 0, TRAINER_BETA1_MAX) && within(s->dropout, 0, TRAINER_DROPOUT_MAX) &&
           within(s->grad_clip, 0, TRAINER_GRAD_CLIP_MAX) && s->batch_size >= 1 && s->batch_size <= TRAINER_BATCH_MAX;
}

int trainer_init(struct trainer *trainer, const struct model_config *config, const struct text *text, uint64_t seed)
{
    size_t tokens = (size_t)TRAINER_BATCH_MAX * (size_t)config->context;
    *trainer = (struct trainer){.text = text, .settings = trainer_defaults()};
    trainer->model = model_create(config, TRAINER_BATCH_MAX);
    trainer->inputs = malloc(tokens);
    trainer->targets = malloc(tokens);
    if (!trainer->model || !trainer->inputs || !trainer->targets ||
        adam_init(&trainer->adam, trainer->model->parameters.count) != 0) {
        trainer_finish(trainer);
        return -1;
    }
    rng_seed(&trainer->rng, seed);
    model_init(trainer->model, &trainer->rng);
    return 0;
}

void trainer_finish(struct trainer *trainer)
{
    model_destroy(trainer->model);
    adam_finish(&trainer->adam);
    free(trainer->inputs);
    free(trainer->targets);
    *trainer = (struct trainer){0};
}

/* Puts one window of a text into a row of the batch: the targets are the inputs, one character on. */
static void take_window(struct trainer *trainer, int row, const uint8_t *window)
{
    size_t length = (size_t)trainer->model->config.context;
    memcpy(trainer->inputs + (size_t)row * length, window, length);
    memcpy(trainer->targets + (size_t)row * length, window + 1, length);
}

static void draw_batch(struct trainer *trainer, int batch)
{
    size_t length = (size_t)trainer->model->config.context;
    for (int row = 0; row < batch; row++)
        take_window(trainer, row, trainer->text->train + rng_below(&trainer->rng, trainer->text->train_count - length));
}

/* The warm-up is a factor upon lr, so that lr stays what a person set. */
static double learning_rate(const struct trainer *trainer)
{
    return trainer->settings.lr * fmin(1.0, (double)(trainer->step + 1) / TRAINER_WARMUP_STEPS);
}

struct trainer_outcome trainer_step(struct trainer *trainer)
{
    struct model *model = trainer->model;
    const struct trainer_settings *s = &trainer->settings;
    struct parameters *gradients = &model->gradients;
    int batch = (int)s->batch_size;
    struct trainer_outcome outcome;

    draw_batch(trainer, batch);
    struct dropout dropout = {(float)s->dropout, (uint32_t)rng_next(&trainer->rng)};
    model_forward(model, trainer->inputs, batch, model->config.context, &dropout);
    outcome.loss = model_loss(model, trainer->targets);
    model_backward(model);
    outcome.gradient_norm = gradient_norm(gradients->values, gradients->count);
    gradient_clip(gradients->values, gradients->count, outcome.gradient_norm, s->grad_clip);
    adam_step(&trainer->adam, model->parameters.values, gradients->values, model->parameters.matrices,
              &(struct adam_settings){learning_rate(trainer), s->beta1, s->weight_decay});
    return outcome;
}

double trainer_evaluate(struct trainer *trainer)
{
    struct model *model = trainer->model;
    size_t last = trainer->text->validation_count - (size_t)model->config.context - 1;
    double loss = 0;
    for (int done = 0; done < WINDOWS; done += WINDOWS_AT_ONCE) {
        for (int row = 0; row < WINDOWS_AT_ONCE; row++)
            take_window(trainer, row, trainer->text->validation + last * (size_t)(done + row) / (WINDOWS - 1));
        model_forward(model, trainer->inputs, WINDOWS_AT_ONCE, model->config.context, NULL);
        loss += model_loss(model, trainer->targets);
    }
    return loss * WINDOWS_AT_ONCE / WINDOWS;
}
