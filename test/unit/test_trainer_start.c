/* The server that a trainer starts by itself. This very program plays it: see fake_main. */
#include "test_trainer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/unix_socket.h"

#define PATIENCE_NS INT64_C(30000000000)
#define LIFE_S 120 /* a fake server ends by itself then, whatever became of the test */

/* ---- the fake server: FAKE says what it does: listen, fail, hang ---- */

static void say_word(FILE *said, const char *name, const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);

    target[length > 0 ? length : 0] = 0;
    fprintf(said, "%s %s\n", name, target);
}

/* Those blocked and ignored, but the two that the C library keeps for itself. */
static void say_signals(FILE *said)
{
    char line[256], name[16];
    unsigned long long mask;
    FILE *status = fopen("/proc/self/status", "r");

    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "Sig%15[BlkIgn]: %llx", name, &mask) == 2)
            fprintf(said, "Sig%s %llx\n", name, mask & ~0x180000000ULL);
    if (status)
        fclose(status);
}

static void say_descriptors(FILE *said, int run_fd)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd > 2 && fd != dirfd(folder) && fd != fileno(said) && fd != run_fd)
            fprintf(said, "open %d\n", fd);
    }
    if (folder)
        closedir(folder);
}

/* How it was started, in RUN/said. */
static void say_all(int run_fd, int argc, char **argv)
{
    FILE *said = fdopen(openat(run_fd, "said", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), "a");

    if (!said)
        _exit(9);
    fprintf(said, "args");
    for (int i = 1; i < argc; i++)
        fprintf(said, " %s", argv[i]);
    fprintf(said, "\nway %s\n", getenv("WAY") ? getenv("WAY") : "");
    fprintf(said, "session %s\n", getsid(0) == getpid() ? "own" : "other");
    say_word(said, "folder", "/proc/self/cwd");
    say_word(said, "in", "/proc/self/fd/0");
    say_word(said, "out", "/proc/self/fd/1");
    say_word(said, "err", "/proc/self/fd/2");
    say_signals(said);
    say_descriptors(said, run_fd);
    fprintf(said, "pid %ld\n", (long)getpid());
    fclose(said);
}

