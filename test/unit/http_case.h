/* http_case.h: the files FOLDER/NAME.case: in the first line what becomes of it, then the bytes. Line ends of the file
 * do not belong to them; \r \n \t \\ and \xHH are bytes, \(N:...) is N times what stands there (without a closing
 * parenthesis), in the first line too. */
#ifndef TEST_HTTP_CASE_H
#define TEST_HTTP_CASE_H

#include <stdbool.h>

#include "base/buf.h"

struct http_case {
    const char *path;
    struct buf outcome, bytes;
};

/* False: told what is wrong. */
typedef bool http_case_fn(const struct http_case *one);

/* All of them are right, and there are at least so many. */
void http_cases(const char *folder, const char *below, size_t least, http_case_fn *check);
/* Is it `outcome`? Else it is told. */
bool http_case_is(const struct http_case *one, const char *how, struct buf *outcome);

#endif
