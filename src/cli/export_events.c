/* export_events.c: an event file of TensorBoard. */
#include "base/clock.h"
#include "cli/export_format.h"
#include "exchange/event_file.h"

static int events_begin(struct export_out *out, struct err *err)
{
    return event_writer_create(&out->events, out->file, (double)clock_real_ns() * 1e-9, err);
}

static int events_point(struct export_out *out, const struct store_point *point, struct err *err)
{
    if (export_series(out, point->series) < 0)
        return err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    return event_writer_scalar(out->events, text_from(point->series), point->step, (double)point->time_us * 1e-6,
                               point->value, err);
}

const struct export_format export_tensorboard = {"tensorboard", true, events_begin, events_point};
