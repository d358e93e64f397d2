#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer.h"

#define STEPS 5000
#define EVAL_EVERY 100
#define STEPS_MAX 1000000000000LL
#define THREADS_MAX 256

void options_help(double lr)
{
    printf("Trains a small GPT on the characters of a text; trimtab watches and steers it.\n"
           "\n"
           "  gpt [--steps N] [--seed S] [--text PATH...] [--threads N] [--lr X]\n"
           "      [--eval-every N] [--checkpoint-dir DIR] [--resume]\n"
           "\n"
           "  --steps N             how many steps to train (%d)\n"
           "  --seed S              where the random numbers start (1); the same seed gives the same losses\n"
           "  --text PATH...        files or folders to learn from (the system's licence texts,\n"
           "                        else the *.c, *.h and *.md files below this folder)\n"
           "  --threads N           threads of a matrix product (1)\n"
           "  --lr X                learning rate (%g)\n"
           "  --eval-every N        steps from one validation to the next (%d)\n"
           "  --checkpoint-dir DIR  where checkpoints are kept (checkpoints, in the run's folder)\n"
           "  --resume              go on with the newest run that has ended, from its newest checkpoint\n"
           "  --help                this text\n",
           STEPS, lr, EVAL_EVERY);
}

/* One option's name and value, taken from argv as "--name value" or "--name=value". */
struct argument {
    const char *name;
    const char *value; /* NULL: none is left */
};

static int whole(const struct argument *a, int64_t min, int64_t max, int64_t *out, struct failure *why)
{
    char *end;
    errno = 0;
    long long value = a->value ? strtoll(a->value, &end, 10) : 0;
    if (!a->value || end == a->value || *end || errno || value < min || value > max)
        return failure_set(why, "%s needs a whole number from %lld to %lld; \"%.100s\" is none.", a->name,
                           (long long)min, (long long)max, a->value ? a->value : "");
    *out = value;
    return 0;
}

static int threads(const struct argument *a, struct options *options, struct failure *why)
{
    int64_t value;
    if (whole(a, 1, THREADS_MAX, &value, why) != 0)
        return -1;
    options->threads = (int)value;
    return 0;
}

static int seed(const struct argument *a, struct options *options, struct failure *why)
{
    int64_t value;
    if (whole(a, 0, INT64_MAX, &value, why) != 0)
        return -1;
    options->seed = (uint64_t)value;
    return 0;
}

static int rate(const struct argument *a, struct options *options, struct failure *why)
{
    char *end;
    double value = a->value ? strtod(a->value, &end) : 0;
    if (!a->value || end == a->value || *end || !(value >= TRAINER_LR_MIN) || !(value <= TRAINER_LR_MAX))
        return failure_set(why, "--lr needs a number from %g to %g; \"%.100s\" is none.", TRAINER_LR_MIN,
                           TRAINER_LR_MAX, a->value ? a->value : "");
    options->lr = value;
    return 0;
}

static int folder(const struct argument *a, struct options *options, struct failure *why)
{
    if (!a->value || !a->value[0])
        return failure_set(why, "--checkpoint-dir needs the name of a folder.");
    options->checkpoint_dir = a->value;
    return 0;
}

static int take(const struct argument *a, struct options *options, struct failure *why)
{
    if (strcmp(a->name, "--steps") == 0)
        return whole(a, 1, STEPS_MAX, &options->steps, why);
    if (strcmp(a->name, "--eval-every") == 0)
        return whole(a, 1, STEPS_MAX, &options->eval_every, why);
    if (strcmp(a->name, "--seed") == 0)
        return seed(a, options, why);
    if (strcmp(a->name, "--threads") == 0)
        return threads(a, options, why);
    if (strcmp(a->name, "--lr") == 0)
        return rate(a, options, why);
    if (strcmp(a->name, "--checkpoint-dir") == 0)
        return folder(a, options, why);
    return failure_set(why, "\"%.100s\" is no option; gpt --help lists them.", a->name);
}

/* All arguments up to the next option. */
static int take_texts(struct options *options, int argc, char *const *argv, int *at, struct failure *why)
{
    if (options->text_count > 0)
        return failure_set(why, "--text is given twice; name all files and folders after one --text.");
    options->texts = argv + *at + 1;
    while (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) {
        options->text_count++;
        ++*at;
    }
    if (options->text_count == 0)
        return failure_set(why, "--text needs at least one file or folder.");
    return 0;
}

static int take_one(struct options *options, int argc, char *const *argv, int *at, struct failure *why)
{
    char name[32];
    const char *equals = strchr(argv[*at], '=');
    if (strcmp(argv[*at], "--text") == 0)
        return take_texts(options, argc, argv, at, why);
    if (!equals || equals - argv[*at] >= (ptrdiff_t)sizeof name) {
        struct argument argument = {argv[*at], *at + 1 < argc ? argv[*at + 1] : NULL};
        ++*at;
        return take(&argument, options, why);
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - argv[*at]), argv[*at]);
    return take(&(struct argument){name, equals + 1}, options, why);
}

int options_parse(struct options *options, int argc, char *const *argv, double lr, struct failure *why)
{
    *options = (struct options){.steps = STEPS, .seed = 1, .threads = 1, .lr = lr, .eval_every = EVAL_EVERY};
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--help") == 0) {
            options->help = true;
            return 0;
        }
        if (strcmp(argv[at], "--resume") == 0)
            options->resume = true;
        else if (take_one(options, argc, argv, &at, why) != 0)
            return -1;
    }
    return 0;
}
