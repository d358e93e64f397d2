/* folder.h: which folder is the run, where its local part lies, and which runs this user has.
 *
 * RUN/                      mode 0700
 *   run.db  output  address  tokens  tokens.lock  lock  trainer  local  resume  server.log
 *   journal/0/  mailbox.*  sock      here, or in /var/tmp/trimtab-UID/ID where RUN is not on a local file system: then
 *                                    the file `local` holds that path
 * TRIMTAB_FORCE_NOT_LOCAL=1 treats any RUN as not local (for tests).
 * State: $XDG_STATE_HOME/trimtab/runs (else ~/.local/state/trimtab/runs): one symbolic link for each run opened. */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define FOLDER_LOCAL_ROOT "/var/tmp/trimtab-" /* then the user's number, / and */
#define FOLDER_LOCAL_ID 16                    /* hexadecimal digits */

struct folder {
    char path[PATH_MAX]; /* absolute, resolved */
    int run_fd;          /* RUN, -1 when closed */
    int local_fd;        /* where journal/, mailbox.* and sock lie: a dup of run_fd, or the local folder */
    bool is_local;       /* RUN itself is on a local file system */
};

/* The path of a run that is about to begin: `given` if not NULL, else $TRIMTAB_RUN, else a fresh
 * $TRIMTAB_HOME/NAME/YYYYMMDD-HHMMSS (TRIMTAB_HOME is ./trimtab-runs unless set; a suffix -2, -3 where it exists).
 * Characters of `name` that do not suit a file name become '-'. Nothing is made yet. */
int folder_choose(const char *given, const char *name, char path[PATH_MAX], struct err *err);

/* Opens RUN and makes what is missing (RUN with its parents, journal/0, the local part), leaves the link in the state
 * folder (failure to link is not an error). With `must_exist` nothing is made: ERR_MISSING with a sentence. */
int folder_open(struct folder *folder, const char *path, bool must_exist, struct err *err);
void folder_close(struct folder *folder); /* twice is safe */

/* The digits of what the file `local` holds; false: it is not what this user's trimtab could have written there. */
bool folder_local_id(const char *path, char id[FOLDER_LOCAL_ID + 1]);

/* Is a run there that this process cannot write: RUN or run.db is somebody else's, or on a read-only file system? */
bool folder_is_unwritable(const char *path);

/* Leaves, or renews, the link to the run of this absolute path. */
void folder_remember(const char *path);
/* Removes it. */
void folder_forget(const char *path);

/* Calls `each` for every run linked in the state folder whose folder still exists, newest link first; stops when `each`
 * returns non-zero, and returns that. A dangling link is removed. */
int folder_each_known(int (*each)(void *context, const char *path), void *context);

/* HOST:PORT of RUN/address (zero-terminated), or ERR_MISSING. */
int folder_address(const char *path, char *address, size_t size, struct err *err);

/* Where all runs lie that were not put elsewhere, each below its name: $TRIMTAB_HOME. */
int folder_homes(char path[PATH_MAX], struct err *err);
/* Where runs of this name, or project, lie: $TRIMTAB_HOME/NAME, with the name made fit for a file name. */
int folder_home(const char *name, char path[PATH_MAX], struct err *err);

/* Calls `each` with the path of every run (a folder with run.db or journal/0, or whose journal lies elsewhere) directly
 * in `parent`, newest first by the time of its last change, at most `most` of them; stops when `each` returns non-zero,
 * and returns that. Links are passed over; a parent that cannot be read holds none. 0, or ERR_NOMEM. */
int folder_each_in(const char *parent, size_t most, int (*each)(void *context, const char *path), void *context);

#endif
