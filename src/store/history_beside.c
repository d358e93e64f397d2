#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel/liveness.h"
#include "store/glance.h"
#include "store/history.h"
#include "store/reader.h"

#define BESIDE_TRIES 3                     /* where it was written while it was read */
#define BESIDE_VALUE_MAX (8 * 1024 * 1024) /* bytes of one value: a block of the tail */

static int not_beside(struct err *err, const char *name)
{
    return err_set(err, ERR_INVALID, "`%.200s` is not the name of a run's folder beside this one: `runs` lists them",
                   name);
}

static bool is_folder_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= NAME_MAX && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* RUN/../NAME, without what RUN's last part may link to. */
static int path_beside(const char *run, const char *name, char path[PATH_MAX], struct err *err)
{
    char self[PATH_MAX];
    if (!realpath(run, self))
        return err_errno(err, ERR_SYSTEM, "cannot look at the folder of this run");
    char *slash = strrchr(self, '/');
    *slash = '\0';
    return snprintf(path, PATH_MAX, "%s/%s", self, name) < PATH_MAX ? 0 : not_beside(err, name);
}

/* This run's own folder must not be read so: to close a file in it would free its locks. */
static bool is_same_folder(const char *run, int fd)
{
    struct stat self, other;
    return stat(run, &self) != 0 || fstat(fd, &other) != 0 ||
           (self.st_dev == other.st_dev && self.st_ino == other.st_ino);
}

static bool is_served(int run_fd)
{
    struct holder holder;
    struct stat status;
    return fstatat(run_fd, "lock", &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
           lock_look(run_fd, "lock", &holder, NULL) == 0 && holder.pid != 0;
}

static int try_once(const char *path, int run_fd, const struct store_history_ask *ask, struct buf *out, bool *again,
                    struct err *err)
{
    struct glance glance;
    struct store_reader reader = {0};
    struct err closing;
    size_t start = out->size;
    int code = glance_open(&glance, path, run_fd, is_served(run_fd), err);
    if (!code) {
        sqlite3_limit(glance.db, SQLITE_LIMIT_LENGTH, BESIDE_VALUE_MAX);
        reader.db = glance.db;
        code = history_write(&reader, ask, out, err);
        reader_statements_finish(&reader);
    }
    if (code && glance.interrupted)
        code = err_set(err, ERR_BUSY, "reading run.db took too long");
    *again = glance_close(&glance, &closing) != 0;
    if (*again)
        code = err_set(err, closing.code, "%s", closing.text);
    if (code)
        out->size = start;
    return code;
}

int store_history_beside(const char *run, const char *beside, const struct store_history_ask *ask, struct buf *out,
                         struct err *err)
{
    char path[PATH_MAX];
    bool again = true;
    if (!is_folder_name(beside))
        return not_beside(err, beside);
    int code = path_beside(run, beside, path, err);
    if (code)
        return code;
    int run_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (run_fd < 0)
        return not_beside(err, beside);
    if (is_same_folder(run, run_fd))
        code = err_set(err, ERR_INVALID, "`%.200s` is this run itself: leave `run` out", beside);
    for (int i = 0; i < BESIDE_TRIES && again && (code == 0 || i > 0); i++)
        code = try_once(path, run_fd, ask, out, &again, err);
    close(run_fd);
    return code;
}
