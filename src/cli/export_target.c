#include "cli/export_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/fresh.h"
#include "cli/say.h"
#include "cli/tree.h"
#include "cli/verbs.h"

#define ROOM (1u << 20) /* of a file's buffer */
#define EVENTS "tfevents"
#define OURS ".trimtab" /* the end of the name of an event file that was exported */

/* ---- one file ---- */

void export_target_say(const struct export_target *target, int number)
{
    if (number == EPIPE)
        say_wrong("%s was closed before all was written", target->named);
    else if (number == ENOSPC || number == EDQUOT || number == EFBIG)
        say_wrong("%s: there is no room for the export%s", target->named,
                  *target->temporary ? ", nothing is left of it" : "");
    else
        say_wrong("%s cannot be written: %s", target->named, strerror(number));
}

static int refuse(const struct export_target *target)
{
    export_target_say(target, errno);
    return CLI_REFUSED;
}

/* Beside the path, and no name that anybody looks for. */
static bool choose_temporary(struct export_target *target)
{
    char name[NAME_MAX + 1];
    const char *slash = strrchr(target->path, '/');
    file_temporary_name(name, "trimtab-export");
    return snprintf(target->temporary, PATH_MAX, "%.*s%s", slash ? (int)(slash - target->path + 1) : 0, target->path,
                    name) < PATH_MAX;
}

