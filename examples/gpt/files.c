#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int append(struct files *files, const char *path, bool named, struct failure *why)
{
    if (files->count == FILES_MAX)
        return failure_set(why, "More than %d files below one --text; name a smaller folder.", FILES_MAX);
    struct file *grown = realloc(files->items, (files->count + 1) * sizeof *grown);
    if (grown)
        files->items = grown;
    char *copy = strdup(path);
    if (!grown || !copy) {
        free(copy);
        return failure_set(why, "Not enough memory for the list of files.");
    }
    files->items[files->count++] = (struct file){copy, named};
    return 0;
}

static bool ends_with_one_of(const char *name, const char *const *suffixes)
{
    size_t length = strlen(name);
    for (; *suffixes; suffixes++) {
        size_t suffix = strlen(*suffixes);
        if (suffix < length && strcmp(name + length - suffix, *suffixes) == 0)
            return true;
    }
    return false;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By bytes, so that the order is the same in every locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(struct files *files, const char *folder, const char *const *suffixes, int depth, struct failure *why);

static int walk_entry(struct files *files, const char *folder, const char *name, const char *const *suffixes, int depth,
                      struct failure *why)
{
    char path[4096];
    struct stat status;
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length >= (int)sizeof path)
        return failure_set(why, "A path below %.200s is too long.", folder);
    if (lstat(path, &status) != 0)
        return 0; /* gone since the folder was read */
    if (S_ISDIR(status.st_mode))
        return walk(files, path, suffixes, depth + 1, why);
    if (S_ISREG(status.st_mode) && (!suffixes || ends_with_one_of(name, suffixes)))
        return append(files, path, false, why);
    return 0;
}

static int walk(struct files *files, const char *folder, const char *const *suffixes, int depth, struct failure *why)
{
    struct dirent **entries;
    if (depth > FILES_DEPTH_MAX)
        return failure_set(why, "Folders below %.200s are nested too deep.", folder);
    int count = scandir(folder, &entries, visible, by_name);
    if (count < 0)
        return failure_set(why, "The folder %.200s cannot be read: %s.", folder, strerror(errno));
    int result = 0;
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = walk_entry(files, folder, entries[i]->d_name, suffixes, depth, why);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int files_add(struct files *files, const char *path, const char *const *suffixes, struct failure *why)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return failure_set(why, "The text %.200s cannot be read: %s.", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return walk(files, path, suffixes, 1, why);
    if (S_ISREG(status.st_mode))
        return append(files, path, true, why);
    return failure_set(why, "The text %.200s is neither a file nor a folder.", path);
}

void files_finish(struct files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->items[i].path);
    free(files->items);
    *files = (struct files){0};
}
