#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

int file_write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t wrote = write(fd, at, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return ERR_SYSTEM;
        at += wrote;
        size -= (size_t)wrote;
    }
    return 0;
}

void file_temporary_name(char temporary[NAME_MAX + 1], const char *name)
{
    snprintf(temporary, NAME_MAX + 1, ".%.200s.%d-%llx", name, (int)getpid(), (unsigned long long)clock_monotonic_ns());
}

static int file_fill(int dirfd, const char *name, mode_t mode, const void *data, size_t size)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return ERR_SYSTEM;
    int code = file_write_all(fd, data, size);
    int number = errno;
    /* A network file system reports a full disk only here. */
    if (close(fd) < 0 && code == 0)
        return ERR_SYSTEM;
    errno = number;
    return code;
}

int file_replace(int dirfd, const char *name, mode_t mode, const void *data, size_t size, struct err *err)
{
    char temporary[NAME_MAX + 1];
    file_temporary_name(temporary, name);
    int code = file_fill(dirfd, temporary, mode, data, size);
    if (code == 0 && renameat(dirfd, temporary, dirfd, name) == 0)
        return 0;
    err_errno(err, ERR_SYSTEM, "cannot write %s", name);
    unlinkat(dirfd, temporary, 0);
    return ERR_SYSTEM;
}

ssize_t file_read_small(int dirfd, const char *name, char *data, size_t size, struct err *err)
{
    data[0] = '\0';
    /* O_NONBLOCK: a fifo put in the file's place must not hold the caller up. */
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_errno(err, errno == ENOENT ? ERR_MISSING : ERR_SYSTEM, "cannot open %s", name);
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length < size - 1) {
        got = read(fd, data + length, size - 1 - length);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            length += (size_t)got;
    }
    if (got < 0) {
        err_errno(err, ERR_SYSTEM, "cannot read %s", name);
        length = 0;
    }
    close(fd);
    data[length] = '\0';
    return got < 0 ? ERR_SYSTEM : (ssize_t)length;
}

static int make_folder(const char *path, mode_t mode, struct err *err)
{
    struct stat status;
    if (mkdir(path, mode) == 0)
        return 0;
    int number = errno;
    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return 0;
        return err_set(err, ERR_SYSTEM, "%s is not a folder", path);
    }
    errno = number;
    return err_errno(err, ERR_SYSTEM, "cannot make the folder %s", path);
}

int file_make_folders(const char *path, mode_t mode, struct err *err)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part)
        return err_set(err, ERR_INVALID, length ? "the path is too long" : "the path is empty");
    memcpy(part, path, length + 1);
    for (size_t i = 1; i < length; i++) {
        if (part[i] != '/' || part[i - 1] == '/')
            continue;
        part[i] = '\0';
        int code = make_folder(part, mode, err);
        if (code < 0)
            return code;
        part[i] = '/';
    }
    return make_folder(part, mode, err);
}
