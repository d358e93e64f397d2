/* token.h: one token as a text, and its hash. */
#ifndef ACCESS_TOKEN_H
#define ACCESS_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { TOKEN_HASH = 32, TOKEN_TEXT = 47 /* with the zero */ };

/* A fresh token and its hash, kept nowhere. 0, or ERR_SYSTEM, ERR_NOMEM. */
int token_make(char text[TOKEN_TEXT], uint8_t hash[TOKEN_HASH], struct err *err);
/* SHA-256. False, and zeros: out of memory. */
bool token_hash(const char *text, size_t size, uint8_t hash[TOKEN_HASH]);

/* In constant time. */
bool token_hash_is(const uint8_t hash[TOKEN_HASH], const uint8_t other[TOKEN_HASH]);

#endif
