/* folder_list.h: what lies in a folder, newest first. */
#ifndef BASE_FOLDER_LIST_H
#define BASE_FOLDER_LIST_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct listed {
    int64_t time_ns;
    char name[NAME_MAX + 1];
};

/* Fills in the time of the entry of that name; false: it is passed over. Names that begin with a dot are not asked for.
 */
typedef bool folder_list_fn(int folder_fd, const char *name, int64_t *time_ns);

/* How many, in *list, which the caller frees; of two at the same time the one of the lesser name first. ERR_NOMEM. */
ssize_t folder_list(DIR *folder, folder_list_fn *fill, struct listed **list);

#endif
