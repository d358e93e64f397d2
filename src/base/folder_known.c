/* folder_known.c: the links in the user's state folder, one for each run opened. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/folder_list.h"

/* A relative XDG_STATE_HOME counts as unset (XDG Base Directory Specification). */
static bool state_path(char path[PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (state && state[0] == '/')
        length = snprintf(path, PATH_MAX, "%s/trimtab/runs", state);
    else if (home && home[0] == '/')
        length = snprintf(path, PATH_MAX, "%s/.local/state/trimtab/runs", home);
    return length > 0 && length < PATH_MAX;
}

/* The last two parts of the path for people, a hash of it all so that two runs never share a name. */
static void link_name(char name[NAME_MAX + 1], const char *path)
{
    const char *last = strrchr(path, '/'), *parent = last;
    while (parent > path && parent[-1] != '/')
        parent--;
    snprintf(name, NAME_MAX + 1, "%.*s-%.100s-%08" PRIx32, last - parent > 100 ? 100 : (int)(last - parent), parent,
             last + 1, crc32c(0, path, strlen(path)));
}

void folder_remember(const char *path)
{
    char state[PATH_MAX], name[NAME_MAX + 1], temporary[NAME_MAX + 1];
    if (!state_path(state) || file_make_folders(state, 0700, NULL) < 0)
        return;
    int fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    link_name(name, path);
    file_temporary_name(temporary, name);
    /* Made anew also where it exists: the link's age tells when the run was last opened. */
    if (symlinkat(path, fd, temporary) == 0 && renameat(fd, temporary, fd, name) < 0)
        unlinkat(fd, temporary, 0);
    close(fd);
}

void folder_forget(const char *path)
{
    char state[PATH_MAX], name[NAME_MAX + 1];
    int fd = state_path(state) ? open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    link_name(name, path);
    unlinkat(fd, name, 0);
    close(fd);
}

static bool link_time(int folder_fd, const char *name, int64_t *time_ns)
{
    struct stat status;
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(status.st_mode))
        return false;
    *time_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    return true;
}

/* The run's path; false where it is gone, and then its link is too. */
static bool known_path(int fd, const char *name, char path[PATH_MAX])
{
    struct stat status;
    ssize_t length = readlinkat(fd, name, path, PATH_MAX - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    bool there = stat(path, &status) == 0;
    if (!there && (errno == ENOENT || errno == ENOTDIR))
        unlinkat(fd, name, 0);
    return there && S_ISDIR(status.st_mode);
}

int folder_each_known(int (*each)(void *context, const char *path), void *context)
{
    char path[PATH_MAX];
    struct listed *list;
    DIR *folder = state_path(path) ? opendir(path) : NULL;
    if (!folder)
        return 0;
    int result = 0;
    ssize_t count = folder_list(folder, link_time, &list);
    for (ssize_t i = 0; i < count && result == 0; i++)
        if (known_path(dirfd(folder), list[i].name, path))
            result = each(context, path);
    free(list);
    closedir(folder);
    return result ? result : count < 0 ? (int)count : 0;
}
