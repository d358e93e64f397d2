#include "cli/known.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "cli/tree.h"

bool known_is_run(int folder_fd)
{
    struct stat status;
    return (fstatat(folder_fd, "run.db", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode)) ||
           (fstatat(folder_fd, "journal/0", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) ||
           (fstatat(folder_fd, "local", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode));
}

/* When something was last recorded, or somebody began to. (The folder's own time changes when a reader was there.) */
static int64_t changed_ns(int folder_fd)
{
    static const char *const names[] = {"run.db", "run.db-wal", "trainer", "lock"};
    int64_t newest = 0;
    struct stat status;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (fstatat(folder_fd, names[i], &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_size == 0)
            continue;
        int64_t changed = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
        newest = changed > newest ? changed : newest;
    }
    return newest;
}

static struct known_run *add(struct known *known)
{
    if (known->count == known->capacity) {
        size_t capacity = known->capacity ? known->capacity * 2 : 16;
        struct known_run *grown = realloc(known->run, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        known->run = grown;
        known->capacity = capacity;
    }
    return &known->run[known->count++];
}

static int take(void *context, const char *path)
{
    struct known_run run = {.path = realpath(path, NULL)};
    int fd = run.path ? open(run.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct known_run *added = fd >= 0 && known_is_run(fd) ? add(context) : NULL;
    if (added) {
        run.changed_ns = changed_ns(fd);
        *added = run;
    } else {
        free(run.path);
    }
    if (fd >= 0)
        close(fd);
    return 0;
}

/* ---- $TRIMTAB_HOME/NAME/... ---- */

struct home {
    struct known *known;
    char path[PATH_MAX];
};

static int take_name(void *context, const char *name)
{
    struct home *home = context;
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", home->path, name) < (int)sizeof path)
        folder_each_in(path, SIZE_MAX, take, home->known);
    return 0;
}

bool known_is_at_home(const char *path)
{
    char home[PATH_MAX], resolved[PATH_MAX];
    if (folder_homes(home, NULL) < 0 || !realpath(home, resolved))
        return false;
    size_t size = strlen(resolved);
    if (strncmp(path, resolved, size) != 0 || path[size] != '/')
        return false;
    const char *slash = strchr(path + size + 1, '/');
    return slash && slash > path + size + 1 && slash[1] && !strchr(slash + 1, '/');
}

/* 20261122-101500, 20261122-101500-2: as folder_choose makes it. */
bool known_is_place(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    bool is_stamp = strspn(name, "0123456789") == 8 && name[8] == '-' && strspn(name + 9, "0123456789") == 6;
    const char *rest = is_stamp ? name + 15 : "?";
    bool ends = !*rest || (*rest == '-' && rest[1] && !rest[1 + strspn(rest + 1, "0123456789")]);
    return is_stamp && ends && known_is_at_home(path);
}

static void take_home(struct known *known)
{
    struct home home = {.known = known};
    if (folder_homes(home.path, NULL) < 0)
        return;
    int fd = open(home.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    tree_each(fd, take_name, &home, NULL);
    close(fd);
}

/* ---- all ---- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct known_run *)a)->path, ((const struct known_run *)b)->path);
}

static int by_change(const void *a, const void *b)
{
    const struct known_run *left = a, *right = b;
    if (left->changed_ns != right->changed_ns)
        return left->changed_ns < right->changed_ns ? 1 : -1;
    return by_path(a, b);
}

static void drop_doubles(struct known *known)
{
    size_t kept = 0;
    for (size_t i = 0; i < known->count; i++) {
        if (kept > 0 && by_path(&known->run[kept - 1], &known->run[i]) == 0)
            free(known->run[i].path);
        else
            known->run[kept++] = known->run[i];
    }
    known->count = kept;
}

void known_find(struct known *known)
{
    *known = (struct known){0};
    folder_each_known(take, known);
    take_home(known);
    if (known->count == 0)
        return;
    qsort(known->run, known->count, sizeof *known->run, by_path);
    drop_doubles(known);
    qsort(known->run, known->count, sizeof *known->run, by_change);
}

void known_finish(struct known *known)
{
    for (size_t i = 0; i < known->count; i++)
        free(known->run[i].path);
    free(known->run);
    *known = (struct known){0};
}
