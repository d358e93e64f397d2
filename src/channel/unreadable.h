/* unreadable.h: segments without a readable header, which therefore have no place in the order of the journal. */
#ifndef CHANNEL_UNREADABLE_H
#define CHANNEL_UNREADABLE_H

#include "channel/journal_folder.h"

/* Those that were seen. Zero-initialised: none. */
struct unreadable {
    struct segment_id *id;
    size_t count;
};

void unreadable_finish(struct unreadable *unreadable);

/* 1 where the file is to be told: it is seen for the first time, and no other segment of its incarnation can be read
 * (else the reader comes upon it in its order). 0, or negative ERR_*. */
int unreadable_see(struct unreadable *unreadable, int folder_fd, const struct segment_id *id);

#endif
