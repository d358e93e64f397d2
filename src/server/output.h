/* output.h: RUN/output, read in pages. */
#ifndef SERVER_OUTPUT_H
#define SERVER_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"

/* The result of code 12: at most `lines` lines before `before` (-1: the newest). May take a while: for a lane. 0, or
 * ERR_SYSTEM, ERR_NOMEM. */
int output_page(int run_fd, int64_t before, int64_t lines, struct buf *out, struct err *err);

#endif
