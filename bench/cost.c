/* cost.c: what each call of libtrimtab costs the trainer: one sample of each figure.
 *
 * cost --compiler       tells what it was built with
 * cost [--calls N] [--segments N] [--served] [--off] [--cold]
 *   --calls N     of those that write nothing
 *   --segments N  of journal that each of the others fills (2 MiB each): making them is part of what is measured
 *   --served      begins once told that a server reads along
 *   --off         TRIMTAB=off is set: nothing is recorded, and that is as it should be
 *   --cold        on memory as it comes (memory.h)
 * The run is $TRIMTAB_RUN. Prints "NAME CPU_NS WALL_NS" a figure, both for one call. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <trimtab/trimtab.h>

#include "empty.h"
#include "gate.h"
#include "memory.h"
#include "stopwatch.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

#define SEGMENT_BYTES (2 << 20)
#define RECORD_BYTES 16
#define SERIES 20
#define SETTINGS 16

struct cost {
    int64_t calls, segments;
    bool served, off, cold;
    trimtab_run *run;
    trimtab_series series[SERIES];
    double setting[SETTINGS];
    int settings; /* bound so far */
    int64_t step;
};

/* ---- what is measured: each does it `count` times ---- */

static void empty_calls(struct cost *cost, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (empty_call(cost->run, &cost->step) == 0)
            cost->step++;
}

static void clock_reads(struct cost *cost, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        cost->step += stopwatch_read(CLOCK_REALTIME) > 0;
}

static void control_points(struct cost *cost, int64_t count)
{
    for (int64_t i = 0; i < count && trimtab_control_point(cost->run, &cost->step) != TRIMTAB_STOP; i++)
        cost->step++;
}

/* Steps of a loop that does nothing but to log: control point, step record and its clock read are part of it. */
static void steps_of(struct cost *cost, int64_t count, int series)
{
    for (int64_t i = 0; i < count && trimtab_control_point(cost->run, &cost->step) != TRIMTAB_STOP; i++) {
        for (int s = 0; s < series; s++)
            trimtab_log(cost->run, cost->series[s], (double)i);
        cost->step++;
    }
}

static void steps_of_20(struct cost *cost, int64_t count)
{
    steps_of(cost, count, SERIES);
}

static void steps_of_1(struct cost *cost, int64_t count)
{
    steps_of(cost, count, 1);
}

static void stand_alone(struct cost *cost, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        trimtab_log_at(cost->run, cost->series[0], i, (double)i);
}

/* ---- a sample ---- */

static void measure(struct cost *cost, const char *name, void (*what)(struct cost *, int64_t), int64_t count, int each)
{
    what(cost, count / 16); /* so that nothing is done for the first time */
    struct stopwatch start = stopwatch_start();
    what(cost, count);
    struct stopwatch passed = stopwatch_stop(start);
    double calls = (double)count * each;
    printf("%s %.3f %.3f\n", name, (double)passed.cpu_ns / calls, (double)passed.wall_ns / calls);
}

static void bind_settings(struct cost *cost, int settings)
{
    for (; cost->settings < settings; cost->settings++) {
        char name[32];
        snprintf(name, sizeof name, "setting%d", cost->settings);
        trimtab_setting_double(cost->run, name, &cost->setting[cost->settings], 0, 1, "");
    }
}

static void measure_control_points(struct cost *cost, int settings)
{
    char name[32];
    bind_settings(cost, settings);
    snprintf(name, sizeof name, "control_point_%d", settings);
    measure(cost, name, control_points, cost->calls, 1);
}

/* All that the journal will need. The first time tells what new memory costs here, the second that it is new no more.
 */
static void prepare_memory(const struct cost *cost)
{
    const char *folder = trimtab_folder(cost->run);
    size_t mebibytes = (size_t)cost->segments * 2 * 4;
    if (cost->cold || !folder)
        return;
    printf("page_first %.3f 0\n", memory_recycle(folder, mebibytes));
    printf("page_again %.3f 0\n", memory_recycle(folder, mebibytes));
}

static void measure_all(struct cost *cost)
{
    int64_t records = cost->segments * (SEGMENT_BYTES / RECORD_BYTES);
    measure(cost, "empty_call", empty_calls, cost->calls, 1);
    measure(cost, "clock_read", clock_reads, cost->calls / 8, 1);
    measure_control_points(cost, 0);
    prepare_memory(cost);
    measure(cost, "log_20", steps_of_20, records / (SERIES + 1), SERIES);
    measure(cost, "log_1", steps_of_1, records / 2, 1);
    measure(cost, "log_at", stand_alone, records / 2, 1);
    measure_control_points(cost, 1);
    measure_control_points(cost, 4);
    measure_control_points(cost, SETTINGS);
}

/* ---- the run ---- */

static void declare(struct cost *cost)
{
    for (int s = 0; s < SERIES; s++) {
        char name[32];
        snprintf(name, sizeof name, "cost/series%d", s);
        cost->series[s] = trimtab_series_declare(cost->run, name, NULL);
    }
}

/* A scalar that was dropped costs less than one that was recorded. */
static bool all_recorded(const struct cost *cost)
{
    if (cost->off)
        return true;
    if (trimtab_dropped(cost->run) == 0 && !*trimtab_error(cost->run))
        return true;
    fprintf(stderr, "cost: not all was recorded: %s\n", trimtab_error(cost->run));
    return false;
}

static int take(struct cost *cost, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--served") == 0)
            cost->served = true;
        else if (strcmp(argv[i], "--off") == 0)
            cost->off = true;
        else if (strcmp(argv[i], "--cold") == 0)
            cost->cold = true;
        else if (strcmp(argv[i], "--calls") == 0 && i + 1 < argc)
            cost->calls = atoll(argv[++i]);
        else if (strcmp(argv[i], "--segments") == 0 && i + 1 < argc)
            cost->segments = atoll(argv[++i]);
        else
            return -1;
    }
    return cost->calls > 0 && cost->segments > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct cost cost = {.calls = 20000000, .segments = 16};
    trimtab_options options = {.name = "cost", .quiet = true};
    if (argc == 2 && strcmp(argv[1], "--compiler") == 0)
        return puts(COMPILER) < 0;
    if (take(&cost, argc, argv) < 0)
        return 2;
    cost.run = trimtab_open(&options);
    declare(&cost);
    if (!all_recorded(&cost) || (cost.served && gate_wait() < 0))
        return 1;
    measure_all(&cost);
    if (!all_recorded(&cost))
        return 1;
    trimtab_close(cost.run);
    return 0;
}
