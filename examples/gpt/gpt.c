/* gpt: trains a small GPT on the characters of a text, on one core. trimtab watches and steers it.
 *
 * All that concerns trimtab stands in this file: declare() tells what can be watched, changed and done; the actions
 * follow; train() is the loop. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <trimtab/trimtab.h>

#include "generate.h"
#include "matrix.h"
#include "options.h"
#include "progress.h"
#include "shelf.h"
#include "text.h"
#include "trainer.h"

#define LENGTH_MAX 4096 /* characters of one generated text */

/* About 350000 parameters. */
static const struct model_config model_size = {.context = 64, .layers = 3, .heads = 4, .width = 96};

struct session {
    trimtab_run *run;
    struct trainer trainer;
    struct rng sampling; /* of generated texts, apart from the training's own random numbers */
    char checkpoints[PATH_MAX];
    struct progress progress;
    trimtab_series train_loss, val_loss, grad_norm, tokens_per_second;
};

/* ---- actions: each runs inside the control point, between two steps ---- */

static int act_checkpoint(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct session *session = user;
    struct shelf_item item;
    struct failure why;
    (void)args;
    if (shelf_save(session->checkpoints, &session->trainer, &item, &why) != 0)
        return trimtab_result_fail(result, "%s", why.text);
    trimtab_checkpoint(session->run, item.id, item.path, item.bytes);
    trimtab_result_string(result, "id", item.id);
    trimtab_result_string(result, "path", item.path);
    trimtab_result_int(result, "bytes", (int64_t)item.bytes);
    return 0;
}

static int act_restore(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct session *session = user;
    struct shelf_item item;
    struct failure why;
    const char *id = trimtab_args_string(args, "id");
    if (shelf_restore(session->checkpoints, id, &session->trainer, &item, &why) != 0)
        return trimtab_result_fail(result, "%s", why.text);
    trimtab_result_next_step(result, session->trainer.step);
    trimtab_result_string(result, "id", item.id);
    trimtab_result_int(result, "step", session->trainer.step);
    return 0;
}

static double evaluate(struct session *session)
{
    double loss = trainer_evaluate(&session->trainer);
    progress_validation(&session->progress, loss, session->trainer.step);
    trimtab_log_at(session->run, session->val_loss, session->trainer.step, loss);
    return loss;
}

static int act_evaluate(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)args;
    trimtab_result_double(result, "loss", evaluate(user));
    return 0;
}

static int act_generate(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct session *session = user;
    const struct trainer *trainer = &session->trainer;
    char text[LENGTH_MAX + 1];
    struct failure why;
    struct generate_request request = {
        .prompt = trimtab_args_string(args, "prompt"),
        .length = (int)trimtab_args_int(args, "length"),
        .temperature = trimtab_args_double(args, "temperature"),
    };
    if (generate(trainer->model, trainer->text, &session->sampling, &request, text, &why) != 0)
        return trimtab_result_fail(result, "%s", why.text);
    trimtab_result_string(result, "text", text);
    return 0;
}

/* ---- what trimtab is told ---- */

static void declare_settings(trimtab_run *run, struct trainer_settings *s)
{
    trimtab_setting_double(run, "lr", &s->lr, TRAINER_LR_MIN, TRAINER_LR_MAX, "learning rate");
    trimtab_setting_double(run, "weight_decay", &s->weight_decay, 0, TRAINER_WEIGHT_DECAY_MAX,
                           "how fast the matrices shrink, times lr");
    trimtab_setting_double(run, "beta1", &s->beta1, 0, TRAINER_BETA1_MAX, "memory of Adam's mean gradient");
    trimtab_setting_double(run, "dropout", &s->dropout, 0, TRAINER_DROPOUT_MAX, "part of the activations left out");
    trimtab_setting_double(run, "grad_clip", &s->grad_clip, 0, TRAINER_GRAD_CLIP_MAX,
                           "longest gradient that is let through; 0: any");
    trimtab_setting_int(run, "batch_size", &s->batch_size, 1, TRAINER_BATCH_MAX, "windows of text in one step");
}

static void declare_actions(trimtab_run *run, struct session *session)
{
    trimtab_action(run, "checkpoint", act_checkpoint, session);
    trimtab_action(run, "restore", act_restore, session, TRIMTAB_STRING("id", ""));
    trimtab_action(run, "evaluate", act_evaluate, session);
    trimtab_action(run, "generate", act_generate, session, TRIMTAB_STRING("prompt", ""),
                   TRIMTAB_INT("length", 160, 1, LENGTH_MAX), TRIMTAB_DOUBLE("temperature", 0.8, 0, 2));
}

static void declare_config(trimtab_run *run, const struct trainer *trainer, uint64_t seed)
{
    const struct model_config *c = &trainer->model->config;
    const struct text *text = trainer->text;
    char json[256];
    snprintf(json, sizeof json, "{\"layers\":%d,\"heads\":%d,\"width\":%d,\"context\":%d,\"parameters\":%zu}",
             c->layers, c->heads, c->width, c->context, trainer->model->parameters.count);
    trimtab_config(run, "model", json);
    snprintf(json, sizeof json, "{\"files\":%zu,\"characters\":%zu,\"train\":%zu,\"validation\":%zu,\"vocabulary\":%d}",
             text->files, text->train_count + text->validation_count, text->train_count, text->validation_count,
             text->vocabulary);
    trimtab_config(run, "text", json);
    snprintf(json, sizeof json, "%llu", (unsigned long long)seed);
    trimtab_config(run, "seed", json);
}

