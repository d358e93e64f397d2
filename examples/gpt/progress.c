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

void progress_init(struct progress *progress, int64_t total)
{
    *progress = (struct progress){.live = isatty(STDOUT_FILENO), .total = total, .loss = NAN, .validation = NAN};
}

static void print_line(const struct progress *p, int64_t done)
{
    char line[120];
    double left = p->step_seconds * (double)(p->total - done);
    snprintf(line, sizeof line, "step %lld/%lld  loss %.4f  val %.4f  %.1f steps/s  %lld:%02lld left", (long long)done,
             (long long)p->total, p->loss, p->validation, 1 / p->step_seconds, (long long)left / 60,
             (long long)left % 60);
    if (p->live)
        printf("\r%-79s", line);
    else
        printf("%s\n", line);
    fflush(stdout);
}

void progress_step(struct progress *progress, double loss, double seconds, int64_t done)
{
    double old = progress->step_seconds, now = seconds_now();
    progress->loss = loss;
    progress->step_seconds = old > 0 ? old + SMOOTHING * (seconds - old) : seconds;
    if (!progress->live || now - progress->shown < REDRAW_SECONDS)
        return;
    progress->shown = now;
    print_line(progress, done);
}

void progress_validation(struct progress *progress, double loss, int64_t done)
{
    progress->validation = loss;
    if (!progress->live && progress->step_seconds > 0) /* not before the first step */
        print_line(progress, done);
}

void progress_end(struct progress *progress, int64_t done)
{
    if (!progress->live || !(progress->shown > 0))
        return;
    print_line(progress, done);
    printf("\n");
}
