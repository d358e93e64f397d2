/* utf8.h: is it UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF)? */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The offset of the first byte that does not belong to well-formed UTF-8, or `size` when all does. */
size_t utf8_valid_prefix(const char *text, size_t size);

/* A name of the project: 1 to 128 bytes of UTF-8 without control characters (U+0000-U+001F, U+007F). */
bool utf8_is_name(const char *text, size_t size);

#endif
