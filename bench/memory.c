#include "memory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "stopwatch.h"

#define MEBIBYTE ((size_t)1 << 20)
#define PAGE ((size_t)4096)

static int fill(int fd, size_t mebibytes)
{
    static const char zeros[MEBIBYTE];
    for (size_t i = 0; i < mebibytes; i++)
        if (write(fd, zeros, sizeof zeros) != (ssize_t)sizeof zeros)
            return -1;
    return 0;
}

double memory_recycle(const char *folder, size_t mebibytes)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/scratch", folder);
    struct stopwatch start = stopwatch_start();
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    int status = fill(fd, mebibytes);
    struct stopwatch passed = stopwatch_stop(start);
    close(fd);
    unlink(path);
    size_t pages = mebibytes * (MEBIBYTE / PAGE);
    return status < 0 ? -1 : (double)passed.cpu_ns / (double)pages;
}
