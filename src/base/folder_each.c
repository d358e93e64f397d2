/* folder_each.c: the runs that lie beside each other in one folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/folder_list.h"

/* Of the run: one of these says that it is one. Not local: its journal lies elsewhere. */
static bool is_run(int parent_fd, const char *name)
{
    static const char *const signs[] = {"run.db", "journal/0", "local"};
    char path[NAME_MAX + 16];
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        snprintf(path, sizeof path, "%s/%s", name, signs[i]);
        if (faccessat(parent_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return true;
    }
    return false;
}

/* SQLite writes into run.db-wal for long before it touches run.db. */
static int64_t last_change(int parent_fd, const char *name)
{
    static const char *const parts[] = {"", "/run.db", "/run.db-wal", "/journal/0", "/trainer"};
    char path[NAME_MAX + 16];
    struct stat status;
    int64_t newest_ns = INT64_MIN;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(path, sizeof path, "%s%s", name, parts[i]);
        if (fstatat(parent_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        int64_t ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
        newest_ns = ns > newest_ns ? ns : newest_ns;
    }
    return newest_ns;
}

/* A link, such as "latest", would name a run twice. */
static bool run_time(int parent_fd, const char *name, int64_t *time_ns)
{
    struct stat status;
    if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(status.st_mode) ||
        !is_run(parent_fd, name))
        return false;
    *time_ns = last_change(parent_fd, name);
    return true;
}

int folder_each_in(const char *parent, size_t most, int (*each)(void *context, const char *path), void *context)
{
    char path[PATH_MAX];
    struct listed *list;
    DIR *folder = opendir(parent);
    if (!folder)
        return errno == ENOMEM ? ERR_NOMEM : 0;
    int result = 0;
    ssize_t count = folder_list(folder, run_time, &list);
    for (ssize_t i = 0; i < count && (size_t)i < most && result == 0; i++)
        if (snprintf(path, sizeof path, "%s/%s", parent, list[i].name) < (int)sizeof path)
            result = each(context, path);
    free(list);
    closedir(folder);
    return result ? result : count < 0 ? (int)count : 0;
}
