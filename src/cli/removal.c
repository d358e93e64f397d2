#include "cli/removal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/folder.h"
#include "channel/liveness.h"
#include "cli/held.h"
#include "cli/known.h"
#include "cli/local.h"
#include "cli/named.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/tree.h"
#include "cli/verbs.h"

#define OTHERS_NAMED 8
#define MOMENT_NS 50000000L /* between two looks for files that are about to go */
#define MOMENTS 60

/* ---- what is ours ---- */

static bool is_our_name(const char *name, size_t size)
{
    static const char *const whole[] = {"run.db",     "output", "address", "lock", "trainer", "local",
                                        "server.log", "resume", "journal", "sock", "tokens",  "tokens.lock"};
    static const char *const heads[] = {"run.db-", "run.db.damaged-", "mailbox."};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strlen(whole[i]) == size && memcmp(whole[i], name, size) == 0)
            return true;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (size > strlen(heads[i]) && memcmp(heads[i], name, strlen(heads[i])) == 0)
            return true;
    return false;
}

/* ".address.4242-1f", left by a process that was killed in the middle of file_replace. */
static bool is_our_temporary(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (name[0] != '.' || dot == name)
        return false;
    const char *dash = dot + 1 + strspn(dot + 1, "0123456789");
    return dash > dot + 1 && *dash == '-' && dash[1] && !dash[1 + strspn(dash + 1, "0123456789abcdef")] &&
           is_our_name(name + 1, (size_t)(dot - name - 1));
}

/* The journal is a folder, all else is not: what has another shape is somebody else's. */
static bool is_ours(int folder_fd, const char *name)
{
    struct stat status;
    if (!is_our_name(name, strlen(name)) && !is_our_temporary(name))
        return false;
    return fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode) == (strcmp(name, "journal") == 0);
}

static int name_other(void *context, const char *name)
{
    struct removal *removal = context;
    if (is_ours(removal->run_fd, name))
        return 0;
    if (removal->other_count < OTHERS_NAMED) {
        buf_text(&removal->others, removal->other_count ? ", " : "");
        print_text(&removal->others, name);
    }
    removal->other_count++;
    return 0;
}

static void name_others(struct removal *removal)
{
    buf_clear(&removal->others);
    removal->other_count = 0;
    tree_each(removal->run_fd, name_other, removal, NULL);
    if (removal->other_count > OTHERS_NAMED)
        buf_printf(&removal->others, " and %zu more", removal->other_count - OTHERS_NAMED);
}

/* ---- looking ---- */

static bool find(struct removal *removal, const char *given)
{
    char found[PATH_MAX];
    bool is_folder = access(given, F_OK) == 0;
    if (!is_folder && !named_find(given, found))
        return false;
    if (realpath(is_folder ? given : found, removal->path))
        return true;
    say_wrong("%s: %s; `trimtab ls` lists your runs", given, strerror(errno));
    return false;
}

