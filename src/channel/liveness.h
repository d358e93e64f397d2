/* liveness.h: who holds a run. POSIX record locks (fcntl F_SETLK: not inherited by fork, freed by the kernel) on
 * RUN/trainer and RUN/lock; each file names its holder. A process must not open these files again while it holds a
 * lock on them: closing any descriptor of a file frees the process's locks on it. */
#ifndef CHANNEL_LIVENESS_H
#define CHANNEL_LIVENESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/utf8.h"
#include "channel/segment.h"

#define HOLDER_ORDINAL_MAX (UINT64_C(1) << 62) /* ordinals are less */

struct holder {
    pid_t pid; /* 0: nobody */
    struct incarnation incarnation;
    uint64_t ordinal;            /* 0: the file does not say */
    char run[UTF8_NAME_MAX + 1]; /* the run's name, as its trainer has it; "": the file does not say */
};

/* Takes the lock, reads what the last holder left (*last, may be NULL; zero when there was none). The file is not yet
 * rewritten. fd >= 0: keep it open as long as the lock is meant to hold. ERR_BUSY: *last is the present holder. */
int lock_take(int folder_fd, const char *name, struct holder *last, struct err *err);
/* Names the new holder in the file. */
int lock_name(int fd, const struct holder *holder, struct err *err);
void lock_free(int fd); /* leaves the file and what it says; fd < 0 is safe */

/* Who holds it now, without taking it (F_GETLK: the kernel's pid, never the file's): holder->pid 0 when nobody does;
 * the rest from the file in either case. ERR_MISSING when there is no file. */
int lock_look(int folder_fd, const char *name, struct holder *holder, struct err *err);

/* A descriptor that becomes readable when the process ends (pidfd_open), or ERR_MISSING when it has already,
 * ERR_SYSTEM. */
int process_watch(pid_t pid, struct err *err);

/* The fork mark: a page that a child sees zeroed (MADV_WIPEONFORK). NULL when it cannot be had. */
uint8_t *fork_mark_create(void);
void fork_mark_destroy(uint8_t *mark);

/* Does this process itself hold the lock of this name? It is told by its open descriptors, without opening the file. */
bool lock_is_ours(int folder_fd, const char *name);

/* Is anybody training or serving the run in this folder now, this process included? */
bool run_is_held(const char *path);

/* The newest run of this project ($TRIMTAB_HOME/PROJECT/...) that was trained and that nobody trains now: the one whose
 * last trainer began last. With a `name`, of the runs of that very name. ERR_MISSING with a sentence where there is
 * none. */
int run_newest_left(const char *project, const char *name, char path[PATH_MAX], struct err *err);
/* The same of all projects. */
int run_newest_named(const char *name, char path[PATH_MAX], struct err *err);

#endif
