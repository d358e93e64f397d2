#include "exchange/event_file.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "event.pb-c.h"
#include "exchange/event_frame.h"

/* Version 2: a step that is less than the one before is no sign of a restart (TensorBoard would drop what it has). */
#define FILE_VERSION "brain.Event:2"

struct event_writer {
    FILE *file;
    struct buf bytes;
};

static int written(const struct event_writer *writer, const void *data, size_t size, struct err *err)
{
    if (fwrite(data, 1, size, writer->file) == size)
        return 0;
    bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    return err_errno(err, full ? ERR_FULL : ERR_SYSTEM, "the event file cannot be written");
}

static int write_event(struct event_writer *writer, const Tb__Event *event, struct err *err)
{
    struct buf *bytes = &writer->bytes;
    uint8_t head[FRAME_HEAD], tail[FRAME_TAIL];
    size_t size = tb__event__get_packed_size(event);
    buf_clear(bytes);
    if (!buf_reserve(bytes, size))
        return err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    bytes->size = tb__event__pack(event, (uint8_t *)bytes->data);
    frame_close(head, tail, bytes->data, bytes->size);
    int code = written(writer, head, sizeof head, err);
    if (code == 0)
        code = written(writer, bytes->data, bytes->size, err);
    return code ? code : written(writer, tail, sizeof tail, err);
}

int event_writer_create(struct event_writer **writer, FILE *file, double time, struct err *err)
{
    char version[] = FILE_VERSION;
    Tb__Event event = TB__EVENT__INIT;
    struct event_writer *made = calloc(1, sizeof *made);
    *writer = NULL;
    if (!made)
        return err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    made->file = file;
    buf_init(&made->bytes);
    event.wall_time = time;
    event.what_case = TB__EVENT__WHAT_FILE_VERSION;
    event.file_version = version;
    int code = write_event(made, &event, err);
    if (code < 0)
        event_writer_destroy(made);
    else
        *writer = made;
    return code;
}

/* FLT_MAX and half a step more still round to it. */
static float narrow(double value)
{
    if (fabs(value) >= 0x1.ffffffp127 && isfinite(value))
        return value > 0 ? INFINITY : -INFINITY;
    return (float)value;
}

int event_writer_scalar(struct event_writer *writer, struct text tag, int64_t step, double time, double value,
                        struct err *err)
{
    Tb__SummaryValue scalar = TB__SUMMARY_VALUE__INIT;
    Tb__SummaryValue *values[] = {&scalar};
    Tb__Summary summary = TB__SUMMARY__INIT;
    Tb__Event event = TB__EVENT__INIT;
    scalar.tag = (ProtobufCBinaryData){.len = tag.size, .data = (uint8_t *)(uintptr_t)tag.data};
    scalar.value_case = TB__SUMMARY_VALUE__VALUE_SIMPLE_VALUE;
    scalar.simple_value = narrow(value);
    summary.n_value = 1;
    summary.value = values;
    event.wall_time = time;
    event.step = step;
    event.what_case = TB__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    return write_event(writer, &event, err);
}

void event_writer_destroy(struct event_writer *writer)
{
    if (!writer)
        return;
    buf_finish(&writer->bytes);
    free(writer);
}
