/* toy.c: a trainer that is as fast as it can be and says what it did, for the end-to-end tests.
 *
 * toy [--steps N] [--start N] [--life N] [--truth FILE] [--step-us N] [--series N] [--schedule] [--max-pause S]
 *   logs "toy/value" = life * 1e9 + step at every step, and with --series N also "toy/more0"...
 *   FILE (16 bytes, mapped) holds the last step whose points were certainly published, and how many steps were run.
 *   --schedule: its own code halves lr at every step, as a schedule would.
 *   --resume: goes on with the newest run, at the step of its newest checkpoint (or --start).
 *   --string: has a setting "note" too, which is a string of at most 63 bytes.
 *   --name NAME, --project PROJECT: of the run (toy, none).
 *   --fork FILE: leaves a child (as a data loader is one) that outlives it; FILE holds its pid. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <trimtab/trimtab.h>

struct toy {
    int64_t steps, start, life, step_us, series;
    double max_pause;
    bool schedule, resume, string;
    const char *truth_path, *fork_path, *name, *project;
    double lr;
    int64_t batch;
    bool flag;
    int mode;
    double guarded;
    char note[64];
    int64_t step;
    trimtab_run *run;
};

struct truth {
    _Atomic int64_t published, steps;
};

static int set_guarded(void *user, trimtab_value *value, trimtab_result *why)
{
    struct toy *toy = user;
    if (value->number > 0.5)
        return trimtab_result_fail(why, "guarded must not exceed 0.5 here, got %g", value->number);
    toy->guarded = value->number < 0.25 ? value->number : 0.25; /* it clamps, and says so by its effective value */
    value->number = toy->guarded;
    return 0;
}

static int echo(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)user;
    trimtab_result_string(result, "text", trimtab_args_string(args, "text"));
    trimtab_result_int(result, "times", trimtab_args_int(args, "times"));
    return 0;
}

static int fail(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)user;
    (void)args;
    return trimtab_result_fail(result, "this action always fails");
}

static int restore(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)user;
    trimtab_result_next_step(result, trimtab_args_int(args, "step"));
    return 0;
}

static int checkpoint(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct toy *toy = user;
    (void)args;
    char id[64];
    snprintf(id, sizeof id, "step-%lld", (long long)toy->step);
    trimtab_checkpoint(toy->run, id, "nowhere", 123);
    trimtab_result_string(result, "id", id);
    return 0;
}

/* Waits inside the control point until the file named by `path` exists: a test holds the trainer with a request taken.
 */
static int hold(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)user;
    (void)result;
    const char *path = trimtab_args_string(args, "path");
    for (int i = 0; i < 6000 && access(path, F_OK) != 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    return 0;
}

static int lengthen(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct toy *toy = user;
    (void)result;
    return trimtab_total_steps(toy->run, trimtab_args_int(args, "steps"));
}

static struct truth *map_truth(const char *path)
{
    static struct truth none;
    if (!path)
        return &none;
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof none) < 0)
        return NULL;
    void *map = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return map == MAP_FAILED ? NULL : map;
}

static void declare(struct toy *toy)
{
    static const char *const modes[] = {"slow", "fast", "1e3", NULL};
    trimtab_setting_double(toy->run, "lr", &toy->lr, 1e-6, 1.0, "learning rate");
    trimtab_setting_int(toy->run, "batch", &toy->batch, 1, 64, "batch size");
    trimtab_setting_bool(toy->run, "flag", &toy->flag, "a switch");
    trimtab_setting_choice(toy->run, "mode", &toy->mode, modes, "how");
    trimtab_setting guarded = {
        .name = "guarded", .value = {.type = TRIMTAB_TYPE_DOUBLE}, .set = set_guarded, .user = toy};
    trimtab_setting_declare(toy->run, &guarded);
    if (toy->string)
        trimtab_setting_string(toy->run, "note", toy->note, sizeof toy->note, "what a person wants to say");
    trimtab_action(toy->run, "echo", echo, toy, TRIMTAB_STRING("text", "hello"), TRIMTAB_INT("times", 1, 1, 10));
    trimtab_action(toy->run, "fail", fail, toy);
    trimtab_action(toy->run, "restore", restore, toy, TRIMTAB_INT("step", 0, 0, 1000000000));
    trimtab_action(toy->run, "checkpoint", checkpoint, toy);
    trimtab_action(toy->run, "hold", hold, toy, TRIMTAB_STRING("path", ""));
    const trimtab_param steps[] = {TRIMTAB_INT("steps", 0, 0, 1000000000), TRIMTAB_END()};
    const trimtab_definition definition = {
        .name = "lengthen", .doc = "trains on to this step", .params = steps, .function = lengthen, .user = toy};
    trimtab_action_define(toy->run, &definition);
    trimtab_config(toy->run, "life", "1");
}

