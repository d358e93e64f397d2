/* tree.h: a folder with all that lies in it. No symbolic link is followed, no other file system entered. */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include <stdint.h>

#include "base/err.h"

/* Bytes that it takes on the disk, as far as it can be read; 0 where there is none. */
uint64_t tree_bytes(int dirfd, const char *name);
/* Removes it, whatever it is. 0 also where there is none; ERR_SYSTEM at the first that cannot be removed. */
int tree_remove(int dirfd, const char *name, struct err *err);
/* Calls `each` for every name in the open folder but . and .., until it returns non-zero, and returns that. `each` may
 * remove what it is called for. ERR_SYSTEM where the folder cannot be read. */
int tree_each(int folder_fd, int (*each)(void *context, const char *name), void *context, struct err *err);

#endif