static int open_temporary(struct export_target *target)
{
    if (!choose_temporary(target)) {
        say_wrong("%s: the path is too long", target->named);
        *target->temporary = '\0';
        return CLI_USAGE;
    }
    int fd = open(target->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    target->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (target->file) {
        setvbuf(target->file, NULL, _IOFBF, ROOM);
        return CLI_DONE;
    }
    int number = errno;
    if (fd >= 0) {
        close(fd);
        unlink(target->temporary);
    }
    *target->temporary = '\0';
    errno = number;
    return refuse(target);
}

static int open_in_place(struct export_target *target, const char *path)
{
    *target->path = '\0';
    target->file = fopen(path, "we");
    return target->file ? CLI_DONE : refuse(target);
}

/* Who forces a csv onto it has named the run twice. */
static bool is_history(const char *path)
{
    return strncmp(strrchr(path, '/') + 1, "run.db", strlen("run.db")) == 0;
}

/* Instead of a file that is there: what a link leads to, and with the rights that it has. */
static int replace(struct export_target *target, const char *path, const struct stat *status)
{
    if (!target->replaces) {
        say_wrong("%s is there already; --force replaces it", path);
        return CLI_REFUSED;
    }
    if (!realpath(path, target->path))
        return refuse(target);
    if (is_history(target->path)) {
        say_wrong("%s holds the history of a run and is not replaced: name another file", path);
        return CLI_REFUSED;
    }
    int code = open_temporary(target);
    if (code == CLI_DONE && fchmod(fileno(target->file), status->st_mode & 0777) < 0)
        return refuse(target);
    return code;
}

static int make_new(struct export_target *target, const char *path)
{
    struct stat status;
    if (snprintf(target->path, PATH_MAX, "%s", path) >= PATH_MAX || !*path || path[strlen(path) - 1] == '/') {
        say_wrong("`%.100s`: no file can be called so", path);
        return CLI_USAGE;
    }
    if (lstat(path, &status) == 0) {
        say_wrong("%s is a link that leads nowhere: name another file, or remove it", path);
        return CLI_REFUSED;
    }
    return open_temporary(target);
}

int export_target_file(struct export_target *target, const char *path, bool force)
{
    struct stat status;
    *target = (struct export_target){.file = stdout, .named = path ? path : "standard output", .replaces = force};
    if (!path)
        return CLI_DONE;
    if (stat(path, &status) < 0)
        return errno == ENOENT ? make_new(target, path) : refuse(target);
    if (S_ISDIR(status.st_mode)) {
        say_wrong("%s is a folder: name a file in it", path);
        return CLI_USAGE;
    }
    return S_ISREG(status.st_mode) ? replace(target, path, &status) : open_in_place(target, path);
}

/* ---- an event file in a folder ---- */

struct look {
    bool force;
    char found[NAME_MAX + 1];
};

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

static int find_events(void *context, const char *name)
{
    struct look *look = context;
    if (!strstr(name, EVENTS) || (look->force && ends_with(name, OURS)))
        return 0;
    snprintf(look->found, sizeof look->found, "%s", name);
    return 1;
}

static int check_folder(const struct export_target *target, const char *folder, bool force)
{
    struct look look = {.force = force};
    struct err err;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return refuse(target);
    int code = tree_each(fd, find_events, &look, &err);
    close(fd);
    if (code == 0)
        return CLI_DONE;
    if (code < 0)
        say_wrong("%s", err.text);
    else if (ends_with(look.found, OURS))
        say_wrong("%s holds an exported event file already; --force replaces it", folder);
    else
        say_wrong("%s holds event files of another program (%s), and both would be drawn as one run: name another "
                  "folder",
                  folder, look.found);
    return CLI_REFUSED;
}

/* As TensorFlow names them, and by the end of it as one of ours. */
static bool choose_events(struct export_target *target, const char *folder)
{
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    host[strcspn(host, "/")] = '\0';
    return snprintf(target->path, PATH_MAX, "%s/events.out." EVENTS ".%lld.%s.%d.0" OURS, folder, (long long)time(NULL),
                    *host ? host : "localhost", (int)getpid()) < PATH_MAX;
}

int export_target_events(struct export_target *target, const char *folder, bool force)
{
    struct err err;
    *target = (struct export_target){.named = folder, .replaces = force, .is_events = true};
    if (!*folder) {
        say_wrong("the path of the folder is empty");
        return CLI_USAGE;
    }
    if (fresh_make(target->made, folder, 0777, &err) < 0) {
        say_wrong("%s", err.text);
        return CLI_REFUSED;
    }
    int status = check_folder(target, folder, force);
    if (status == CLI_DONE && !choose_events(target, folder)) {
        say_wrong("%s: the path is too long", folder);
        status = CLI_USAGE;
    }
    return status == CLI_DONE ? open_temporary(target) : status;
}

struct sweep {
    int fd;
    const char *kept;
};

static int remove_ours(void *context, const char *name)
{
    const struct sweep *sweep = context;
    if (strstr(name, EVENTS) && ends_with(name, OURS) && strcmp(name, sweep->kept) != 0)
        unlinkat(sweep->fd, name, 0);
    return 0;
}

/* The run would be drawn twice. */
static void remove_older(const struct export_target *target)
{
    const char *slash = strrchr(target->path, '/');
    struct sweep sweep = {.fd = open(target->named, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .kept = slash + 1};
    if (sweep.fd < 0)
        return;
    tree_each(sweep.fd, remove_ours, &sweep, NULL);
    close(sweep.fd);
}

/* ---- its end ---- */

/* What has come into being there meanwhile is not replaced either, where the file system can tell. */
static int give_name(const struct export_target *target)
{
    if (!target->replaces && renameat2(AT_FDCWD, target->temporary, AT_FDCWD, target->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (!target->replaces && errno != EINVAL && errno != ENOSYS)
        return -1;
    return rename(target->temporary, target->path);
}

int export_target_finish(struct export_target *target)
{
    bool written = fflush(target->file) == 0 && !ferror(target->file);
    if (written && *target->temporary)
        written = fsync(fileno(target->file)) == 0 || errno == EINVAL || errno == ENOSYS;
    if (written && target->file != stdout) {
        FILE *file = target->file;
        target->file = NULL;
        written = fclose(file) == 0;
    }
    if (written && *target->temporary)
        written = give_name(target) == 0;
    if (!written) {
        refuse(target);
        export_target_abandon(target);
        return CLI_REFUSED;
    }
    if (*target->temporary && target->replaces && target->is_events)
        remove_older(target);
    *target->temporary = *target->made = '\0';
    return CLI_DONE;
}

void export_target_abandon(struct export_target *target)
{
    if (target->file && target->file != stdout)
        fclose(target->file);
    target->file = NULL;
    if (*target->temporary)
        unlink(target->temporary);
    if (*target->made)
        fresh_unmake(target->made, target->named);
    *target->temporary = *target->made = '\0';
}
