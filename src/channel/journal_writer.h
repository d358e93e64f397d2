/* journal_writer.h: the trainer's side of the journal.
 *
 * Order of things: records are written into the mapped segment, then `written` is stored with release. To rotate, the
 * next segment is published (header, declarations, rename), then the old one's `written` and, after it, `sealed`.
 * Scalars may fill a segment up to its last 64 KiB, everything else to its end. Where no next segment can be made
 * (disk, 1 GiB of journal waiting, 5 % of the file system to be left free), scalars are dropped and counted; the first
 * record after room returned is a gap. One thread. */
#ifndef CHANNEL_JOURNAL_WRITER_H
#define CHANNEL_JOURNAL_WRITER_H

#include "channel/record.h"
#include "channel/segment.h"

#define JOURNAL_BYTES_MAX (UINT64_C(1) << 30)
#define JOURNAL_FREE_PERCENT 5u

/* Adds the declarations in force (RUN first, then STATE, SERIES, SETTING, ACTION, CONFIG), each with RECORD_RESTATED,
 * as encoded bytes. Called whenever a segment begins; at most half a segment. */
typedef int journal_restate_fn(void *context, struct buf *out);

struct journal_limits {
    uint64_t bytes_max;    /* JOURNAL_BYTES_MAX */
    unsigned free_percent; /* JOURNAL_FREE_PERCENT */
};

struct journal_writer {
    uint8_t *base;      /* the mapped segment; NULL: none */
    uint32_t at;        /* where the next record goes */
    uint32_t limit;     /* scalars stop here: SEGMENT_SIZE - SEGMENT_RESERVE, or 0 when the writer must look closer */
    uint32_t published; /* what `written` says */
    int folder_fd;      /* RUN/journal/0, not owned */
    struct incarnation incarnation;
    uint8_t boot_id[16];
    uint64_t ordinal, sequence;
    uint64_t held_bytes; /* all segments when last counted, and those made since: never less than there are */
    struct journal_limits limits;
    journal_restate_fn *restate;
    void *context;
    int64_t step, step_time_ns;               /* of the newest step record */
    bool step_open;                           /* a step record for `step` stands in this segment */
    int64_t retry_ns;                         /* monotonic: when to try again to rotate, after a failure */
    uint64_t dropped_scalars, dropped_others; /* since the last gap told */
    uint64_t dropped_total;
    int64_t dropped_from_step, dropped_to_step;
    struct buf restated, scratch;
    struct err err; /* of the last failure to rotate */
};

/* Makes segment 0 (so the caller has all first declarations ready to restate). `boot_id` and limits are read by itself.
 * 0, ERR_FULL, ERR_SYSTEM, ERR_NOMEM. */
int journal_writer_init(struct journal_writer *writer, int folder_fd, const struct incarnation *incarnation,
                        uint64_t ordinal, journal_restate_fn *restate, void *context, struct err *err);
/* Publishes, seals, unmaps. Twice is safe. */
void journal_writer_finish(struct journal_writer *writer);
/* Unmaps without touching the file: for a forked child. */
void journal_writer_abandon(struct journal_writer *writer);

/* The slow way of the function below: rotates, or drops and counts. */
void journal_scalar_slow(struct journal_writer *writer, uint32_t series, double value);
/* Begins the step record of `writer->step` with the clock's time. */
void journal_open_step(struct journal_writer *writer);

/* The step that is about to run; its record is written with its first scalar. */
static inline void journal_step(struct journal_writer *writer, int64_t step)
{
    writer->step = step;
    writer->step_open = false;
}

/* A scalar of the present step; not yet published. */
static inline void journal_scalar(struct journal_writer *writer, uint32_t series, double value)
{
    if (__builtin_expect(!writer->step_open || writer->at + RECORD_UNIT > writer->limit, 0)) {
        journal_scalar_slow(writer, series, value);
        return;
    }
    uint64_t bits;
    memcpy(&bits, &value, 8);
    record_put_words(writer->base + writer->at, record_series_word(RECORD_SCALAR, series), bits);
    writer->at += RECORD_UNIT;
}

/* A stand-alone scalar with its own step and time (the clock is read), published at once. */
void journal_scalar_at(struct journal_writer *writer, uint32_t series, int64_t step, double value);

static inline void journal_publish(struct journal_writer *writer)
{
    if (writer->at == writer->published)
        return;
    struct segment_header *header = (struct segment_header *)(void *)writer->base;
    atomic_store_explicit(&header->written, writer->at, memory_order_release);
    writer->published = writer->at;
}

/* Any other record, published at once (with all before it). 0, or ERR_FULL: dropped and counted.
 * Fills in nothing: the caller sets step and time_ns. */
int journal_put(struct journal_writer *writer, const struct record *record);

#define JOURNAL_ROOM_MAX (768u * 1024)
/* True when `bytes` (at most JOURNAL_ROOM_MAX, else false) of records that are not scalars would find room now (tries
 * to rotate where the segment is low). The control point takes no request otherwise: nothing is applied that cannot be
 * told. */
bool journal_has_room(struct journal_writer *writer, uint32_t bytes);

#endif
