/* event_file.h: TensorBoard's event files: TFRecord framing (u64 length, masked CRC-32C of it, data, masked CRC-32C of
 * that; little endian) around protocol buffers of the type Event (tensorflow/core/util/event.proto, whose field numbers
 * event.proto in this folder repeats for what is needed of it). Nothing here knows a run. */
#ifndef EXCHANGE_EVENT_FILE_H
#define EXCHANGE_EVENT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/value.h"

#define EVENT_RECORD_MAX (UINT64_C(64) << 20) /* bytes: one that claims more is passed over */

/* ---- writing ---- */

struct event_writer;

/* Begins a file: its version record. `file` is borrowed: written to, neither closed nor flushed here. ERR_NOMEM,
 * ERR_SYSTEM, ERR_FULL. */
int event_writer_create(struct event_writer **writer, FILE *file, double time, struct err *err);
/* A scalar as simple_value, which is a float32: TensorBoard shows no more; what no float32 can hold becomes infinite.
 * time: seconds since the epoch. */
int event_writer_scalar(struct event_writer *writer, struct text tag, int64_t step, double time, double value,
                        struct err *err);
void event_writer_destroy(struct event_writer *writer); /* NULL is fine */

/* ---- reading ---- */

struct event_scalar {
    struct text tag;       /* any bytes, as many; lives during the call */
    int64_t step, time_us; /* time: within +-9.2e15, 0 where it is no number */
    double value;
};

struct event_reading {
    int (*each)(void *context, const struct event_scalar *scalar);
    void *context;
    /* out; added to what is there */
    uint64_t scalars, others; /* others: values of another kind (images, histograms, text, ...), passed over */
    uint64_t damaged;         /* records whose checksums or content are wrong, or that are too long, passed over;
                                 a stretch in which no record can be told counts as one */
    bool cut;                 /* the last record is incomplete: the file is still written, or its writer was killed */
};

/* Reads a file to its end: simple_value, and tensors of one number (float, double, half, bfloat16, int32, int64). Any
 * bytes may be in it. Stops when `each` returns non-zero and returns that. ERR_FORMAT: it does not begin as an event
 * file; ERR_SYSTEM, ERR_NOMEM. */
int event_file_read(FILE *file, struct event_reading *reading, struct err *err);

/* The time of its first sound record, which tells the order of the files of one run; the file is then somewhere behind
 * it. 1; 0: it holds no sound record; else as above. */
int event_file_begins(FILE *file, int64_t *time_us, struct err *err);

#endif
