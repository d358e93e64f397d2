/* setting_text.h: what a setting that is a string needs beside its number: the bytes of its values. */
#ifndef TRAINER_SETTING_TEXT_H
#define TRAINER_SETTING_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/value.h"

/* Each has room for all that the setting can hold, so that nothing fails or moves later; each is zero-terminated. */
struct setting_text {
    uint32_t most;   /* bytes of a value */
    struct buf told; /* what clients know */
    struct buf held; /* what a setter without a getter last took */
    struct buf now;  /* what was read last */
};

struct setting_text *setting_text_create(uint32_t most); /* NULL: no memory */
void setting_text_destroy(struct setting_text *text);

/* Puts what the program left there into one of the three: well-formed, at most `most` bytes, also where it is not
 * zero-terminated (most + 1 bytes are looked at). NULL is "". The value points there. */
struct value setting_text_take(const struct setting_text *text, struct buf *into, const char *from);
/* The same of a text that is well-formed and short enough already. */
struct value setting_text_copy(struct buf *into, struct text from);
/* Is what the program has there what was told? */
bool setting_text_is_told(const struct setting_text *text, const char *from);

#endif
