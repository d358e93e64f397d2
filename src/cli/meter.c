#include "cli/meter.h"

#include <unistd.h>

#include "base/clock.h"
#include "cli/print.h"
#include "cli/row.h"

#define FIRST_NS INT64_C(500000000)
#define EACH_NS INT64_C(200000000)
#define ETA_FROM 0.02 /* before that it would be a guess */

struct meter meter_on(int fd, bool wanted)
{
    int64_t now_ns = clock_monotonic_ns();
    struct meter meter = {.terminal = terminal_of(fd), .fd = fd, .begun_ns = now_ns, .next_ns = now_ns + FIRST_NS};
    if (!wanted || !meter.terminal.erases)
        meter.next_ns = INT64_MAX;
    return meter;
}

static void draw(struct meter *meter, const char *what, double share, double seconds)
{
    struct buf out = {0}, eta = {0};
    buf_text(&out, TERMINAL_ERASE_LINE);
    struct row row = row_begin(&out, &meter->terminal);
    row.limit = row.limit > 24 ? row.limit - 24 : 0;
    row_text(&row, what);
    row.limit += row.limit ? 23 : 0;
    row_printf(&row, "  %.0f %%", 100 * share);
    if (share > ETA_FROM) {
        print_duration(&eta, seconds * (1 - share) / share);
        row_printf(&row, "  ETA %s", buf_string(&eta));
    }
    if (!out.failed)
        terminal_show(meter->fd, out.data, out.size);
    meter->drawn = true;
    buf_finish(&out);
    buf_finish(&eta);
}

void meter_show(struct meter *meter, const char *what, double done, double total)
{
    if (meter->next_ns == INT64_MAX)
        return;
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns < meter->next_ns)
        return;
    meter->next_ns = now_ns + EACH_NS;
    double share = total > 0 ? done / total : 0;
    draw(meter, what, share > 1 ? 1 : share, (double)(now_ns - meter->begun_ns) * 1e-9);
}

void meter_clear(struct meter *meter)
{
    if (meter->drawn)
        terminal_show(meter->fd, TERMINAL_ERASE_LINE, sizeof TERMINAL_ERASE_LINE - 1);
    meter->drawn = false;
}
