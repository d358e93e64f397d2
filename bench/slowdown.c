/* slowdown.c: the GPT of examples/gpt, with 20 scalars a step, to see what trimtab costs it.
 *
 * slowdown pairs PAIRS STEPS BURN_US
 *   In one process and one training: blocks of STEPS steps with and without trimtab. Two blocks are a pair, two pairs
 *   have the order ABBA or BAAB, drawn at random. BURN_US are wasted on purpose in each step with trimtab: does the
 *   method see what is there? Prints "PAIR on|off WALL_NS CPU_NS" a block.
 * slowdown run STEPS
 *   One run of STEPS steps (after a few that are not counted). TRIMTAB=off in the environment makes the difference.
 *   Prints "run on|off WALL_NS CPU_NS".
 *
 * The run is $TRIMTAB_RUN; where it is recorded the program says "ready" and waits for a line before it begins. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <trimtab/trimtab.h>

#include "gate.h"
#include "matrix.h"
#include "stopwatch.h"
#include "text.h"
#include "trainer.h"

#define SERIES 20
#define WARM_UP 5 /* steps */

static const struct model_config model_size = {.context = 64, .layers = 3, .heads = 4, .width = 96}; /* as in gpt.c */

struct session {
    struct text text;
    struct trainer trainer;
    trimtab_run *run;
    trimtab_series series[SERIES];
    int64_t burn_ns;
};

/* ---- one step ---- */

static void burn(int64_t ns)
{
    int64_t until = stopwatch_read(CLOCK_MONOTONIC) + ns;
    while (ns > 0 && stopwatch_read(CLOCK_MONOTONIC) < until)
        ;
}

static void step_without(struct session *session)
{
    (void)trainer_step(&session->trainer);
    session->trainer.step++;
}

static void step_with(struct session *session)
{
    struct trainer *trainer = &session->trainer;
    if (trimtab_control_point(session->run, &trainer->step) == TRIMTAB_STOP)
        return;
    struct trainer_outcome outcome = trainer_step(trainer);
    trimtab_log(session->run, session->series[0], outcome.loss);
    trimtab_log(session->run, session->series[1], outcome.gradient_norm);
    for (int s = 2; s < SERIES; s++)
        trimtab_log(session->run, session->series[s], outcome.loss * s);
    burn(session->burn_ns);
    trainer->step++;
}

static void steps(struct session *session, bool on, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        (on ? step_with : step_without)(session);
}

static struct stopwatch measure(struct session *session, bool on, int64_t count)
{
    struct stopwatch start = stopwatch_start();
    steps(session, on, count);
    return stopwatch_stop(start);
}

/* ---- the two ways ---- */

static void block(struct session *session, long long pair, bool on, int64_t count)
{
    struct stopwatch passed = measure(session, on, count);
    printf("%lld %s %lld %lld\n", pair, on ? "on" : "off", (long long)passed.wall_ns, (long long)passed.cpu_ns);
}

static void run_pairs(struct session *session, long long pairs, int64_t count)
{
    struct rng rng;
    bool on_first = false;
    rng_seed(&rng, 1);
    for (long long pair = 0; pair < pairs; pair++) {
        on_first = pair % 2 == 0 ? rng_below(&rng, 2) == 1 : !on_first;
        block(session, pair, on_first, count);
        block(session, pair, !on_first, count);
    }
}

static void run_whole(struct session *session, int64_t count)
{
    struct stopwatch passed = measure(session, true, count);
    printf("run %s %lld %lld\n", trimtab_folder(session->run) ? "on" : "off", (long long)passed.wall_ns,
           (long long)passed.cpu_ns);
}

/* ---- beginning and end ---- */

/* The settings of gpt.c: each control point looks at them. */
static void declare(struct session *session)
{
    struct trainer_settings *s = &session->trainer.settings;
    trimtab_run *run = session->run;
    trimtab_setting_double(run, "lr", &s->lr, TRAINER_LR_MIN, TRAINER_LR_MAX, "");
    trimtab_setting_double(run, "weight_decay", &s->weight_decay, 0, TRAINER_WEIGHT_DECAY_MAX, "");
    trimtab_setting_double(run, "beta1", &s->beta1, 0, TRAINER_BETA1_MAX, "");
    trimtab_setting_double(run, "dropout", &s->dropout, 0, TRAINER_DROPOUT_MAX, "");
    trimtab_setting_double(run, "grad_clip", &s->grad_clip, 0, TRAINER_GRAD_CLIP_MAX, "");
    trimtab_setting_int(run, "batch_size", &s->batch_size, 1, TRAINER_BATCH_MAX, "");
    for (int i = 0; i < SERIES; i++) {
        char name[32];
        snprintf(name, sizeof name, "slowdown/series%d", i);
        session->series[i] = trimtab_series_declare(run, name, NULL);
    }
}

static int begin(struct session *session)
{
    struct model_config config = model_size;
    trimtab_options options = {.name = "slowdown", .quiet = true};
    struct failure why;
    if (text_load(&session->text, NULL, 0, (size_t)config.context, &why) != 0) {
        fprintf(stderr, "slowdown: %s\n", why.text);
        return -1;
    }
    config.vocabulary = session->text.vocabulary;
    matrix_threads(1);
    if (trainer_init(&session->trainer, &config, &session->text, 1) != 0)
        return -1;
    session->run = trimtab_open(&options);
    declare(session);
    return trimtab_folder(session->run) ? gate_wait() : 0;
}

static int end(struct session *session)
{
    bool dropped = trimtab_dropped(session->run) > 0;
    if (dropped)
        fprintf(stderr, "slowdown: not all was recorded: %s\n", trimtab_error(session->run));
    trimtab_close(session->run);
    trainer_finish(&session->trainer);
    text_finish(&session->text);
    return dropped ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct session session = {0};
    bool pairs = argc == 5 && strcmp(argv[1], "pairs") == 0;
    if (!pairs && (argc != 3 || strcmp(argv[1], "run") != 0))
        return 2;
    if (begin(&session) < 0)
        return 1;
    steps(&session, true, WARM_UP);
    if (pairs) {
        session.burn_ns = atoll(argv[4]) * 1000;
        run_pairs(&session, atoll(argv[2]), atoll(argv[3]));
    } else {
        run_whole(&session, atoll(argv[2]));
    }
    return end(&session);
}
