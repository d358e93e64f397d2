/* The text that the model learns from, as numbers of characters. A character is a byte that occurs in the text. Of more
 * than four spaces in a row four are kept. */
#ifndef GPT_TEXT_H
#define GPT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "files.h"

#define TEXT_BYTES_MAX ((size_t)64 << 20)

struct text {
    uint8_t *train, *validation; /* tokens; the last tenth of each file is for validation */
    size_t train_count, validation_count;
    int32_t vocabulary;
    uint8_t characters[256]; /* of each token */
    int16_t tokens[256];     /* of each character; -1: not in the vocabulary */
    size_t files;
};

/* Reads files and folders; without any (count 0) the licence texts of the system, else the sources below the present
 * folder. Both parts have more than `least` characters. 0, or -1 with the reason. */
int text_load(struct text *text, char *const *paths, size_t count, size_t least, struct failure *why);
void text_finish(struct text *text);

#endif