static void declare(struct session *session, uint64_t seed)
{
    trimtab_run *run = session->run;
    declare_config(run, &session->trainer, seed);
    declare_settings(run, &session->trainer.settings);
    declare_actions(run, session);
    session->train_loss = trimtab_series_declare(run, "train/loss", "nats");
    session->val_loss = trimtab_series_declare(run, "val/loss", "nats");
    session->grad_norm = trimtab_series_declare(run, "train/grad_norm", NULL);
    session->tokens_per_second = trimtab_series_declare(run, "tokens_per_second", "1/s");
}

/* ---- the loop ---- */

static trimtab_run *volatile open_run; /* for the signal handler; NULL: none */

static void on_signal(int number)
{
    (void)number;
    trimtab_interrupt(open_run);
}

/* The first Ctrl-C ends the loop in good order, even out of a pause; a second one ends the program. */
static void catch_signals(trimtab_run *run)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    open_run = run;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void train_one_step(struct session *session)
{
    struct trainer *trainer = &session->trainer;
    double started = seconds_now();
    struct trainer_outcome outcome = trainer_step(trainer);
    double seconds = seconds_now() - started;
    double tokens = (double)(trainer->settings.batch_size * trainer->model->config.context);
    trimtab_log(session->run, session->train_loss, outcome.loss);
    trimtab_log(session->run, session->grad_norm, outcome.gradient_norm);
    trimtab_log(session->run, session->tokens_per_second, tokens / seconds);
    progress_step(&session->progress, outcome.loss, seconds, trainer->step + 1);
}

static void train(struct session *session, int64_t eval_every)
{
    struct trainer *trainer = &session->trainer;
    while (trimtab_control_point(session->run, &trainer->step) != TRIMTAB_STOP) {
        if (trainer->step % eval_every == 0)
            evaluate(session);
        train_one_step(session);
        trainer->step++;
    }
}

static void run_training(struct session *session, const struct options *options)
{
    struct trainer *trainer = &session->trainer;
    double started = seconds_now();
    progress_init(&session->progress, options->steps);
    train(session, options->eval_every);
    double seconds = seconds_now() - started;
    double loss = evaluate(session);
    progress_end(&session->progress, trainer->step);
    printf("val/loss %.4f after %lld steps; train/loss %.4f; %.1f s\n", loss, (long long)trainer->step,
           session->progress.loss, seconds);
}

/* ---- beginning and end ---- */

/* A resumed run goes on from its newest checkpoint: the one that trimtab knows, else the newest in the folder. */
static void go_on(struct session *session, bool asked)
{
    struct shelf_item item;
    struct failure why;
    trimtab_saved saved;
    bool resumed = trimtab_resumed(session->run, &saved);
    if (!resumed && !asked)
        return;
    if ((*saved.id && shelf_restore(session->checkpoints, saved.id, &session->trainer, &item, &why) == 0) ||
        shelf_restore(session->checkpoints, "", &session->trainer, &item, &why) == 0)
        fprintf(stderr, "gpt: going on from %s at step %lld\n", item.id, (long long)session->trainer.step);
    else
        fprintf(stderr, "gpt: %s Beginning at step 0.\n", why.text);
}

static void set_checkpoint_folder(struct session *session, const char *asked)
{
    const char *folder = trimtab_folder(session->run);
    if (asked)
        snprintf(session->checkpoints, sizeof session->checkpoints, "%s", asked);
    else
        snprintf(session->checkpoints, sizeof session->checkpoints, "%s/checkpoints", folder ? folder : ".");
}

static int run_session(const struct options *options, const struct text *text)
{
    struct session session = {0};
    struct model_config config = model_size;
    trimtab_options run = {.name = "char-gpt", .total_steps = options->steps, .resume = options->resume};
    config.vocabulary = text->vocabulary;
    if (trainer_init(&session.trainer, &config, text, options->seed) == 0)
        session.run = trimtab_open(&run);
    if (!session.run) {
        fprintf(stderr, "gpt: Not enough memory.\n");
        trainer_finish(&session.trainer);
        return 1;
    }
    session.trainer.settings.lr = options->lr;
    rng_seed(&session.sampling, ~options->seed);
    set_checkpoint_folder(&session, options->checkpoint_dir);
    go_on(&session, options->resume);
    declare(&session, options->seed);
    catch_signals(session.run);
    run_training(&session, options);
    open_run = NULL;
    trimtab_close(session.run);
    trainer_finish(&session.trainer);
    return 0;
}

int main(int argc, char **argv)
{
    struct options options;
    struct failure why;
    struct text text;
    double lr = trainer_defaults().lr;
    if (options_parse(&options, argc, argv, lr, &why) != 0 ||
        (!options.help && text_load(&text, options.texts, options.text_count, (size_t)model_size.context, &why) != 0)) {
        fprintf(stderr, "gpt: %s\n", why.text);
        return 2;
    }
    if (options.help) {
        options_help(lr);
        return 0;
    }
    matrix_threads(options.threads);
    int status = run_session(&options, &text);
    text_finish(&text);
    return status;
}
