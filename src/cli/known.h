/* known.h: the runs of this user that can be found: linked in the state folder, or under $TRIMTAB_HOME. */
#ifndef CLI_KNOWN_H
#define CLI_KNOWN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known_run {
    char *path; /* absolute, resolved */
    int64_t changed_ns;
};

struct known {
    struct known_run *run; /* the newest change first */
    size_t count, capacity;
};

/* Each run once. *known is filled anew; known_finish frees it. */
void known_find(struct known *known);
void known_finish(struct known *known);

/* Of an absolute, resolved path: does it lie directly in a folder $TRIMTAB_HOME/NAME? */
bool known_is_at_home(const char *path);
/* And is it called as the folder that is made there for a new run, DATE-TIME? */
bool known_is_place(const char *path);

/* Is this the folder of a run: is there a run.db or a journal, as files of its own? */
bool known_is_run(int folder_fd);

#endif
