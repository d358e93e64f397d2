/* local.h: the local part of a run whose folder is not on a local file system: /var/tmp/trimtab-UID/ID. */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include <stdint.h>

#include "base/folder.h"

struct local {
    int root_fd;                  /* /var/tmp/trimtab-UID, -1: none */
    char id[FOLDER_LOCAL_ID + 1]; /* the folder in it; "": none */
};

/* What RUN/local names, where that is a folder of this user in that place, and no link. Else there is none. */
struct local local_open(int run_fd);
void local_close(struct local *local);

/* What a run takes on the disk: all that lies in its folder, and its local part. */
uint64_t local_bytes_with(int run_fd);

#endif
