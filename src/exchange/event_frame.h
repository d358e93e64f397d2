/* event_frame.h: the framing of event files: records one after the other, each with two checksums. */
#ifndef EXCHANGE_EVENT_FRAME_H
#define EXCHANGE_EVENT_FRAME_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

#define FRAME_HEAD 12u /* length, and its checksum */
#define FRAME_TAIL 4u  /* the checksum of the data */

/* A CRC-32C as the format stores it: turned, and with a constant added (TFRecord, "masked"). */
uint32_t frame_checksum(const void *data, size_t size);

/* The head and the tail of a record of this data. */
void frame_close(uint8_t head[FRAME_HEAD], uint8_t tail[FRAME_TAIL], const void *data, size_t size);

struct frame_reader {
    FILE *file; /* borrowed */
    uint8_t head[FRAME_HEAD];
    struct buf data; /* of the record read last */
    bool begun;      /* a head was read */
    uint64_t damaged;
    bool cut; /* the file ends within a record */
};

void frame_reader_init(struct frame_reader *reader, FILE *file);
void frame_reader_finish(struct frame_reader *reader);
/* The next sound record into reader->data; those that are not are counted and passed over: where a length is not to be
 * trusted, byte by byte up to the next one that is. 1; 0: the end; ERR_FORMAT: there is none near the file's
 * beginning;
 * ERR_SYSTEM, ERR_NOMEM. */
int frame_next(struct frame_reader *reader, struct err *err);

#endif