int removal_open(struct removal *removal, const char *given, bool everything)
{
    *removal = (struct removal){.run_fd = -1};
    if (!find(removal, given))
        return CLI_REFUSED;
    removal->run_fd = open(removal->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_left = everything && known_is_place(removal->path);
    removal->is_run = removal->run_fd >= 0 && (is_left || known_is_run(removal->run_fd));
    if (!removal->is_run) {
        say_wrong("%s is no run: it has no run.db", removal->path);
        return CLI_REFUSED;
    }
    struct held held = held_look(removal->run_fd);
    if (!held_is_idle(&held, removal->path))
        return CLI_REFUSED;
    removal->bytes = local_bytes_with(removal->run_fd);
    name_others(removal);
    return CLI_DONE;
}

void removal_close(struct removal *removal)
{
    if (removal->run_fd >= 0)
        close(removal->run_fd);
    removal->run_fd = -1;
    buf_finish(&removal->others);
}

/* ---- removing ---- */

struct sweep {
    int fd;
    bool everything;
    struct err *err;
};

/* These make the folder a run, and keep others out: they go last. */
static bool goes_last(const char *name)
{
    return strcmp(name, "run.db") == 0 || strcmp(name, "lock") == 0 || strcmp(name, "trainer") == 0 ||
           strcmp(name, "local") == 0;
}

static int sweep_one(void *context, const char *name)
{
    struct sweep *sweep = context;
    if (goes_last(name) || (!sweep->everything && !is_ours(sweep->fd, name)))
        return 0;
    return tree_remove(sweep->fd, name, sweep->err);
}

/* Another run may use it too, where this folder is a copy of that run's: whoever has it open has locked it. */
static int remove_local(const struct removal *removal, struct err *err)
{
    struct local local = local_open(removal->run_fd);
    int fd = local.root_fd < 0 ? -1 : openat(local.root_fd, local.id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int code = 0;
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        say_wrong("its local part is in use by another process and stays: /var/tmp/trimtab-%u/%s", (unsigned)geteuid(),
                  local.id);
    } else if (fd >= 0) {
        struct sweep sweep = {.fd = fd, .err = err};
        code = tree_each(fd, sweep_one, &sweep, err);
        if (code == 0 && unlinkat(local.root_fd, local.id, AT_REMOVEDIR) < 0)
            say_wrong("its local part stays, for other things lie there: /var/tmp/trimtab-%u/%s", (unsigned)geteuid(),
                      local.id);
    }
    if (fd >= 0)
        close(fd);
    local_close(&local);
    return code < 0 ? err_wrap(err, "its local part") : 0;
}

static int remove_all(struct removal *removal, bool everything, struct err *err)
{
    struct sweep sweep = {.fd = removal->run_fd, .everything = everything, .err = err};
    int code = tree_each(removal->run_fd, sweep_one, &sweep, err);
    if (code == 0)
        code = remove_local(removal, err);
    if (code == 0)
        code = tree_remove(removal->run_fd, "local", err);
    if (code == 0)
        code = tree_remove(removal->run_fd, "run.db", err);
    if (code == 0)
        code = tree_remove(removal->run_fd, "trainer", err);
    return code == 0 ? tree_remove(removal->run_fd, "lock", err) : code;
}

/* FUSE and NFS keep a file that is removed while it is open under such a name, until a moment after it was closed. */
static int count_lasting(void *context, const char *name)
{
    size_t *count = context;
    *count += strncmp(name, ".fuse_hidden", 12) != 0 && strncmp(name, ".nfs", 4) != 0;
    return 0;
}

static int remove_folder(const struct removal *removal)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    for (int i = 0; i < MOMENTS; i++) {
        size_t lasting = 0;
        if (rmdir(removal->path) == 0)
            return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
            return -1;
        tree_each(removal->run_fd, count_lasting, &lasting, NULL);
        if (lasting > 0)
            return 0; /* it stays, and what lies there was named */
        nanosleep(&moment, NULL);
    }
    return 0;
}

/* The folder of the runs of this name, once the last has gone. */
static void remove_name(const char *path)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path), path);
    rmdir(parent);
}

/* The locks are let go of before the folder: on NFS a file that is open stays there under another name. */
static int finish_removal(struct removal *removal)
{
    if (remove_folder(removal) < 0)
        say_wrong("%s is empty, but cannot be removed: %s", removal->path, strerror(errno));
    name_others(removal);
    folder_forget(removal->path);
    if (known_is_at_home(removal->path))
        remove_name(removal->path);
    return CLI_DONE;
}

static int refuse_held(const struct removal *removal, const struct err *err)
{
    struct held held = held_look(removal->run_fd);
    if (err->code != ERR_BUSY || !held_say(&held, removal->path))
        say_wrong("%s: %s", removal->path, err->text);
    return CLI_REFUSED;
}

int removal_carry_out(struct removal *removal, bool everything)
{
    struct err err = {0};
    struct held held = held_look(removal->run_fd);
    if (!held_is_idle(&held, removal->path) || (held.server != 0 && !held_end_server(removal->run_fd, removal->path)))
        return CLI_REFUSED;
    int lock_fd = lock_take(removal->run_fd, "lock", NULL, &err);
    int trainer_fd = lock_fd < 0 ? -1 : lock_take(removal->run_fd, "trainer", NULL, &err);
    if (trainer_fd < 0) {
        lock_free(lock_fd);
        return refuse_held(removal, &err);
    }
    int code = remove_all(removal, everything, &err);
    lock_free(trainer_fd);
    lock_free(lock_fd);
    if (code == 0)
        return finish_removal(removal);
    say_wrong("%s: %s", removal->path, err.text);
    return CLI_REFUSED;
}
