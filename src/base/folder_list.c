#include "base/folder_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static int newest_first(const void *a, const void *b)
{
    const struct listed *left = a, *right = b;
    if (left->time_ns != right->time_ns)
        return left->time_ns < right->time_ns ? 1 : -1;
    return strcmp(left->name, right->name);
}

ssize_t folder_list(DIR *folder, folder_list_fn *fill, struct listed **list)
{
    size_t count = 0, capacity = 0;
    struct dirent *entry;
    *list = NULL;
    while ((entry = readdir(folder))) {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 16;
            struct listed *grown = realloc(*list, capacity * sizeof **list);
            if (!grown) {
                free(*list);
                *list = NULL;
                return ERR_NOMEM;
            }
            *list = grown;
        }
        struct listed *listed = &(*list)[count];
        if (entry->d_name[0] == '.' || !fill(dirfd(folder), entry->d_name, &listed->time_ns))
            continue;
        snprintf(listed->name, sizeof listed->name, "%s", entry->d_name);
        count++;
    }
    if (count)
        qsort(*list, count, sizeof **list, newest_first);
    return (ssize_t)count;
}
