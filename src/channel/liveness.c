#include "channel/liveness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/folder_list.h"

#define HOLDER_TEXT 80 /* bytes of the first line, always so many: a new holder overwrites the old one whole */

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* "PID INCARNATION ORDINAL", filled up with spaces, and of a trainer a second line, the run's name. Zero where the file
 * says nothing of the kind, or nothing that we ever wrote. */
static void holder_read(int fd, struct holder *holder)
{
    char text[HOLDER_TEXT + UTF8_NAME_MAX + 2], incarnation[33];
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    struct holder said = {0};
    text[got > 0 ? got : 0] = '\0';
    const char *name = got > HOLDER_TEXT ? text + HOLDER_TEXT : "";
    size_t size = strcspn(name, "\n");
    *holder = said;
    if (sscanf(text, "%d %32s %" SCNu64, &said.pid, incarnation, &said.ordinal) != 3 ||
        !incarnation_parse(incarnation, &said.incarnation) || said.ordinal >= HOLDER_ORDINAL_MAX)
        return;
    if (name[size] == '\n' && utf8_is_name(name, size))
        memcpy(said.run, name, size);
    *holder = said;
}

int lock_name(int fd, const struct holder *holder, struct err *err)
{
    char text[HOLDER_TEXT + UTF8_NAME_MAX + 2], incarnation[33];
    incarnation_text(incarnation, &holder->incarnation);
    int length = snprintf(text, sizeof text, "%d %s %" PRIu64, (int)holder->pid, incarnation, holder->ordinal);
    memset(text + length, ' ', (size_t)(HOLDER_TEXT - length));
    text[HOLDER_TEXT - 1] = '\n';
    length = HOLDER_TEXT;
    if (holder->run[0])
        length += snprintf(text + HOLDER_TEXT, sizeof text - HOLDER_TEXT, "%s\n", holder->run);
    if (pwrite(fd, text, (size_t)length, 0) != length || ftruncate(fd, length) < 0)
        return err_errno(err, ERR_SYSTEM, "cannot write who holds the lock");
    return 0;
}

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* The kernel's word: 0 nobody, -1 somebody who has no number here. Negative ERR_SYSTEM otherwise. */
static int ask_holder(int fd, pid_t *pid, struct err *err)
{
    struct flock lock = whole_file();
    if (fcntl(fd, F_GETLK, &lock) < 0)
        return err_errno(err, ERR_SYSTEM, "cannot ask for the lock's holder");
    *pid = lock.l_type == F_UNLCK ? 0 : lock.l_pid > 0 ? lock.l_pid : -1;
    return 0;
}

static int refuse_busy(int fd, const char *name, struct holder *last, struct err *err)
{
    struct holder holder;
    holder_read(fd, &holder);
    if (ask_holder(fd, &holder.pid, NULL) < 0)
        holder.pid = -1;
    if (last)
        *last = holder;
    return err_set(err, ERR_BUSY, "the file %s is locked by process %d", name, (int)holder.pid);
}

int lock_take(int folder_fd, const char *name, struct holder *last, struct err *err)
{
    struct flock lock = whole_file();
    int code = 0;
    if (last)
        *last = (struct holder){0};
    int fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot open %s", name);
    if (fcntl(fd, F_SETLK, &lock) == 0) {
        if (last)
            holder_read(fd, last);
        return fd;
    }
    if (errno == EAGAIN || errno == EACCES)
        code = refuse_busy(fd, name, last, err);
    else
        code = err_errno(err, ERR_SYSTEM, "cannot lock %s", name);
    close(fd);
    return code;
}

void lock_free(int fd)
{
    if (fd >= 0)
        close(fd);
}

int lock_look(int folder_fd, const char *name, struct holder *holder, struct err *err)
{
    *holder = (struct holder){0};
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return err_errno(err, errno == ENOENT ? ERR_MISSING : ERR_SYSTEM, "cannot open %s", name);
    holder_read(fd, holder);
    int code = ask_holder(fd, &holder->pid, err);
    if (code < 0)
        *holder = (struct holder){0};
    close(fd);
    return code;
}

