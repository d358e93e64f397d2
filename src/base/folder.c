#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define FOLDER_NAME_MAX 128
#define FOLDER_SUFFIX_MAX 1000

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int path_print(char path[PATH_MAX], struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int path_print(char path[PATH_MAX], struct err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(path, PATH_MAX, format, args);
    va_end(args);
    return length < 0 || length >= PATH_MAX ? err_set(err, ERR_INVALID, "the path of the run is too long") : 0;
}

/* ---- choosing ---- */

static bool suits_file_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 ||
           strchr("._-+=@,", c);
}

static void name_to_file_name(char file_name[FOLDER_NAME_MAX + 1], const char *name)
{
    size_t length = 0;
    if (!name || !*name)
        name = "run";
    for (; length < FOLDER_NAME_MAX && name[length]; length++)
        file_name[length] = suits_file_name(name[length]) ? name[length] : '-';
    file_name[length] = '\0';
    if (file_name[0] == '.')
        file_name[0] = '-';
}

int folder_homes(char path[PATH_MAX], struct err *err)
{
    const char *home = environment("TRIMTAB_HOME");
    return path_print(path, err, "%s", home ? home : "trimtab-runs");
}

int folder_home(const char *name, char path[PATH_MAX], struct err *err)
{
    char homes[PATH_MAX], file_name[FOLDER_NAME_MAX + 1];
    int code = folder_homes(homes, err);
    name_to_file_name(file_name, name);
    return code < 0 ? code : path_print(path, err, "%s/%s", homes, file_name);
}

static int choose_fresh(const char *name, char path[PATH_MAX], struct err *err)
{
    char home[PATH_MAX], stamp[32];
    time_t now = time(NULL);
    struct tm local;
    struct stat status;
    int code = folder_home(name, home, err);
    localtime_r(&now, &local);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    if (code == 0)
        code = path_print(path, err, "%s/%s", home, stamp);
    size_t length = code < 0 ? 0 : strlen(path);
    for (int suffix = 2; code == 0 && lstat(path, &status) == 0; suffix++) {
        if (suffix > FOLDER_SUFFIX_MAX || length + 8 > PATH_MAX)
            return err_set(err, ERR_FULL, "too many runs named %.128s began this second", name ? name : "run");
        snprintf(path + length, PATH_MAX - length, "-%d", suffix);
    }
    return code;
}

int folder_choose(const char *given, const char *name, char path[PATH_MAX], struct err *err)
{
    if (!given)
        given = environment("TRIMTAB_RUN");
    if (given)
        return *given ? path_print(path, err, "%s", given) : err_set(err, ERR_INVALID, "the run's path is empty");
    return choose_fresh(name, path, err);
}

/* ---- the local part ---- */

/* File systems on which memory mapped by two processes, or a Unix socket, cannot be relied upon (statfs f_type). */
static bool is_local_file_system(int fd)
{
    static const uint32_t elsewhere[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x65735546, /* FUSE */
        0x01021997, /* 9p */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS */
        0x00c36400, /* Ceph */
        0x5346414f, /* OpenAFS */
        0x6b414653, /* kAFS */
        0x73757245, /* Coda */
        0x19830326, /* BeeGFS */
        0x20030528, /* OrangeFS */
        0xaad7aaea, /* PanFS */
        0x564c,     /* NCP */
        0x786f4256, /* VirtualBox shared folder */
    };
    struct statfs status;
    const char *forced = environment("TRIMTAB_FORCE_NOT_LOCAL");
    if (forced && strcmp(forced, "1") == 0)
        return false;
    if (fstatfs(fd, &status) < 0)
        return true;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if ((uint32_t)status.f_type == elsewhere[i])
            return false;
    return true;
}

/* The file `local` is made once, by whoever comes first, and never changed: another host that opens the same RUN uses
 * the same path on its own disk. */
static int local_choose(int run_fd, char path[PATH_MAX], struct err *err)
{
    char temporary[NAME_MAX + 1];
    uint64_t id;
    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
        return err_errno(err, ERR_SYSTEM, "no random bits");
    int code = path_print(path, err, FOLDER_LOCAL_ROOT "%u/%016llx", (unsigned)geteuid(), (unsigned long long)id);
    file_temporary_name(temporary, "local");
    if (code == 0)
        code = file_replace(run_fd, temporary, 0600, path, strlen(path), err);
    if (code < 0)
        return code;
    /* Not every file system knows hard links; without them the last of two at the same moment wins. */
    if (linkat(run_fd, temporary, run_fd, "local", 0) < 0 && errno != EEXIST)
        renameat(run_fd, temporary, run_fd, "local");
    unlinkat(run_fd, temporary, 0);
    ssize_t length = file_read_small(run_fd, "local", path, PATH_MAX, err);
    return length < 0 ? (int)length : 0;
}

bool folder_local_id(const char *path, char id[FOLDER_LOCAL_ID + 1])
{
    char root[64];
    int length = snprintf(root, sizeof root, FOLDER_LOCAL_ROOT "%u/", (unsigned)geteuid());
    if (strncmp(path, root, (size_t)length) != 0)
        return false;
    path += length;
    size_t digits = strspn(path, "0123456789abcdef");
    if (digits != FOLDER_LOCAL_ID || path[digits + strspn(path + digits, "\n")] != '\0')
        return false;
    memcpy(id, path, FOLDER_LOCAL_ID);
    id[FOLDER_LOCAL_ID] = '\0';
    return true;
}

