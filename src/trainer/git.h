/* git.h: which commit is checked out, read from .git; no git is run. Whether the tree is clean is not told: it would
 * take a comparison of every file. */
#ifndef TRAINER_GIT_H
#define TRAINER_GIT_H

#include <stdbool.h>

#define GIT_COMMIT_MAX 65

/* Of the work tree that `path` lies in. False where there is none, or none that can be read. */
bool git_commit(const char *path, char commit[GIT_COMMIT_MAX]);

#endif
