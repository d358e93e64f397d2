/* glob.h: names that a pattern stands for. Time grows with the product of the two lengths, whatever the pattern. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

/* As fnmatch with FNM_NOESCAPE: `*` any bytes, `/` among them; `?` one character; `[a-z]`, `[!a-z]` one byte; all else
 * is itself, and so is a `[` that nothing closes. A name also stands for itself, whatever is in it. */
bool glob_matches(const char *glob, const char *name);
/* Can it stand for another name than itself? */
bool glob_is_pattern(const char *glob);

#endif
