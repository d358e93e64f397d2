#include "cli/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, /* the unit of st_blocks */ ROUNDS = 8 };

struct inside {
    int fd;
    dev_t device;
    uint64_t bytes;
    struct err *err;
};

int tree_each(int folder_fd, int (*each)(void *context, const char *name), void *context, struct err *err)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    if (!folder) {
        result = err_errno(err, ERR_SYSTEM, "a folder cannot be read");
        if (fd >= 0)
            close(fd);
        return result;
    }
    while (result == 0 && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = each(context, entry->d_name);
    closedir(folder);
    return result;
}

/* A folder of this device, or -1. */
static int open_below(const struct inside *above, const char *name)
{
    struct stat status;
    int fd = openat(above->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || (fstat(fd, &status) == 0 && status.st_dev == above->device))
        return fd;
    close(fd);
    errno = EXDEV;
    return -1;
}

static struct inside inside_of(int fd, struct err *err)
{
    struct stat status = {0};
    fstat(fd, &status);
    return (struct inside){.fd = fd, .device = status.st_dev, .err = err};
}

static int add_bytes(void *context, const char *name)
{
    struct inside *above = context;
    struct stat status;
    if (fstatat(above->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    above->bytes += (uint64_t)status.st_blocks * BLOCK;
    if (!S_ISDIR(status.st_mode))
        return 0;
    struct inside below = *above;
    below.bytes = 0;
    below.fd = open_below(above, name);
    if (below.fd < 0)
        return 0;
    tree_each(below.fd, add_bytes, &below, NULL);
    close(below.fd);
    above->bytes += below.bytes;
    return 0;
}

uint64_t tree_bytes(int dirfd, const char *name)
{
    struct stat status;
    struct inside above = inside_of(dirfd, NULL);
    if (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        above.device = status.st_dev; /* the top itself may lie anywhere */
    add_bytes(&above, name);
    return above.bytes;
}

static int remove_below(void *context, const char *name);

/* Some file systems pass over names where others are removed meanwhile: then once more. */
static int remove_folder(struct inside *above, struct inside *below, const char *name)
{
    for (int round = 0; round < ROUNDS; round++) {
        int code = tree_each(below->fd, remove_below, below, above->err);
        if (code < 0)
            return err_wrap(above->err, "%.100s", name);
        if (unlinkat(above->fd, name, AT_REMOVEDIR) == 0)
            return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
            break;
    }
    return err_errno(above->err, ERR_SYSTEM, "cannot remove %.200s", name);
}

static int remove_below(void *context, const char *name)
{
    struct inside *above = context;
    if (unlinkat(above->fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    int number = errno;
    if (number != EISDIR && number != EPERM)
        return err_errno(above->err, ERR_SYSTEM, "cannot remove %.200s", name);
    struct inside below = *above;
    below.fd = open_below(above, name);
    if (below.fd < 0) {
        errno = errno == ENOTDIR ? number : errno;
        return err_errno(above->err, ERR_SYSTEM, "cannot remove %.200s", name);
    }
    int code = remove_folder(above, &below, name);
    close(below.fd);
    return code;
}

int tree_remove(int dirfd, const char *name, struct err *err)
{
    struct inside above = inside_of(dirfd, err);
    return remove_below(&above, name);
}
