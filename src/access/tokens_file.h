/* tokens_file.h: a change of RUN/tokens: read, changed and replaced while nobody else does so. */
#ifndef ACCESS_TOKENS_FILE_H
#define ACCESS_TOKENS_FILE_H

#include "access/tokens.h"

/* What to give back with tokens_end, and the tokens as they are; or negative, and *tokens is empty. */
int tokens_begin(int run_fd, struct tokens *tokens, struct err *err);
/* Between the two. 0: it is on the disk. */
int tokens_replace(int run_fd, const struct tokens *tokens, struct err *err);
void tokens_end(int turn, struct tokens *tokens);

#endif
