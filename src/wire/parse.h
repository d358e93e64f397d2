/* parse.h: JSON text (RFC 8259) into jansson's values, within this room. jansson's own parser is not used: it drops
 * bytes of a token where memory runs out, stops at the first duplicate, and cannot take a number that nothing holds. */
#ifndef WIRE_PARSE_H
#define WIRE_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/value.h"

/* A text that is JSON may still hold what nobody can take as a command: */
enum parse_oddity {
    ODDITY_NONE,
    ODDITY_TWICE, /* a member's name stands twice in one object; its value becomes null */
    ODDITY_NUL    /* a member's name holds U+0000; the member is left out */
};

struct parse {
    json_t *root; /* NULL: not JSON, or out of memory */
    /* Stands where the text has a number that neither int64 nor double holds; known by its address. */
    json_t *vast;
    const char *wrong;        /* why it is not JSON: "expected a value"; NULL: out of memory */
    size_t offset;            /* where, in bytes from 0 */
    enum parse_oddity oddity; /* the first one */
    struct text odd_name;     /* as it stands in the text, between its quotes; points into it */
};

/* `depth` levels of lists and objects at most. UTF-8 and raw NUL are judged before the grammar. */
void parse_text(struct parse *parse, const char *text, size_t size, unsigned depth);
void parse_finish(struct parse *parse);

/* Lines, columns (in characters) and bytes count from 1. */
struct place {
    size_t line, column, byte;
};
struct place place_of(const char *text, size_t offset);

#endif
