/* tokens.h: who may do what on a run: RUN/tokens (0600), a JSON file with the SHA-256 of each token, never a token:
 *
 *   {"version":1,"tokens":[{"name":"tuner","role":"controller","agent":true,"hash":"64 hex digits","created":T,
 *                           "expires":T,"allow":["lr=1e-05..0.001","checkpoint"],"rate":"20/h"}]}
 *
 * (agent, expires, allow, rate: where they say something.) It is replaced whole, and is on the disk before a change is
 * told; changes take turns by a lock on RUN/tokens.lock. A token is 256 bits from the system's random source: "tt_" and
 * 43 characters (base64url). */
#ifndef ACCESS_TOKENS_H
#define ACCESS_TOKENS_H

#include "access/token.h"
#include "model/grant.h"

struct token {
    uint8_t hash[TOKEN_HASH];
    struct grant grant;
};

struct tokens {
    struct token *item; /* in the order in which they were made; no two of one name */
    size_t count;
};

/* Reads RUN/tokens: *tokens is to be finished by the caller; no file: none. At most LIMIT_TOKENS. ERR_INVALID (damaged;
 * not a file; readable or writable by others: "chmod 600 ..."), ERR_SYSTEM, ERR_NOMEM: *tokens is then empty. Members
 * of an unknown name are an error: they could be a limit. */
int tokens_read(int run_fd, struct tokens *tokens, struct err *err);
void tokens_finish(struct tokens *tokens); /* twice is safe */

/* Whose token is this text? Constant time in the text: its hash is compared with each. NULL: nobody's, or it has
 * expired at `now_ns` (real clock). */
const struct token *tokens_find(const struct tokens *tokens, const char *text, size_t size, int64_t now_ns);
const struct token *tokens_named(const struct tokens *tokens, const char *name);
bool token_is_over(const struct token *token, int64_t now_ns);

/* Makes a token for `grant` and adds it: *text is the token, which is kept nowhere. grant->created_ns becomes now_ns;
 * times are kept in microseconds. Expired ones go. ERR_INVALID (grant_check; a living token has this name; too many;
 * what tokens_read finds), ERR_BUSY (another process changes them, for 5 s by now), ERR_SYSTEM (a full disk too),
 * ERR_NOMEM: nothing has changed then, and *text is "". */
int tokens_add(int run_fd, const struct grant *grant, int64_t now_ns, char text[TOKEN_TEXT], struct err *err);
/* The same with the first free name of NAME, NAME-2, NAME-3, ...: grant->name is the one that was taken. */
int tokens_add_numbered(int run_fd, struct grant *grant, int64_t now_ns, char text[TOKEN_TEXT], struct err *err);
/* ERR_MISSING: no such name; the others as above. */
int tokens_revoke(int run_fd, const char *name, struct err *err);

#endif
