/* event_read.c: event_file.h, reading. */
#include <math.h>
#include <string.h>

#include "event.pb-c.h"
#include "exchange/arena.h"
#include "exchange/event_file.h"
#include "exchange/event_frame.h"
#include "exchange/tensor.h"

#define CONTENT_MOST ((size_t)3 * EVENT_RECORD_MAX) /* memory for the content of one record */
#define TIME_US_MOST 9200000000000000.0             /* as nanoseconds it fits into 64 bits */

struct scan {
    struct frame_reader frames;
    struct arena arena;
    ProtobufCAllocator allocator;
};

static void *take(void *context, size_t size)
{
    return arena_take(context, size);
}

static void give_back(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

static void scan_init(struct scan *scan, FILE *file)
{
    frame_reader_init(&scan->frames, file);
    arena_init(&scan->arena, CONTENT_MOST);
    scan->allocator = (ProtobufCAllocator){.alloc = take, .free = give_back, .allocator_data = &scan->arena};
}

static void scan_finish(struct scan *scan)
{
    frame_reader_finish(&scan->frames);
    arena_finish(&scan->arena);
}

/* The next event, which lives until the one after it. 1; 0: the end; negative. */
static int scan_next(struct scan *scan, const Tb__Event **event, struct err *err)
{
    int code;
    while ((code = frame_next(&scan->frames, err)) > 0) {
        const struct buf *data = &scan->frames.data;
        arena_clear(&scan->arena);
        *event = tb__event__unpack(&scan->allocator, data->size, (const uint8_t *)(data->data ? data->data : ""));
        if (*event)
            return 1;
        if (scan->arena.failed)
            return err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
        scan->frames.damaged++;
    }
    return code;
}

/* ---- values ---- */

static int64_t time_us_of(double seconds)
{
    double us = seconds * 1e6;
    if (isnan(us))
        return 0;
    return llrint(fmin(fmax(us, -TIME_US_MOST), TIME_US_MOST));
}

static struct text text_of_bytes(const ProtobufCBinaryData *bytes)
{
    return text_of(bytes->data ? (const char *)bytes->data : "", bytes->len);
}

/* Other plugins keep their own things in tensors that happen to hold one number. */
static bool is_for_scalars(const Tb__SummaryMetadata *metadata)
{
    if (!metadata || !metadata->plugin_data || metadata->plugin_data->plugin_name.len == 0)
        return true;
    return text_is(text_of_bytes(&metadata->plugin_data->plugin_name), "scalars");
}

static bool scalar_of(const Tb__SummaryValue *value, struct event_scalar *scalar)
{
    scalar->tag = text_of_bytes(&value->tag);
    if (value->value_case == TB__SUMMARY_VALUE__VALUE_SIMPLE_VALUE) {
        scalar->value = (double)value->simple_value;
        return true;
    }
    if (scalar->tag.size == 0)
        scalar->tag = text_of_bytes(&value->node_name);
    return value->value_case == TB__SUMMARY_VALUE__VALUE_TENSOR && is_for_scalars(value->metadata) &&
           tensor_number(value->tensor, &scalar->value);
}

static int take_event(const Tb__Event *event, struct event_reading *reading)
{
    struct event_scalar scalar = {.step = event->step, .time_us = time_us_of(event->wall_time)};
    int code = 0;
    if (event->what_case != TB__EVENT__WHAT_SUMMARY)
        return 0;
    for (size_t i = 0; i < event->summary->n_value && !code; i++) {
        if (!scalar_of(event->summary->value[i], &scalar)) {
            reading->others++;
            continue;
        }
        reading->scalars++;
        code = reading->each(reading->context, &scalar);
    }
    return code;
}

int event_file_read(FILE *file, struct event_reading *reading, struct err *err)
{
    struct scan scan;
    const Tb__Event *event;
    int code = 0, stopped = 0;
    scan_init(&scan, file);
    while (!stopped && (code = scan_next(&scan, &event, err)) > 0)
        stopped = take_event(event, reading);
    reading->damaged += scan.frames.damaged;
    reading->cut = reading->cut || scan.frames.cut;
    scan_finish(&scan);
    return stopped ? stopped : code;
}

int event_file_begins(FILE *file, int64_t *time_us, struct err *err)
{
    struct scan scan;
    const Tb__Event *event;
    scan_init(&scan, file);
    int code = scan_next(&scan, &event, err);
    if (code > 0)
        *time_us = time_us_of(event->wall_time);
    scan_finish(&scan);
    return code;
}
