#include "cli/progress.h"

#include <unistd.h>

#include "base/clock.h"
#include "cli/print.h"

/* A command that prints, or draws a bar of its own, is not drawn over. */
#define SILENCE_NS INT64_C(1000000000)

struct progress progress_on(int fd)
{
    return (struct progress){.terminal = terminal_of(fd), .fd = fd, .silent_since_ns = clock_monotonic_ns()};
}

static void print_step(struct buf *out, const struct serve_progress *now)
{
    print_text(out, now->state);
    if (now->step >= 0)
        buf_printf(out, "  step %lld", (long long)now->step);
    if (now->step >= 0 && now->total > 0)
        buf_printf(out, "/%lld", (long long)now->total);
}

static void print_rate(struct buf *out, const struct serve_progress *now)
{
    if (now->steps_per_second > 0)
        buf_printf(out, "  %.3g steps/s", now->steps_per_second);
}

static void print_eta(struct buf *out, const struct serve_progress *now)
{
    if (now->eta < 0)
        return;
    buf_text(out, "  ETA ");
    print_duration(out, now->eta);
}

static void print_series(struct buf *out, const struct serve_progress *now)
{
    if (!now->series)
        return;
    buf_text(out, "  ");
    print_text(out, now->series);
    buf_char(out, ' ');
    print_metric(out, now->value);
}

/* What fits: a line that wraps could not be erased. */
static void print_now(struct buf *out, const struct serve_progress *now, size_t width)
{
    static void (*const parts[])(struct buf * out, const struct serve_progress *now) = {print_step, print_series,
                                                                                        print_eta, print_rate};
    size_t begin = out->size;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t before = out->size;
        parts[i](out, now);
        if (out->size - begin >= width)
            out->size = before;
    }
}

void progress_draw(void *context, const struct serve_progress *now)
{
    struct progress *progress = context;
    struct buf out = {0};
    if (!progress->terminal.erases || clock_monotonic_ns() - progress->silent_since_ns < SILENCE_NS)
        return;
    buf_text(&out, TERMINAL_ERASE_LINE);
    print_now(&out, now, (size_t)progress->terminal.width);
    if (!out.failed)
        progress->drawn |= terminal_show(progress->fd, out.data, out.size);
    buf_finish(&out);
}

void progress_clear(void *context)
{
    struct progress *progress = context;
    if (progress->drawn)
        terminal_show(progress->fd, TERMINAL_ERASE_LINE, sizeof TERMINAL_ERASE_LINE - 1);
    progress->drawn = false;
    progress->silent_since_ns = clock_monotonic_ns();
}
