#include "shelf.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint.h"

#define SUFFIX ".checkpoint"
#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* An id is one plain name: it cannot lead out of the folder. */
static bool id_valid(const char *id)
{
    size_t length = strlen(id);
    return length > 0 && length <= SHELF_ID_MAX && strspn(id, ID_CHARACTERS) == length;
}

static int set_path(struct shelf_item *item, const char *folder, struct failure *why)
{
    int length = snprintf(item->path, sizeof item->path, "%s/%s" SUFFIX, folder, item->id);
    if (length < (int)sizeof item->path)
        return 0;
    return failure_set(why, "The path of the checkpoints' folder is too long.");
}

/* Makes the folder and those above it. */
static int make_folder(const char *folder, struct failure *why)
{
    char path[SHELF_PATH_MAX];
    int length = snprintf(path, sizeof path, "%s", folder);
    if (length >= (int)sizeof path)
        return failure_set(why, "The path of the checkpoints' folder is too long.");
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        mkdir(path, 0777); /* where it fails, the last one tells why */
        *at = '/';
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return failure_set(why, "The folder %.300s cannot be made: %s.", folder, strerror(errno));
    return 0;
}

int shelf_save(const char *folder, const struct trainer *trainer, struct shelf_item *item, struct failure *why)
{
    snprintf(item->id, sizeof item->id, "step-%06lld", (long long)trainer->step);
    if (set_path(item, folder, why) != 0 || make_folder(folder, why) != 0)
        return -1;
    return checkpoint_save(trainer, item->path, &item->bytes, why);
}

/* The id that stands before the suffix; false where a file's name is none of a checkpoint. */
static bool id_of(const char *name, char id[SHELF_ID_MAX + 1])
{
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    if (length <= suffix || length - suffix > SHELF_ID_MAX || strcmp(name + length - suffix, SUFFIX) != 0)
        return false;
    snprintf(id, SHELF_ID_MAX + 1, "%.*s", (int)(length - suffix), name);
    return id_valid(id);
}

static bool later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* The id of the file that was written last; of two at the same instant the one of the greater name. */
static void find_newest(DIR *folder, char newest[SHELF_ID_MAX + 1])
{
    struct timespec best = {0};
    struct dirent *entry;
    newest[0] = 0;
    while ((entry = readdir(folder))) {
        char id[SHELF_ID_MAX + 1];
        struct stat status;
        if (!id_of(entry->d_name, id) || fstatat(dirfd(folder), entry->d_name, &status, 0) != 0)
            continue;
        if (newest[0] && (later(&best, &status.st_mtim) || (!later(&status.st_mtim, &best) && strcmp(id, newest) < 0)))
            continue;
        best = status.st_mtim;
        memcpy(newest, id, sizeof id);
    }
}

static int choose(const char *folder, const char *id, struct shelf_item *item, struct failure *why)
{
    if (id[0]) {
        if (!id_valid(id))
            return failure_set(why, "\"%.64s\" is no checkpoint's id; one looks like step-000400.", id);
        snprintf(item->id, sizeof item->id, "%s", id);
        return 0;
    }
    item->id[0] = 0;
    DIR *open = opendir(folder);
    if (open) {
        find_newest(open, item->id);
        closedir(open);
    }
    return item->id[0] ? 0 : failure_set(why, "There is no checkpoint in %.300s yet; save one first.", folder);
}

int shelf_restore(const char *folder, const char *id, struct trainer *trainer, struct shelf_item *item,
                  struct failure *why)
{
    if (choose(folder, id, item, why) != 0 || set_path(item, folder, why) != 0)
        return -1;
    return checkpoint_restore(trainer, item->path, why);
}
