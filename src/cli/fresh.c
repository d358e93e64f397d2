#include "cli/fresh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    *(slash ? slash : path) = '\0';
}

static void find_missing(char topmost[PATH_MAX], const char *folder)
{
    struct stat status;
    char part[PATH_MAX];
    *topmost = '\0';
    snprintf(part, sizeof part, "%s", folder);
    for (; *part && stat(part, &status) < 0 && errno == ENOENT; cut_last(part))
        memcpy(topmost, part, strlen(part) + 1);
}

int fresh_make(char topmost[PATH_MAX], const char *folder, mode_t mode, struct err *err)
{
    find_missing(topmost, folder);
    int code = *folder ? file_make_folders(folder, mode, err) : 0;
    if (code < 0)
        fresh_unmake(topmost, folder);
    return code;
}

void fresh_unmake(const char *topmost, const char *folder)
{
    char part[PATH_MAX];
    size_t least = strlen(topmost);
    snprintf(part, sizeof part, "%s", folder);
    for (; least > 0 && strlen(part) >= least; cut_last(part))
        if (rmdir(part) < 0 && errno != ENOENT)
            return;
}
