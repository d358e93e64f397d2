#include "trainer/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trainer/program.h"
#include "trainer/run.h"

#define DELAY_LEAST_NS INT64_C(1000000000)
#define DELAY_MOST_NS INT64_C(60000000000)
#define IDLE_SECONDS "600" /* without trainer and clients, until the server ends by itself */

void start_init(struct start *start, bool wanted)
{
    const char *said = getenv("TRIMTAB_SERVER");

    *start = (struct start){
        .wanted = wanted && !(said && strcmp(said, "off") == 0), .next_ns = INT64_MIN, .delay_ns = DELAY_LEAST_NS};
}

/* Where the program has taken the status itself (waiting for any child, or ignoring SIGCHLD), there is none to take. */
void start_reap(struct start *start)
{
    if (start->launcher > 0 && waitpid(start->launcher, NULL, WNOHANG) != 0)
        start->launcher = 0;
}

/* ---- the new process ---- */

/* Above 2: none of the three that are to be put in place is overwritten by another. */
static int raise_above_standard(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int raised = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(fd);
    return raised;
}

static int open_null(void)
{
    return raise_above_standard(open("/dev/null", O_RDWR | O_CLOEXEC));
}

/* O_NONBLOCK: a fifo put in the file's place must not hold the training up. */
static int open_log(int run_fd)
{
    struct stat status;
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int fd = openat(run_fd, "server.log", flags, 0600);

    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return raise_above_standard(fd);
    if (fd >= 0)
        (void)close(fd);
    return open_null();
}

static int set_descriptors(posix_spawn_file_actions_t *actions, int in, int out)
{
    int code = posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);

    if (code == 0)
        code = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(actions, out, STDERR_FILENO);
    if (code == 0)
        code = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    if (code == 0)
        code = posix_spawn_file_actions_addchdir_np(actions, "/"); /* the working folder may be unmounted some day */
    return code;
}

static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int code = posix_spawnattr_setsigmask(attributes, &none);
    if (code == 0)
        code = posix_spawnattr_setsigdefault(attributes, &all);
    if (code == 0)
        code =
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return code;
}

static int spawn(pid_t *pid, const char *program, char *const *arguments, int in, int out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int code = posix_spawn_file_actions_init(&actions);

    if (code != 0)
        return code;
    code = posix_spawnattr_init(&attributes);
    if (code == 0) {
        code = set_descriptors(&actions, in, out);
        if (code == 0)
            code = set_signals(&attributes);
        if (code == 0)
            code = posix_spawn(pid, program, &actions, &attributes, arguments, environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return code;
}

static int launch(trimtab_run *run, struct err *err)
{
    char program[PATH_MAX];
    char *arguments[] = {"trimtab", "serve", "--run", run->folder.path, "--detach", "--until-idle", IDLE_SECONDS, NULL};
    int code = program_find(program, err);

    if (code < 0)
        return code;
    int in = open_null(), out = open_log(run->folder.run_fd);
    int number = in < 0 || out < 0 ? errno : spawn(&run->start.launcher, program, arguments, in, out);
    if (in >= 0)
        (void)close(in);
    if (out >= 0)
        (void)close(out);
    if (number == 0)
        return 0;
    run->start.launcher = 0;
    errno = number;
    return err_errno(err, ERR_SYSTEM, "%.200s cannot be started", program);
}

/* ---- when ---- */

static bool is_served(const trimtab_run *run)
{
    struct holder server;

    return lock_look(run->folder.run_fd, "lock", &server, NULL) == 0 && server.pid != 0;
}

/* The folder was removed or moved away: a server would make another one in its place. */
static bool is_gone(const trimtab_run *run)
{
    struct stat here, there;

    return fstat(run->folder.run_fd, &here) < 0 || stat(run->folder.path, &there) < 0 || here.st_dev != there.st_dev ||
           here.st_ino != there.st_ino;
}

void start_look(trimtab_run *run, int64_t now_ns)
{
    struct start *s = &run->start;

    if (!s->wanted)
        return;
    start_reap(s);
    if (run->pulse.fd >= 0) {
        s->delay_ns = DELAY_LEAST_NS;
        s->next_ns = now_ns + DELAY_LEAST_NS; /* once it is lost: time for a person who puts another one in its place */
        return;
    }
    if (s->launcher > 0 || now_ns < s->next_ns || mailbox_is_dismissed(&run->mailbox))
        return;
    if (is_served(
            run)) { /* by one that cannot be reached, as on another host: the lock is not asked for at each look */
        s->next_ns = now_ns + DELAY_LEAST_NS;
        return;
    }
    s->tried = true;
    s->err = (struct err){0};
    if (is_gone(run))
        (void)err_set(&s->err, ERR_MISSING, "the run's folder was removed or moved away");
    else
        (void)launch(run, &s->err);
    s->next_ns = now_ns + s->delay_ns;
    s->delay_ns = s->delay_ns < DELAY_MOST_NS / 2 ? s->delay_ns * 2 : DELAY_MOST_NS;
}
