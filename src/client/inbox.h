/* inbox.h: what came from the server: bytes not yet made into lines, and messages kept for later. */
#ifndef CLIENT_INBOX_H
#define CLIENT_INBOX_H

#include <stdint.h>

#include "base/buf.h"

struct inbox_kept;

struct inbox {
    struct buf bytes;
    size_t taken;   /* of bytes: handed out as lines */
    size_t scanned; /* of bytes: no line end between taken and here */
    struct inbox_kept *first, *last;
    struct inbox_kept *current; /* handed out last; freed by the next inbox_next */
    size_t kept_count, kept_bytes;
    uint64_t dropped;
};

/* An inbox of zeros is ready for use. */
void inbox_finish(struct inbox *inbox); /* twice is safe; `dropped` stays */
/* Where to receive into: at least `size` bytes, given back by inbox_filled. NULL without memory. Lines handed out die.
 */
char *inbox_space(struct inbox *inbox, size_t size);
void inbox_filled(struct inbox *inbox, size_t size);
/* The next line that is not empty, zero-terminated in place; NULL: none is complete. *size is without the line end; it
 * lives until inbox_space. */
const char *inbox_line(struct inbox *inbox, size_t *size);
/* Bytes of the line that is not complete yet. */
size_t inbox_unfinished(const struct inbox *inbox);
/* Keeps a copy; past the bounds the oldest go. False without memory. */
bool inbox_keep(struct inbox *inbox, const char *message, size_t size);
/* The oldest message kept, which lives until the next call of this; or NULL. */
const char *inbox_next(struct inbox *inbox);

#endif
