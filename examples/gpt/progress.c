#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1
#define SMOOTHING 0.05 /* weight of the newest step in the moving mean */

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_init(struct progress *progress, int64_t total, int64_t every)
{
    *progress = (struct progress){.live = isatty(STDOUT_FILENO), .total = total, .every = every, .validation = NAN};
}

static void print_line(const struct progress *p, int64_t step)
{
    char line[120];
    double left = p->step_seconds * (double)(p->total - step - 1);
    snprintf(line, sizeof line, "step %lld/%lld  loss %.4f  val %.4f  %.1f steps/s  %lld:%02lld left",
             (long long)step + 1, (long long)p->total, p->loss, p->validation, 1 / p->step_seconds,
             (long long)(left / 60), (long long)left % 60);
    if (p->live)
        printf("\r%-79s", line);
    else
        printf("%s\n", line);
    fflush(stdout);
}

void progress_step(struct progress *progress, int64_t step, double loss, double seconds)
{
    progress->loss = loss;
    double old = progress->step_seconds;
    progress->step_seconds = old > 0 ? old + SMOOTHING * (seconds - old) : seconds;
    if (!progress->live) {
        if ((step + 1) % progress->every == 0)
            print_line(progress, step);
        return;
    }
    double now = seconds_now();
    if (now - progress->shown < REDRAW_SECONDS)
        return;
    progress->shown = now;
    print_line(progress, step);
}

void progress_end(struct progress *progress)
{
    if (progress->live && progress->shown > 0)
        printf("\n");
}