int process_watch(pid_t pid, struct err *err)
{
    long fd = syscall(SYS_pidfd_open, pid, 0);
    if (fd >= 0)
        return (int)fd;
    return err_errno(err, errno == ESRCH ? ERR_MISSING : ERR_SYSTEM, "cannot watch process %d", (int)pid);
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

uint8_t *fork_mark_create(void)
{
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (madvise(page, page_size(), MADV_WIPEONFORK) < 0) {
        munmap(page, page_size());
        return NULL;
    }
    *(uint8_t *)page = 1;
    return page;
}

void fork_mark_destroy(uint8_t *mark)
{
    if (mark)
        munmap(mark, page_size());
}

/* ---- runs ---- */

static bool is_locked_by_another(int fd)
{
    struct flock lock = whole_file();
    return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool lock_is_ours(int folder_fd, const char *name)
{
    struct stat file, open_file;
    const struct dirent *entry;
    bool ours = false;
    if (fstatat(folder_fd, name, &file, 0) < 0)
        return false;
    DIR *descriptors = opendir("/proc/self/fd");
    while (descriptors && !ours && (entry = readdir(descriptors))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        ours = entry->d_name[0] != '.' && fstat(fd, &open_file) == 0 && open_file.st_dev == file.st_dev &&
               open_file.st_ino == file.st_ino && !is_locked_by_another(fd);
    }
    if (descriptors)
        closedir(descriptors);
    return ours;
}

static bool is_held(int folder_fd, const char *name)
{
    struct holder holder;
    return lock_is_ours(folder_fd, name) || (lock_look(folder_fd, name, &holder, NULL) == 0 && holder.pid != 0);
}

bool run_is_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool held = fd >= 0 && (is_held(fd, "trainer") || is_held(fd, "lock"));
    if (fd >= 0)
        close(fd);
    return held;
}

struct newest {
    const char *name; /* NULL: any */
    bool is_home;     /* those whose name nobody wrote down have this one: it was the folder's */
    char *path;       /* PATH_MAX bytes */
    int64_t began_ns;
};

/* Was trained, nobody trains it now, and its name is right. A file that this process has locked is not opened. */
static bool is_left(const struct newest *newest, int folder_fd)
{
    struct holder holder;
    if (lock_is_ours(folder_fd, "trainer") || lock_look(folder_fd, "trainer", &holder, NULL) < 0 || holder.pid != 0)
        return false;
    return !newest->name || (holder.run[0] ? strcmp(holder.run, newest->name) == 0 : newest->is_home);
}

/* The file is rewritten when a trainer begins; what else changes in the folder may be a server that shows an old run.
 */
static int consider(void *context, const char *path)
{
    struct newest *newest = context;
    struct stat status;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (fstatat(fd, "trainer", &status, AT_SYMLINK_NOFOLLOW) == 0 && is_left(newest, fd)) {
        int64_t began_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
        if (!newest->path[0] || began_ns > newest->began_ns) {
            newest->began_ns = began_ns;
            snprintf(newest->path, PATH_MAX, "%s", path);
        }
    }
    close(fd);
    return 0;
}

int run_newest_left(const char *project, const char *name, char path[PATH_MAX], struct err *err)
{
    char parent[PATH_MAX], home[PATH_MAX];
    struct newest newest = {.name = name, .path = path};
    path[0] = '\0';
    int code = folder_home(project, parent, err);
    newest.is_home = name && folder_home(name, home, NULL) == 0 && strcmp(home, parent) == 0;
    if (code == 0 && (code = folder_each_in(parent, SIZE_MAX, consider, &newest)) < 0)
        err_set(err, code, "%s", err_sentence(code));
    if (code < 0 || path[0])
        return code;
    return err_set(err, ERR_MISSING, "no run named %.128s in %.300s has a trainer that ended", name ? name : project,
                   parent);
}

static bool is_project(int home_fd, const char *name, int64_t *time_ns)
{
    struct stat status;
    *time_ns = 0;
    return fstatat(home_fd, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

/* The folders of all projects; false: they cannot be read, or for want of memory not all. */
static bool each_project(struct newest *newest, const char *home)
{
    char parent[PATH_MAX];
    struct listed *list;
    DIR *folder = opendir(home);
    if (!folder)
        return errno != ENOMEM;
    ssize_t count = folder_list(folder, is_project, &list);
    bool all = count >= 0;
    for (ssize_t i = 0; i < count; i++)
        if (snprintf(parent, sizeof parent, "%s/%s", home, list[i].name) < (int)sizeof parent)
            all = folder_each_in(parent, SIZE_MAX, consider, newest) == 0 && all;
    free(list);
    closedir(folder);
    return all;
}

int run_newest_named(const char *name, char path[PATH_MAX], struct err *err)
{
    char home[PATH_MAX];
    struct newest newest = {.name = name, .path = path};
    path[0] = '\0';
    int code = folder_homes(home, err);
    if (code < 0)
        return code;
    if (!each_project(&newest, home))
        return err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    return path[0] ? 0
                   : err_set(err, ERR_MISSING, "no run named %.128s in %.300s has a trainer that ended", name, home);
}
