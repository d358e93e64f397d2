/* feed.c: a trainer that logs at a steady pace.
 *
 * feed SERIES STEPS_A_SECOND STEPS
 *   Says "ready", waits for a line, logs SERIES scalars in each of STEPS steps (0: until it is stopped), then says
 * "SCALARS DROPPED NS": those that it logged, that the journal had no room for, and how long it took. The run is
 * $TRIMTAB_RUN. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <trimtab/trimtab.h>

#include "gate.h"
#include "stopwatch.h"

enum { SERIES_MOST = 64, NAP_NS = 500000 };

static void wait_for_step(int64_t step, double a_second, int64_t begin_ns)
{
    double due_ns = (double)begin_ns + (double)step * 1e9 / a_second;
    while ((double)stopwatch_read(CLOCK_MONOTONIC) < due_ns)
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
}

int main(int argc, char **argv)
{
    trimtab_options options = {.name = "feed", .quiet = true};
    trimtab_series series[SERIES_MOST];
    double lr = 0.5;
    int count = argc == 4 ? atoi(argv[1]) : 0;
    if (count < 1 || count > SERIES_MOST || atof(argv[2]) <= 0)
        return 2;
    options.total_steps = atoll(argv[3]);
    trimtab_run *run = trimtab_open(&options);
    trimtab_setting_double(run, "lr", &lr, 0, 1, "learning rate");
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "feed/%d", i);
        series[i] = trimtab_series_declare(run, name, NULL);
    }
    gate_wait();
    int64_t step = 0, begin_ns = stopwatch_read(CLOCK_MONOTONIC);
    for (; trimtab_control_point(run, &step) != TRIMTAB_STOP; step++) {
        wait_for_step(step, atof(argv[2]), begin_ns);
        for (int i = 0; i < count; i++)
            trimtab_log(run, series[i], (double)(step % 1000));
    }
    int64_t took_ns = stopwatch_read(CLOCK_MONOTONIC) - begin_ns;
    printf("%lld %llu %lld\n", (long long)step * count, (unsigned long long)trimtab_dropped(run), (long long)took_ns);
    trimtab_close(run);
    return 0;
}
