#include "temp.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static DIR *open_folder(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder && fd >= 0)
        close(fd);
    return folder;
}

static int is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

void temp_remove(int dirfd_, const char *name)
{
    struct dirent *entry;
    DIR *folder = open_folder(dirfd_, name);
    while (folder && (entry = readdir(folder)))
        if (!is_dots(entry->d_name) && unlinkat(dirfd(folder), entry->d_name, 0) < 0)
            temp_remove(dirfd(folder), entry->d_name);
    if (folder)
        closedir(folder);
    unlinkat(dirfd_, name, AT_REMOVEDIR);
}

int temp_entries(int dirfd)
{
    struct dirent *entry;
    int count = 0;
    DIR *folder = open_folder(dirfd, ".");
    while (folder && (entry = readdir(folder)))
        count += !is_dots(entry->d_name);
    if (folder)
        closedir(folder);
    return count;
}

int temp_setup(void **state)
{
    struct temp *temp = malloc(sizeof *temp);
    if (!temp)
        return -1;
    snprintf(temp->path, sizeof temp->path, "/tmp/trimtab-test-XXXXXX");
    if (!mkdtemp(temp->path)) {
        free(temp);
        return -1;
    }
    temp->fd = open(temp->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = temp;
    return temp->fd < 0 ? -1 : 0;
}

int temp_teardown(void **state)
{
    struct temp *temp = *state;
    close(temp->fd);
    temp_remove(AT_FDCWD, temp->path);
    free(temp);
    return 0;
}