/* /var/tmp belongs to everybody: a folder there is used only if it is ours, private, and no link. */
static int open_private(int at_fd, const char *name, bool make, struct err *err)
{
    struct stat status;
    if (make && mkdirat(at_fd, name, 0700) < 0 && errno != EEXIST)
        return err_errno(err, ERR_SYSTEM, "cannot make the folder %s", name);
    int fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno == ENOENT ? ERR_MISSING : ERR_SYSTEM, "cannot open the folder %s", name);
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0)
        return fd;
    close(fd);
    return err_set(err, ERR_INVALID, "the folder %s belongs to others too and is not used", name);
}

static int open_local(const char *id, bool make, struct err *err)
{
    char root[64];
    snprintf(root, sizeof root, FOLDER_LOCAL_ROOT "%u", (unsigned)geteuid());
    int root_fd = open_private(AT_FDCWD, root, make, err);
    if (root_fd < 0)
        return root_fd;
    int fd = open_private(root_fd, id, make, err);
    close(root_fd);
    /* What cleans /var/tmp by age leaves a locked folder alone (tmpfiles.d(5)). */
    if (fd >= 0)
        flock(fd, LOCK_SH | LOCK_NB);
    return fd;
}

static int find_local(struct folder *folder, bool must_exist, struct err *err)
{
    char path[PATH_MAX], id[FOLDER_LOCAL_ID + 1];
    ssize_t length = file_read_small(folder->run_fd, "local", path, sizeof path, err);
    if (length == ERR_MISSING && !must_exist)
        length = local_choose(folder->run_fd, path, err);
    if (length < 0)
        return (int)length;
    if (!folder_local_id(path, id))
        return err_set(err, ERR_DAMAGED, "%.300s/local does not name a folder of this user", folder->path);
    return open_local(id, !must_exist, err);
}

/* ---- opening ---- */

static int open_local_part(struct folder *folder, bool must_exist, struct err *err)
{
    int fd = ERR_MISSING;
    folder->is_local = is_local_file_system(folder->run_fd);
    if (!folder->is_local)
        fd = find_local(folder, must_exist, err);
    /* A run that is over, or lives on another host, can still be read: its run.db is all there is of it here. */
    if (folder->is_local || (fd == ERR_MISSING && must_exist))
        fd = fcntl(folder->run_fd, F_DUPFD_CLOEXEC, 0);
    folder->local_fd = fd;
    return fd < 0 ? err_wrap(err, "%.200s", folder->path) : 0;
}

static int make_journal(const struct folder *folder, struct err *err)
{
    if ((mkdirat(folder->local_fd, "journal", 0700) < 0 && errno != EEXIST) ||
        (mkdirat(folder->local_fd, "journal/0", 0700) < 0 && errno != EEXIST))
        return err_errno(err, ERR_SYSTEM, "cannot make the folder of the journal of %.300s", folder->path);
    return 0;
}

static int check_is_run(const struct folder *folder, struct err *err)
{
    if (faccessat(folder->run_fd, "run.db", F_OK, 0) == 0 || faccessat(folder->local_fd, "journal/0", F_OK, 0) == 0)
        return 0;
    return err_set(err, ERR_MISSING, "%.300s is not the folder of a run", folder->path);
}

static int open_run(struct folder *folder, const char *path, struct err *err)
{
    if (!realpath(path, folder->path))
        return err_errno(err, errno == ENOENT || errno == ENOTDIR ? ERR_MISSING : ERR_SYSTEM, "no run at %.300s", path);
    folder->run_fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder->run_fd < 0 ? err_errno(err, ERR_SYSTEM, "cannot open the folder %.300s", folder->path) : 0;
}

/* Of a run that is about to begin: what is wrong with the folder, and what to do. */
static void advise(struct err *err)
{
    struct err why;
    if (!err || err->code != ERR_SYSTEM)
        return;
    why = *err;
    err_set(err, why.code, "%.400s; choose another folder for the run", why.text);
}

int folder_open(struct folder *folder, const char *path, bool must_exist, struct err *err)
{
    *folder = (struct folder){.run_fd = -1, .local_fd = -1};
    int code = must_exist ? 0 : file_make_folders(path, 0700, err);
    if (code == 0)
        code = open_run(folder, path, err);
    if (code == 0)
        code = open_local_part(folder, must_exist, err);
    if (code == 0)
        code = must_exist ? check_is_run(folder, err) : make_journal(folder, err);
    if (code < 0) {
        if (!must_exist)
            advise(err);
        folder_close(folder);
        return code;
    }
    if (!must_exist)
        folder_remember(folder->path);
    return 0;
}

void folder_close(struct folder *folder)
{
    if (folder->local_fd >= 0)
        close(folder->local_fd);
    if (folder->run_fd >= 0)
        close(folder->run_fd);
    folder->run_fd = folder->local_fd = -1;
}

static bool is_unwritable(int at_fd, const char *name, int wanted)
{
    return faccessat(at_fd, name, wanted, AT_EACCESS) < 0 && (errno == EACCES || errno == EPERM || errno == EROFS);
}

bool folder_is_unwritable(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool unwritable = fd >= 0 && faccessat(fd, "run.db", F_OK, 0) == 0 &&
                      (is_unwritable(fd, ".", W_OK | X_OK) || is_unwritable(fd, "run.db", W_OK));
    if (fd >= 0)
        close(fd);
    return unwritable;
}

int folder_address(const char *path, char *address, size_t size, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno == ENOENT ? ERR_MISSING : ERR_SYSTEM, "no run at %.300s", path);
    ssize_t length = file_read_small(fd, "address", address, size, err);
    close(fd);
    if (length < 0)
        return (int)length;
    address[strcspn(address, "\n")] = '\0';
    return address[0] ? 0 : err_set(err, ERR_MISSING, "%.300s names no address", path);
}