/* Reads until it is killed. */
static void serve_for_ever(int listening_fd)
{
    struct pollfd poller[2] = {{.fd = listening_fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    char bytes[64];

    for (;;) {
        if (poll(poller, 2, -1) < 0)
            continue;
        if (poller[0].revents) {
            int fd = accept(listening_fd, NULL, NULL);
            if (poller[1].fd < 0)
                poller[1].fd = fd;
            else if (fd >= 0)
                close(fd);
        }
        if (poller[1].revents && read(poller[1].fd, bytes, sizeof bytes) <= 0) {
            close(poller[1].fd);
            poller[1].fd = -1;
        }
    }
}

static void serve(int run_fd, int ready_fd)
{
    struct holder self = {.pid = getpid()};

    alarm(LIFE_S);
    (void)unlinkat(run_fd, "sock", 0);
    int lock = lock_take(run_fd, "lock", NULL, NULL);
    if (lock < 0 || lock_name(lock, &self, NULL) < 0)
        _exit(1);
    /* first the address: a trainer that is connected may look for it and end at once */
    if (file_replace(run_fd, "address", 0600, "127.0.0.1:7999\n", 15, NULL) < 0)
        _exit(1);
    int fd = unix_socket_listen(run_fd, "sock", 4, NULL);
    if (fd < 0)
        _exit(1);
    (void)!write(ready_fd, "r", 1);
    close(ready_fd);
    serve_for_ever(fd);
}

/* As --detach does: ends once the child listens, or has failed. */
static int detach(int run_fd)
{
    int ends[2];
    char byte;

    if (pipe(ends) < 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        serve(run_fd, ends[1]);
    }
    close(ends[1]);
    return read(ends[0], &byte, 1) == 1 ? 0 : 1;
}

/* --fake serve --run RUN --detach --until-idle 600 */
static int fake_main(int argc, char **argv)
{
    const char *fake = getenv("FAKE");
    int run_fd = argc > 4 ? open(argv[4], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (run_fd < 0)
        return 9;
    say_all(run_fd, argc - 1, argv + 1);
    fprintf(stderr, "the fake server speaks\n");
    if (fake && strcmp(fake, "hang") == 0) {
        alarm(LIFE_S);
        for (;;)
            pause();
    }
    return fake && strcmp(fake, "listen") == 0 ? detach(run_fd) : 1;
}

/* ---- around the tests ---- */

static char program[PATH_MAX]; /* this one */

/* The trainer does not start itself (program.c): a script stands between. */
static void write_script(const char *path)
{
    FILE *script = fopen(path, "w");

    assert_non_null(script);
    fprintf(script, "#!/bin/sh\nWAY=$0 exec '%s' --fake \"$@\"\n", program);
    assert_int_equal(fchmod(fileno(script), 0700), 0);
    fclose(script);
}

static void fake(struct server *server, const char *how)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/fake-trimtab", server->temporary);
    write_script(path);
    setenv("TRIMTAB_SERVER", path, 1);
    setenv("FAKE", how, 1);
}

static pid_t holder_of_lock(const struct server *server)
{
    struct holder holder = {0};
    int fd = open(server->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    (void)lock_look(fd, "lock", &holder, NULL);
    close(fd);
    return holder.pid;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void kill_server(const struct server *server)
{
    pid_t pid = holder_of_lock(server);

    if (pid <= 0)
        return;
    (void)kill(pid, SIGKILL);
    while (holder_of_lock(server) == pid)
        nap();
}

static int teardown(void **state)
{
    struct server *server = *state;

    if (server->run && server->run->start.launcher > 0) {
        pid_t pid = server->run->start.launcher;
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        server->run->start.launcher = 0;
    }
    if (server->run)
        server->run->start.wanted = false;
    kill_server(server);
    unsetenv("FAKE");
    return server_teardown(state);
}

/* Control points until it holds. */
#define UNTIL(server, condition)                                                                                       \
    do {                                                                                                               \
        int64_t until_ns = clock_monotonic_ns() + PATIENCE_NS;                                                         \
        while (!(condition)) {                                                                                         \
            assert_true(clock_monotonic_ns() < until_ns);                                                              \
            look(server);                                                                                              \
            nap();                                                                                                     \
        }                                                                                                              \
    } while (0)

/* A control point that looks at the connection. */
static void look(struct server *server)
{
    int64_t step = server->run->step + 1;

    server->run->countdown = 0;
    server->run->pulse.next_try_ns = INT64_MIN;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
}

static bool is_connected(const struct server *server)
{
    return server->run->pulse.fd >= 0;
}

/* What the fake server wrote there. */
static void read_said(const struct server *server, const char *name, char *text, size_t size)
{
    (void)file_read_small(server->folder.run_fd, name, text, size, NULL);
}

static int count(const char *text, const char *part)
{
    int times = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        times++;
    return times;
}

/* ---- tests ---- */

static void starts_one_where_none_runs(void **state)
{
    struct server *server = *state;
    char said[4096], expected[2 * PATH_MAX + 128];
    sigset_t block, before;

    fake(server, "listen");
    int stray = open("/dev/null", O_RDONLY); /* not closed by exec */
    void (*handler)(int) = signal(SIGUSR2, SIG_IGN);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &block, &before), 0);
    server_open(server, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR2, handler);
    close(stray);
    UNTIL(server, is_connected(server) && server->run->start.launcher == 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD); /* the launcher's status was taken */
    assert_true(holder_of_lock(server) > 0);
    read_said(server, "said", said, sizeof said);
    snprintf(expected, sizeof expected, "args serve --run %s --detach --until-idle 600\n", server->folder.path);
    assert_memory_equal(said, expected, strlen(expected));
    assert_non_null(strstr(said, "\nsession own\nfolder /\nin /dev/null\n"));
    snprintf(expected, sizeof expected, "\nout %s/server.log\nerr %s/server.log\n", server->folder.path,
             server->folder.path);
    assert_non_null(strstr(said, expected));
    assert_non_null(strstr(said, "\nSigBlk 0\nSigIgn 0\n"));
    assert_null(strstr(said, "\nopen "));
    read_said(server, "server.log", said, sizeof said);
    assert_string_equal(said, "the fake server speaks\n");
    struct stat status;
    assert_int_equal(fstatat(server->folder.run_fd, "server.log", &status, 0), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void starts_none_where_one_runs(void **state)
{
    struct server *server = *state;
    int ends[2];
    char byte, said[64];

    fake(server, "listen");
    assert_int_equal(folder_open(&server->folder, server->path, false, NULL), 0);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        serve(server->folder.run_fd, ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    server_open(server, NULL);
    UNTIL(server, is_connected(server));
    look(server);
    assert_false(server->run->start.tried);
    read_said(server, "said", said, sizeof said);
    assert_string_equal(said, "");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    server->run->start.wanted = false;
}

static void starts_none_where_none_is_wanted(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.no_server = true};

    fake(server, "listen");
    for (int i = 0; i < 2; i++) {
        server_open(server, &options);
        for (int k = 0; k < 50; k++)
            look(server);
        assert_false(server->run->start.tried);
        server_close(server);
        options.no_server = false;
        setenv("TRIMTAB_SERVER", "off", 1);
    }
    assert_int_equal(faccessat(server->folder.run_fd, "server.log", F_OK, 0), -1);
}

static void waits_for_nothing(void **state)
{
    struct server *server = *state;
    char said[8192];

    fake(server, "hang");
    server_open(server, NULL);
    pid_t launcher = server->run->start.launcher;
    assert_true(launcher > 0);
    UNTIL(server, (read_said(server, "said", said, sizeof said), strstr(said, "pid ")));
    server->run->start.next_ns = INT64_MIN; /* not one more while that one has not ended */
    for (int i = 0; i < 50; i++)
        look(server);
    assert_int_equal(server->run->start.launcher, launcher);
    assert_int_equal(kill(launcher, 0), 0);
    read_said(server, "said", said, sizeof said);
    assert_int_equal(count(said, "args "), 1);
}

static void starts_another_one_for_one_that_is_lost(void **state)
{
    struct server *server = *state;

    fake(server, "listen");
    server_open(server, NULL);
    for (int i = 0; i < 2; i++) {
        UNTIL(server, is_connected(server) && server->run->start.launcher == 0);
        look(server);
        assert_true(server->run->start.delay_ns == INT64_C(1000000000));
        pid_t pid = holder_of_lock(server);
        kill_server(server);
        UNTIL(server, holder_of_lock(server) > 0);
        assert_int_not_equal(holder_of_lock(server), pid);
    }
}

static void *resume_when_served(void *context)
{
    struct server *server = context;
    struct mailbox_request resume = {
        .ticket = 2, .kind = MAILBOX_RESUME, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP};
    int64_t until_ns = clock_monotonic_ns() + PATIENCE_NS;

    while (holder_of_lock(server) <= 0 && clock_monotonic_ns() < until_ns)
        nap();
    return mailbox_post(&server->mailbox, &resume, NULL) == 0 ? server : NULL;
}

static void starts_another_one_while_paused(void **state)
{
    struct server *server = *state;
    pthread_t thread;
    int64_t step = 1;
    void *done;

    fake(server, "fail");
    server_open(server, NULL);
    UNTIL(server, server->run->start.launcher == 0);
    setenv("FAKE", "listen", 1);
    (void)server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(pthread_create(&thread, NULL, resume_when_served, server), 0);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    assert_true(holder_of_lock(server) > 0);
}

static void tries_less_and_less_often(void **state)
{
    struct server *server = *state;
    static const int64_t delays[] = {2, 4, 8, 16, 32, 60, 60};
    char said[16384];

    fake(server, "fail");
    server_open(server, NULL);
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        UNTIL(server, server->run->start.launcher == 0);
        assert_true(server->run->start.delay_ns == delays[i] * INT64_C(1000000000));
        int64_t now_ns = clock_monotonic_ns(), waits_ns = server->run->start.next_ns - now_ns;
        assert_true(waits_ns < (i == 0 ? 1 : delays[i - 1]) * INT64_C(1000000000));
        server->run->start.next_ns = INT64_MIN;
        look(server);
    }
    UNTIL(server, server->run->start.launcher == 0);
    read_said(server, "said", said, sizeof said);
    assert_int_equal(count(said, "args "), 1 + (int)(sizeof delays / sizeof *delays));
}

static void a_forked_child_starts_none(void **state)
{
    struct server *server = *state;
    char said[8192];
    int status;

    fake(server, "fail");
    server_open(server, NULL);
    UNTIL(server, server->run->start.launcher == 0);
    server->run->start.next_ns = INT64_MIN;
    pid_t child = fork();
    if (child == 0) {
        for (int64_t step = 0; step < 5000; step++)
            (void)trimtab_control_point(server->run, &step);
        trimtab_close(server->run);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    read_said(server, "said", said, sizeof said);
    assert_int_equal(count(said, "args "), 1);
}

/* The program's own handling of its children is not in the way. */
static void children_may_be_ignored(void **state)
{
    struct server *server = *state;
    void (*handler)(int) = signal(SIGCHLD, SIG_IGN);

    fake(server, "fail");
    server_open(server, NULL);
    UNTIL(server, server->run->start.launcher == 0);
    signal(SIGCHLD, handler);
}

static void a_log_that_is_no_file_is_not_waited_for(void **state)
{
    struct server *server = *state;
    char said[4096];

    fake(server, "fail");
    assert_int_equal(folder_open(&server->folder, server->path, false, NULL), 0);
    assert_int_equal(mkfifoat(server->folder.run_fd, "server.log", 0600), 0);
    server_open(server, NULL);
    UNTIL(server, server->run->start.launcher == 0);
    read_said(server, "said", said, sizeof said);
    assert_non_null(strstr(said, "\nout /dev/null\n"));
}

/* ---- the line on standard error ---- */

/* Opens in a child, its standard error being a pipe; gives what it printed. */
static void printed(struct server *server, void (*body)(struct server *), bool quiet, char *said, size_t size)
{
    trimtab_options options = {.run = server->path, .quiet = quiet};
    int ends[2], status;
    size_t length = 0;
    ssize_t got;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        server->run = trimtab_open(&options);
        body(server);
        trimtab_close(server->run);
        _exit(0);
    }
    close(ends[1]);
    while (length < size - 1 && (got = read(ends[0], said + length, size - 1 - length)) > 0)
        length += (size_t)got;
    said[length] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void run_until_connected(struct server *server)
{
    int64_t until_ns = clock_monotonic_ns() + PATIENCE_NS;

    while (!is_connected(server) && clock_monotonic_ns() < until_ns) {
        int64_t step = 1;
        server->run->pulse.next_try_ns = INT64_MIN;
        server->run->countdown = 0;
        (void)trimtab_control_point(server->run, &step);
        nap();
    }
    for (int64_t step = 2; step < 5000; step++)
        (void)trimtab_control_point(server->run, &step);
}

static void run_beyond_patience(struct server *server)
{
    for (int64_t step = 1; step < 100; step++) {
        server->run->notice.until_ns = INT64_MIN;
        server->run->countdown = 0;
        (void)trimtab_control_point(server->run, &step);
    }
    fprintf(stderr, "after it\n");
}

static void run_not(struct server *server)
{
    (void)server;
}

static void prints_the_address_once(void **state)
{
    struct server *server = *state;
    char said[4096];

    fake(server, "listen");
    printed(server, run_until_connected, false, said, sizeof said);
    assert_int_equal(count(said, "\n"), 1);
    assert_non_null(strstr(said, "trimtab: recording "));
    assert_non_null(strstr(said, "; steer it at 127.0.0.1:7999 (from elsewhere: ssh -L 7999:127.0.0.1:7999 "));
    kill_server(server);
    printed(server, run_until_connected, true, said, sizeof said);
    assert_string_equal(said, "");
}

static void says_where_to_look_where_none_came(void **state)
{
    struct server *server = *state;
    char said[4096];

    fake(server, "fail");
    printed(server, run_beyond_patience, false, said, sizeof said);
    assert_int_equal(count(said, "\n"), 2);
    assert_non_null(strstr(said, "; no server yet: "));
    assert_non_null(strstr(said, "/run/server.log may tell why; what is logged is kept all the same\nafter it\n"));
    printed(server, run_not, false, said, sizeof said); /* at close at the latest */
    assert_int_equal(count(said, "\n"), 1);
    assert_non_null(strstr(said, "; no server yet: "));
    setenv("TRIMTAB_SERVER", "/nonexistent/trimtab", 1);
    printed(server, run_not, false, said, sizeof said);
    assert_int_equal(count(said, "\n"), 1);
    assert_non_null(strstr(said,
                           "; no server: $TRIMTAB_SERVER names /nonexistent/trimtab, which is no program that can "
                           "be run; what is logged is kept all the same\n"));
    setenv("TRIMTAB_SERVER", program, 1); /* a trainer that started itself would never end */
    printed(server, run_not, false, said, sizeof said);
    assert_non_null(strstr(said, "which is no program that can be run"));
    setenv("TRIMTAB_SERVER", "off", 1);
    printed(server, run_not, false, said, sizeof said);
    assert_non_null(strstr(said, "; no server yet (trimtab serve --run "));
}

/* ---- where the program is found ---- */

static void make_folder(const struct server *server, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", server->temporary, name);
    assert_int_equal(file_make_folders(path, 0700, NULL), 0);
}

/* A copy of this program in at/lib/deep: what is beside it is known. */
static void copy_program(const struct server *server, char copy[PATH_MAX])
{
    char folder[PATH_MAX], command[2 * PATH_MAX + 16];

    make_folder(server, "at/lib/deep", folder);
    snprintf(copy, PATH_MAX, "%s/at/lib/deep/trainer", server->temporary);
    snprintf(command, sizeof command, "cp '%s' '%s'", program, copy);
    assert_int_equal(system(command), 0);
}

/* What the copy prints when it opens the run. */
static void open_by_copy(const struct server *server, const char *copy, char *said, size_t size)
{
    char command[3 * PATH_MAX];

    snprintf(command, sizeof command, "'%s' --open '%s' 2>&1", copy, server->path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    said[fread(said, 1, size - 1, pipe)] = 0;
    assert_int_equal(pclose(pipe), 0);
}

/* The folders of $PATH in which the program does not lie; allocated. */
static char *path_without_program(void)
{
    char *folders = strdup(getenv("PATH") ? getenv("PATH") : "");
    char *kept = calloc(1, strlen(folders) + 2);
    char candidate[PATH_MAX];

    for (char *rest = folders, *folder; (folder = strsep(&rest, ":"));) {
        snprintf(candidate, sizeof candidate, "%s/trimtab", folder);
        if (*folder != '/' || access(candidate, F_OK) == 0)
            continue;
        strcat(kept, *kept ? ":" : "");
        strcat(kept, folder);
    }
    free(folders);
    return kept;
}

static void finds_the_program(void **state)
{
    struct server *server = *state;
    static const char *const folders[] = {"at/lib/deep", "at/lib/bin", "at/bin", "at/lib", "at", "path"};
    char copy[PATH_MAX], folder[PATH_MAX], script[PATH_MAX + 16], said[4096], expected[PATH_MAX + 64];
    char *before = strdup(getenv("PATH") ? getenv("PATH") : "");
    char *without = path_without_program();

    assert_int_equal(folder_open(&server->folder, server->path, false, NULL), 0);
    unsetenv("TRIMTAB_SERVER");
    setenv("FAKE", "fail", 1);
    copy_program(server, copy);
    make_folder(server, "path", folder);
    snprintf(expected, sizeof expected, "%s:relative::%s", without, folder);
    setenv("PATH", expected, 1);
    free(without);
    open_by_copy(server, copy, said, sizeof said);
    assert_non_null(strstr(said,
                           "; no server: the program trimtab was not found beside the library nor on PATH; what is "
                           "logged is kept all the same\n"));
    for (size_t i = sizeof folders / sizeof *folders; i-- > 0;) { /* each one before those that were tried */
        make_folder(server, folders[i], folder);
        snprintf(script, sizeof script, "%s/trimtab", folder);
        write_script(script);
        open_by_copy(server, copy, said, sizeof said);
        assert_non_null(realpath(script, folder));
        snprintf(expected, sizeof expected, "\nway %s\n", folder);
        read_said(server, "said", said, sizeof said);
        assert_non_null(strstr(said, expected));
        assert_int_equal(unlinkat(server->folder.run_fd, "said", 0), 0);
    }
    setenv("PATH", before, 1);
    free(before);
}

/* --open RUN: prints which program was started. */
static int open_main(const char *path)
{
    trimtab_options options = {.run = path};
    trimtab_run *run = trimtab_open(&options);
    int status = 0;

    if (run->start.launcher > 0)
        (void)waitpid(run->start.launcher, &status, 0);
    run->start.launcher = 0;
    trimtab_close(run);
    return 0;
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, server_setup, teardown)

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--fake") == 0)
        return fake_main(argc, argv);
    if (argc == 3 && strcmp(argv[1], "--open") == 0)
        return open_main(argv[2]);
    if (!realpath("/proc/self/exe", program))
        return 1;
    const struct CMUnitTest tests[] = {
        TEST(starts_one_where_none_runs),
        TEST(starts_none_where_one_runs),
        TEST(starts_none_where_none_is_wanted),
        TEST(waits_for_nothing),
        TEST(starts_another_one_for_one_that_is_lost),
        TEST(starts_another_one_while_paused),
        TEST(tries_less_and_less_often),
        TEST(a_forked_child_starts_none),
        TEST(children_may_be_ignored),
        TEST(a_log_that_is_no_file_is_not_waited_for),
        TEST(prints_the_address_once),
        TEST(says_where_to_look_where_none_came),
        TEST(finds_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
