/* utf8.h: is it UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF)? Can it be shown on a terminal? */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The offset of the first byte that does not belong to well-formed UTF-8, or `size` when all does. */
size_t utf8_valid_prefix(const char *text, size_t size);

#define UTF8_NAME_MAX 128

/* A name of the project: 1 to UTF8_NAME_MAX bytes of UTF-8 without control characters (U+0000-U+001F, U+007F). */
bool utf8_is_name(const char *text, size_t size);

/* Can this character steer a terminal: a control character (C0, DEL, C1), or one that reorders text? */
bool utf8_is_harmful(uint32_t point);
/* The character at `text`, which is well-formed; how many bytes it takes. */
size_t utf8_character(const char *text, uint32_t *point);
/* Each byte of such a character, and each that is not UTF-8, becomes '?'. */
void utf8_make_harmless(char *text, size_t size);

#endif
