/* columns.h: how many columns of a terminal a text takes. */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include <stddef.h>

/* Of well-formed UTF-8 without control characters. Where terminals differ, the greater number. */
size_t columns_of(const char *text, size_t size);
/* How many bytes of it stand within `width` columns. */
size_t columns_fit(const char *text, size_t size, size_t width);

#endif
