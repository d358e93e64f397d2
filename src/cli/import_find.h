/* import_find.h: the event files in a folder and below it. Each folder that holds some is one run of TensorBoard. */
#ifndef CLI_IMPORT_FIND_H
#define CLI_IMPORT_FIND_H

#include <stddef.h>
#include <stdint.h>

struct import_file {
    char *path;
    uint64_t bytes;
    int64_t time_us; /* of its first record; INT64_MAX: it has none */
};

struct import_group {
    char *name; /* the folder, as seen from LOGDIR; "": LOGDIR itself */
    struct import_file *file;
    size_t count, capacity;
};

struct import_groups {
    struct import_group *group;
    size_t count, capacity;
    uint64_t bytes;
    size_t unread; /* folders and files that cannot be read, or hold something else; each has been told */
};

/* By name, each folder once, links followed; of a folder the files in the order of their first records. Empty ones
 * are left out. `logdir` may be a file too. CLI_DONE, or what to end with, having said why (or interrupted). */
int import_find(struct import_groups *groups, const char *logdir);
void import_groups_finish(struct import_groups *groups);

#endif
