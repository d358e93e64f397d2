/* file.h: small files, whole, relative to an open folder. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Writes all bytes, going on after short writes and EINTR. 0, or ERR_SYSTEM with errno set. */
int file_write_all(int fd, const void *data, size_t size);
/* A name beginning with a dot, of this process and moment, for a file that will be renamed to `name`. */
void file_temporary_name(char temporary[NAME_MAX + 1], const char *name);
/* `name` is without a slash. Under a temporary name, then rename: a reader sees the old or the new file, never a part.
 */
int file_replace(int dirfd, const char *name, mode_t mode, const void *data, size_t size, struct err *err);
/* A new file of `size` zero bytes with mode 0600, mapped shared and writable. Its blocks are allocated: a full disk (or
 * RLIMIT_FSIZE) is ERR_FULL here, never a signal here or later. ERR_NOMEM, ERR_SYSTEM; then there is no file. */
int file_create_mapped(int dirfd, const char *name, size_t size, void **map, struct err *err);
/* At most size - 1 bytes, zero-terminated. The length, or ERR_MISSING, ERR_SYSTEM. */
ssize_t file_read_small(int dirfd, const char *name, char *data, size_t size, struct err *err);
/* mkdir -p with this mode for each folder that is made. */
int file_make_folders(const char *path, mode_t mode, struct err *err);

#endif
