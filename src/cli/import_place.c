#include "cli/import_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "cli/fresh.h"
#include "cli/local.h"
#include "cli/tree.h"

#define SUFFIX_MAX 1000

static int print_path(char path[PATH_MAX], struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int print_path(char path[PATH_MAX], struct err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(path, PATH_MAX, format, args);
    va_end(args);
    return length < 0 || length >= PATH_MAX - NAME_MAX ? err_set(err, ERR_INVALID, "the path of the run is too long")
                                                       : 0;
}

/* ---- choosing ---- */

static void find_parent(char parent[PATH_MAX], const char *path)
{
    snprintf(parent, PATH_MAX, "%.*s", (int)(strrchr(path, '/') - path), path);
}

/* Beside it: so that the rename stays on one file system. Its folder is made. */
static int choose_temporary(struct import_place *place, struct err *err)
{
    char name[NAME_MAX + 1], parent[PATH_MAX];
    const char *leaf = strrchr(place->path, '/') + 1;
    file_temporary_name(name, leaf);
    find_parent(parent, place->path);
    if (fresh_make(place->made, parent, 0700, err) < 0)
        return ERR_SYSTEM;
    return print_path(place->temporary, err, "%.*s%s", (int)(leaf - place->path), place->path, name);
}

static int count_entry(void *context, const char *name)
{
    (void)context;
    (void)name;
    return 1;
}

static int check_empty(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 ? err_errno(err, ERR_SYSTEM, "%.300s", path) : tree_each(fd, count_entry, NULL, err);
    if (fd >= 0)
        close(fd);
    return code <= 0 ? code
                     : err_set(err, ERR_INVALID, "%.300s is not empty: a run is imported into a new folder", path);
}

/* An empty folder is replaced by the run's: no shell may stand in it, and no file system begin there. */
static int check_replaceable(const char *path, const struct stat *status, struct err *err)
{
    char parent[PATH_MAX];
    struct stat working, above;
    find_parent(parent, path);
    if (stat(".", &working) == 0 && working.st_dev == status->st_dev && working.st_ino == status->st_ino)
        return err_set(err, ERR_INVALID, "%.300s is the folder you are in: name one that is not there yet", path);
    if (stat(*parent ? parent : "/", &above) == 0 && above.st_dev != status->st_dev)
        return err_set(err, ERR_INVALID, "%.300s is a file system of its own: name a folder in it", path);
    return check_empty(path, err);
}

/* Of a folder that is not there. */
static int make_absolute(char path[PATH_MAX], const char *run, struct err *err)
{
    char working[PATH_MAX] = "";
    if (*run != '/' && !getcwd(working, sizeof working))
        return err_errno(err, ERR_SYSTEM, "the working folder");
    int code = print_path(path, err, "%s%s%s", working, *working ? "/" : "", run);
    for (size_t size = strlen(path); size > 1 && path[size - 1] == '/'; size--)
        path[size - 1] = '\0';
    const char *leaf = strrchr(path, '/') + 1;
    struct stat status;
    if (code == 0 && (strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0))
        code = err_set(err, ERR_INVALID, "%.300s: no new folder can be called so", run);
    if (code == 0 && lstat(path, &status) == 0)
        code = err_set(err, ERR_INVALID, "%.300s is a link that leads nowhere", run);
    return code;
}

int import_place_named(struct import_place *place, const char *run, struct err *err)
{
    struct stat status;
    *place = (struct import_place){.is_named = true};
    int code = *run ? 0 : err_set(err, ERR_INVALID, "the run's path is empty");
    if (code == 0 && stat(run, &status) == 0 && realpath(run, place->path))
        code = check_replaceable(place->path, &status, err);
    else if (code == 0)
        code = errno == ENOENT ? make_absolute(place->path, run, err) : err_errno(err, ERR_SYSTEM, "%.300s", run);
    return code ? code : choose_temporary(place, err);
}

static void time_leaf(char leaf[64], int64_t time_us)
{
    time_t moment = (time_t)(time_us / 1000000);
    struct tm local;
    if (!localtime_r(&moment, &local) || !strftime(leaf, 64, "%Y%m%d-%H%M%S", &local))
        snprintf(leaf, 64, "run");
}

int import_place_home(struct import_place *place, const char *name, const char *leaf, int64_t time_us, struct err *err)
{
    char home[PATH_MAX], fit[PATH_MAX], stamp[64];
    *place = (struct import_place){0};
    time_leaf(stamp, time_us);
    /* What makes a run's name fit for a folder does it for this one too. */
    int code = folder_home(*leaf ? leaf : stamp, fit, err);
    if (code == 0)
        code = folder_home(name, home, err);
    if (code == 0)
        code = print_path(place->path, err, "%s/%s", home, strrchr(fit, '/') + 1);
    return code ? code : choose_temporary(place, err);
}

/* ---- its end ---- */

static int rename_new(const char *from, const char *to)
{
    struct stat status;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* A file system that cannot tell: nothing but an empty folder could be replaced. */
    if (lstat(to, &status) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

static int give_free_name(struct import_place *place, struct err *err)
{
    size_t size = strlen(place->path);
    for (int suffix = 2; suffix <= SUFFIX_MAX; suffix++) {
        if (rename_new(place->temporary, place->path) == 0)
            return 0;
        if (errno != EEXIST && errno != ENOTEMPTY)
            return err_errno(err, ERR_SYSTEM, "cannot make %.300s", place->path);
        snprintf(place->path + size, PATH_MAX - size, "-%d", suffix);
    }
    return err_set(err, ERR_FULL, "there are too many runs called %.300s", place->path);
}

int import_place_publish(struct import_place *place, struct err *err)
{
    char *resolved;
    int code = 0;
    if (!place->is_named)
        code = give_free_name(place, err);
    else if (rename(place->temporary, place->path) < 0)
        code = err_errno(err, ERR_SYSTEM, "cannot make %.300s", place->path);
    if (code < 0)
        return code;
    if ((resolved = realpath(place->path, NULL)))
        snprintf(place->path, PATH_MAX, "%s", resolved);
    free(resolved);
    memcpy(place->temporary, place->path, PATH_MAX); /* what there is to take back */
    folder_remember(place->path);
    return 0;
}

/* Of a run that is not on a local file system a part lies elsewhere. */
static void remove_local(int parent_fd, const char *name)
{
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    struct local local = local_open(fd);
    if (local.root_fd >= 0)
        tree_remove(local.root_fd, local.id, NULL);
    local_close(&local);
    close(fd);
}

static void remove_run(const char *path)
{
    char parent[PATH_MAX];
    const char *leaf = strrchr(path, '/') + 1;
    snprintf(parent, sizeof parent, "%.*s", (int)(leaf - path), path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    remove_local(fd, leaf);
    tree_remove(fd, leaf, NULL);
    close(fd);
    folder_forget(path);
}

void import_place_abandon(const struct import_place *place)
{
    char parent[PATH_MAX];
    if (*place->temporary)
        remove_run(place->temporary);
    find_parent(parent, place->path);
    fresh_unmake(place->made, parent);
}
