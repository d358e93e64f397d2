/* journal_reader.h: the server's side of the journal. Bytes are copied out once (pread) and then checked.
 *
 * Follows the journal of a run through segments and incarnations, in order. A segment is left when it is sealed, or its
 * trainer is known to be gone, and it has been read to `written`. A missing sequence number, damaged bytes, or a
 * segment of another version are told as a synthetic RECORD_GAP (with a reason), never waited for. One thread a reader.
 */
#ifndef CHANNEL_JOURNAL_READER_H
#define CHANNEL_JOURNAL_READER_H

#include "channel/record.h"
#include "channel/segment.h"

struct journal_reader;

/* From `from` (NULL or ordinal 0: from the oldest segment there is). The segment of the position is read from its
 * start, its records before the position come with `replayed`, so that the reader of any position learns the
 * declarations. `folder_fd` is RUN/journal/0; not owned. Succeeds on an empty folder too. */
int journal_reader_create(struct journal_reader **reader, int folder_fd, const struct journal_position *from,
                          struct err *err);
void journal_reader_destroy(struct journal_reader *reader);

/* The next record: 1, or 0 when nothing more is published now. Negative ERR_* only for what a later call may mend
 * (ERR_SYSTEM, ERR_NOMEM); then nothing is lost. Texts of `out` live until the next call. */
int journal_reader_next(struct journal_reader *reader, struct record *out, struct err *err);

/* Every trainer with an ordinal <= this one is gone: its segments may be left although not sealed. Call after its death
 * is certain (lock, pidfd), then read until 0: everything that it published has then been seen. */
void journal_reader_gone(struct journal_reader *reader, uint64_t ordinal);

/* After the last record that journal_reader_next returned. */
struct journal_position journal_reader_position(const struct journal_reader *reader);

/* Unlinks every segment that lies wholly before the position. How many were. A file whose header is damaged is never
 * deleted but renamed to NAME.damaged (one with damage further on has that second name already), so that the next
 * reader does not tell it again: call this only after a reader of the folder has begun to read, and what it told is
 * stored. */
int journal_unlink_before(int folder_fd, const struct journal_position *position);

#endif
