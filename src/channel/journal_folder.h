/* journal_folder.h: which segments lie in RUN/journal/0. Temporary and foreign names are passed over. */
#ifndef CHANNEL_JOURNAL_FOLDER_H
#define CHANNEL_JOURNAL_FOLDER_H

#include "channel/segment.h"

struct segment_id {
    struct incarnation incarnation;
    uint64_t ordinal, sequence; /* ordinal 0: unknown, for the header cannot be read */
};

/* The order in which segments are read: by ordinal, incarnation, sequence. */
int segment_id_compare(const struct segment_id *a, const struct segment_id *b);

/* Opens the segment of this incarnation and sequence and checks its header against its name; id->ordinal is filled in,
 * or checked where it is not 0. fd >= 0, ERR_MISSING, ERR_DAMAGED, ERR_VERSION (the text names the file), ERR_SYSTEM.
 */
int segment_open(int folder_fd, struct segment_id *id, struct err *err);

/* Calls `each` for every segment's name, in no order, until it returns non-zero, and returns that. 0, or ERR_SYSTEM. */
int journal_folder_each(int folder_fd, int (*each)(void *context, struct segment_id *id), void *context,
                        struct err *err);

/* Bytes that all segments take. Removes files that a writer left half-made if `sweep`, which only who holds the
 * trainer's lock may ask for. 0 where the folder cannot be read. */
uint64_t journal_folder_bytes(int folder_fd, bool sweep);

#endif
