/* import_stream.h: a file that tells how far it has been read, and whose reading a signal ends. */
#ifndef CLI_IMPORT_STREAM_H
#define CLI_IMPORT_STREAM_H

#include <stdint.h>
#include <stdio.h>

struct import_watch {
    uint64_t *bytes;             /* is added to */
    void (*each)(void *context); /* after each share; NULL: nobody asks */
    void *context;
};

/* `watch` must live as long. NULL with errno. */
FILE *import_stream_open(const char *path, struct import_watch *watch);

#endif