/* The child calls the library as a data loader's code might, which must do nothing, and then lives until it is killed.
 */
static void leave_child(struct toy *toy)
{
    pid_t child = toy->fork_path ? fork() : -1;
    if (child == 0) {
        int64_t step = 999999;
        trimtab_control_point(toy->run, &step);
        trimtab_log_at(toy->run, trimtab_series_declare(toy->run, "toy/value", NULL), 999999, -1);
        for (int i = 0; i < 120; i++)
            sleep(1);
        _exit(0);
    }
    FILE *file = child > 0 ? fopen(toy->fork_path, "w") : NULL;
    if (file) {
        fprintf(file, "%d\n", (int)child);
        fclose(file);
    }
}

static void train(struct toy *toy, struct truth *truth)
{
    trimtab_series value = trimtab_series_declare(toy->run, "toy/value", "steps");
    trimtab_series more[64];
    for (int64_t i = 0; i < toy->series && i < 64; i++) {
        char name[32];
        snprintf(name, sizeof name, "toy/more%lld", (long long)i);
        more[i] = trimtab_series_declare(toy->run, name, NULL);
    }
    for (toy->step = toy->start; trimtab_control_point(toy->run, &toy->step) != TRIMTAB_STOP; toy->step++) {
        /* what was logged before this control point is published now */
        atomic_store_explicit(&truth->published, toy->step - 1, memory_order_relaxed);
        trimtab_log(toy->run, value, (double)toy->life * 1e9 + (double)toy->step);
        for (int64_t i = 0; i < toy->series && i < 64; i++)
            trimtab_log(toy->run, more[i], (double)toy->step);
        if (toy->schedule)
            toy->lr = toy->lr < 1e-5 ? 0.1 : toy->lr * 0.5;
        if (toy->step_us)
            nanosleep(&(struct timespec){.tv_sec = toy->step_us / 1000000, .tv_nsec = toy->step_us % 1000000 * 1000},
                      NULL);
        atomic_fetch_add_explicit(&truth->steps, 1, memory_order_relaxed);
    }
}

int main(int argc, char **argv)
{
    struct toy toy = {.life = 1, .lr = 0.1, .batch = 8, .note = "first", .name = "toy"};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *next = i + 1 < argc ? argv[i + 1] : "0";
        bool *flag = strcmp(name, "--schedule") == 0 ? &toy.schedule
                     : strcmp(name, "--resume") == 0 ? &toy.resume
                     : strcmp(name, "--string") == 0 ? &toy.string
                                                     : NULL;
        if (flag) {
            *flag = true;
            continue;
        }
        i++;
        if (strcmp(name, "--steps") == 0)
            toy.steps = atoll(next);
        else if (strcmp(name, "--start") == 0)
            toy.start = atoll(next);
        else if (strcmp(name, "--life") == 0)
            toy.life = atoll(next);
        else if (strcmp(name, "--step-us") == 0)
            toy.step_us = atoll(next);
        else if (strcmp(name, "--series") == 0)
            toy.series = atoll(next);
        else if (strcmp(name, "--max-pause") == 0)
            toy.max_pause = atof(next);
        else if (strcmp(name, "--fork") == 0)
            toy.fork_path = next;
        else if (strcmp(name, "--name") == 0)
            toy.name = next;
        else if (strcmp(name, "--project") == 0)
            toy.project = next;
        else if (strcmp(name, "--truth") == 0)
            toy.truth_path = next;
        else
            return 2;
    }
    struct truth *truth = map_truth(toy.truth_path);
    if (!truth)
        return 1;
    atomic_store(&truth->published, -1);
    trimtab_options options = {
        .name = toy.name,
        .project = toy.project,
        .total_steps = toy.steps,
        .max_pause = toy.max_pause,
        .resume = toy.resume,
    };
    toy.run = trimtab_open(&options);
    if (*trimtab_error(toy.run)) {
        trimtab_close(toy.run);
        return 3;
    }
    trimtab_saved saved;
    if (trimtab_resumed(toy.run, &saved) && *saved.id)
        toy.start = saved.step;
    declare(&toy);
    leave_child(&toy);
    train(&toy, truth);
    trimtab_close(toy.run);
    return 0;
}
