/* token.h: the texts, numbers and words of a JSON text, one at a time. */
#ifndef WIRE_TOKEN_H
#define WIRE_TOKEN_H

#include "base/buf.h"
#include "wire/parse.h"

struct reader {
    const char *text;
    size_t size, at;
    unsigned levels;  /* that may still be opened */
    struct buf token; /* of a text: what it means */
    struct parse *parse;
};

static inline bool more(const struct reader *in)
{
    return in->at < in->size;
}

static inline bool at_char(const struct reader *in, char c)
{
    return more(in) && in->text[in->at] == c;
}

/* Moves over `c` if it stands here. */
static inline bool take(struct reader *in, char c)
{
    if (!at_char(in, c))
        return false;
    in->at++;
    return true;
}

/* It is not JSON, for the reason that stands in parse->wrong afterwards. Always NULL. */
json_t *reader_wrong(struct reader *in, const char *why);

/* Into in->token what stands between quotes, of which the first has been taken. False: wrong, or out of memory. */
bool token_text(struct reader *in);
/* NULL: wrong, or out of memory. */
json_t *token_string(struct reader *in); /* after its first quote */
json_t *token_number(struct reader *in);
json_t *token_word(struct reader *in); /* true, false, null */

#endif
