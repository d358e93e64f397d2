/* segment_reader.h: one segment, read while its trainer may still write it. The header page is mapped read-only for the
 * acquire load of `written`; records are copied out (pread) and then checked, so bytes that change meanwhile do no
 * harm. */
#ifndef CHANNEL_SEGMENT_READER_H
#define CHANNEL_SEGMENT_READER_H

#include "channel/journal_folder.h"
#include "channel/record.h"

struct segment_reader {
    int fd; /* -1: no segment is open */
    const struct segment_header *header;
    uint64_t next; /* the byte to read next; the caller moves it */
    uint64_t end;  /* published, as far as known */
    bool written_is_wrong;
    uint8_t *chunk; /* bytes copied out, from chunk_start on */
    uint64_t chunk_start;
    size_t chunk_size, chunk_capacity;
};

void segment_reader_init(struct segment_reader *reader);
void segment_reader_finish(struct segment_reader *reader);

/* As segment_open; stands at the first record then. None may be open. */
int segment_reader_enter(struct segment_reader *reader, int folder_fd, struct segment_id *id, struct err *err);
void segment_reader_leave(struct segment_reader *reader); /* twice is safe */

/* Looks how far the trainer has published: one load. 1: there is more to read, 0: not yet; ERR_DAMAGED, once for a
 * segment: the count makes no sense, and what is published is as before. */
int segment_reader_look(struct segment_reader *reader);
bool segment_reader_is_sealed(const struct segment_reader *reader);

/* As record_decode, of the bytes at `next`, which is less than `end`; never 0: a record that is not whole is damaged.
 * Or ERR_SYSTEM, ERR_NOMEM. Texts live until the next call. */
long segment_reader_decode(struct segment_reader *reader, struct record *out, size_t *skip, struct err *err);

#endif
