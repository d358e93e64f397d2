/* A list of files, found by their names or by walking folders. */
#ifndef GPT_FILES_H
#define GPT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

#define FILES_MAX 10000
#define FILES_DEPTH_MAX 16

struct file {
    char *path; /* owned by the list */
    bool named; /* asked for by name, not found in a folder */
};

struct files {
    struct file *items;
    size_t count;
};

/* Adds a file, or all files below a folder in the order of their names: without hidden ones, symbolic links and what is
 * no regular file. `suffixes` ends with NULL: only names that end so are taken from a folder; NULL takes all.
 * 0, or -1 with the reason. */
int files_add(struct files *files, const char *path, const char *const *suffixes, struct failure *why);
void files_finish(struct files *files);

#endif
