/* tokens_json.h: the tokens of a run as the text of RUN/tokens. */
#ifndef ACCESS_TOKENS_JSON_H
#define ACCESS_TOKENS_JSON_H

#include "access/tokens.h"
#include "base/buf.h"

#define TOKENS_BYTES 4194304 /* more than LIMIT_TOKENS of the longest take */

/* As tokens_read. The JSON that tokens_write writes, members of an entry in any order; no \u in a text. It is read by
 * hand: a limit must not come out as another one where memory runs out, as with jansson. */
int tokens_parse(const char *text, size_t size, struct tokens *tokens, struct err *err);
/* out->failed: out of memory. */
void tokens_write(const struct tokens *tokens, struct buf *out);

#endif
