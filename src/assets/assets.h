/* assets.h: the page: the files of web/ and uPlot, as they stand in the program. */
#ifndef ASSETS_ASSETS_H
#define ASSETS_ASSETS_H

#include "base/value.h"

struct asset {
    const char *path; /* "/curves.js" */
    const char *type; /* the media type, with its charset where it is text */
    const char *etag; /* with its quotes */
    const unsigned char *bytes;
    size_t size;
};

/* NULL where there is none; "/" is /index.html. */
const struct asset *asset_find(struct text path);
/* All of them, in the order of their paths; *count of them. */
const struct asset *asset_list(size_t *count);

#endif
