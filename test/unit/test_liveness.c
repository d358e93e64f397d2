#include "channel/liveness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp.h"
#include "unit.h"

static struct holder holder_of(pid_t pid, uint64_t ordinal)
{
    struct holder holder = {.pid = pid, .ordinal = ordinal};
    memset(&holder.incarnation, (int)ordinal + 0x10, sizeof holder.incarnation);
    return holder;
}

/* A child that takes the lock, says so with one byte, and keeps it until it is killed. */
static pid_t hold_in_a_child(const struct temp *temp, uint64_t ordinal)
{
    int ends[2];
    char ready;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct holder mine = holder_of(getpid(), ordinal);
        int fd = lock_take(temp->fd, "trainer", NULL, NULL);
        if (fd < 0 || lock_name(fd, &mine, NULL) < 0 || write(ends[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    return child;
}

static void end_child(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void the_file_names_its_holder(void **state)
{
    struct temp *temp = *state;
    struct holder mine = holder_of(getpid(), HOLDER_ORDINAL_MAX - 1), last;
    struct stat status;
    int fd = lock_take(temp->fd, "trainer", &last, NULL);
    assert_true(fd >= 0);
    assert_int_equal(last.pid, 0);
    assert_int_equal(last.ordinal, 0);
    assert_int_equal(lock_name(fd, &mine, NULL), 0);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    off_t size = status.st_size;
    lock_free(fd);
    lock_free(-1);
    fd = lock_take(temp->fd, "trainer", &last, NULL);
    assert_true(fd >= 0);
    assert_int_equal(last.pid, getpid());
    assert_int_equal(last.ordinal, HOLDER_ORDINAL_MAX - 1);
    assert_true(incarnation_same(&last.incarnation, &mine.incarnation));
    mine = holder_of(1, 1);
    assert_int_equal(lock_name(fd, &mine, NULL), 0);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, size);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    lock_free(fd);
}

static void the_trainers_file_names_its_run(void **state)
{
    struct temp *temp = *state;
    struct holder mine = holder_of(getpid(), 3), look;
    char longest[UTF8_NAME_MAX + 1];
    memset(longest, 'n', UTF8_NAME_MAX);
    longest[UTF8_NAME_MAX] = '\0';
    const char *const names[] = {longest, "two words", "", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int fd = lock_take(temp->fd, "trainer", NULL, NULL);
        snprintf(mine.run, sizeof mine.run, "%s", names[i]);
        assert_int_equal(lock_name(fd, &mine, NULL), 0);
        lock_free(fd);
        assert_int_equal(lock_look(temp->fd, "trainer", &look, NULL), 0);
        assert_string_equal(look.run, names[i]);
        assert_int_equal(look.ordinal, 3);
    }
}

/* What nobody wrote so is no name; who held it is still known. */
static void a_name_that_is_none_is_not_believed(void **state)
{
    struct temp *temp = *state;
    struct holder mine = holder_of(getpid(), 3), look;
    static const char *const tails[] = {"cut", "a\tb\n", "\xff\n", "\n", ""};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        int fd = lock_take(temp->fd, "trainer", NULL, NULL);
        assert_int_equal(lock_name(fd, &mine, NULL), 0);
        off_t end = lseek(fd, 0, SEEK_END);
        assert_int_equal(pwrite(fd, tails[i], strlen(tails[i]), end), (ssize_t)strlen(tails[i]));
        lock_free(fd);
        assert_int_equal(lock_look(temp->fd, "trainer", &look, NULL), 0);
        assert_string_equal(look.run, "");
        assert_int_equal(look.ordinal, 3);
    }
    int fd = openat(temp->fd, "trainer", O_WRONLY | O_APPEND);
    for (int i = 0; i < 200; i++)
        assert_int_equal(write(fd, "n", 1), 1);
    close(fd);
    assert_int_equal(lock_look(temp->fd, "trainer", &look, NULL), 0);
    assert_string_equal(look.run, "");
}

static void a_second_holder_is_refused_with_the_first_ones_pid(void **state)
{
    struct temp *temp = *state;
    struct holder last, look;
    struct err err;
    pid_t child = hold_in_a_child(temp, 4);
    assert_int_equal(lock_take(temp->fd, "trainer", &last, &err), ERR_BUSY);
    assert_int_equal(last.pid, child);
    assert_int_equal(last.ordinal, 4);
    assert_non_null(strstr(err.text, "locked by process"));
    assert_int_equal(lock_take(temp->fd, "trainer", NULL, NULL), ERR_BUSY);
    assert_int_equal(lock_look(temp->fd, "trainer", &look, NULL), 0);
    assert_int_equal(look.pid, child);
    assert_int_equal(look.ordinal, 4);
    assert_true(incarnation_same(&look.incarnation, &last.incarnation));
    end_child(child);
    /* Freed by the kernel; what the file says stays. */
    assert_int_equal(lock_look(temp->fd, "trainer", &look, NULL), 0);
    assert_int_equal(look.pid, 0);
    assert_int_equal(look.ordinal, 4);
    int fd = lock_take(temp->fd, "trainer", &last, NULL);
    assert_true(fd >= 0);
    assert_int_equal(last.pid, child);
    lock_free(fd);
}

static void the_kernels_pid_counts_not_the_files(void **state)
{
    struct temp *temp = *state;
    struct holder look;
    pid_t child = hold_in_a_child(temp, 4);
    int fd = openat(temp->fd, "trainer", O_RDWR);
    assert_int_equal(pwrite(fd, "1       ", 8, 0), 8);
    close(fd);
    assert_int_equal(lock_look(temp->fd, "trainer", &look, NULL), 0);
    assert_int_equal(look.pid, child);
    end_child(child);
}

static void a_forked_child_does_not_hold_it(void **state)
{
    struct temp *temp = *state;
    struct holder look;
    int status, fd = lock_take(temp->fd, "trainer", NULL, NULL);
    assert_true(fd >= 0);
    pid_t child = fork();
    if (child == 0) {
        /* To the child it is another's; closing its copy does not free it. */
        int code = lock_take(temp->fd, "trainer", &look, NULL);
        close(fd);
        _exit(code == ERR_BUSY && look.pid == getppid() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    child = fork();
    if (child == 0)
        _exit(lock_look(temp->fd, "trainer", &look, NULL) == 0 && look.pid == getppid() ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    lock_free(fd);
}

static void looking_where_nobody_is(void **state)
{
    struct temp *temp = *state;
    struct holder look = holder_of(5, 5);
    struct err err;
    assert_int_equal(lock_look(temp->fd, "lock", &look, &err), ERR_MISSING);
    assert_int_equal(look.pid, 0);
    assert_int_equal(look.ordinal, 0);
    int fd = openat(temp->fd, "lock", O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "\xff garbage that is no holder at all", 30), 30);
    close(fd);
    assert_int_equal(lock_look(temp->fd, "lock", &look, &err), 0);
    assert_int_equal(look.pid, 0);
    assert_int_equal(look.ordinal, 0);
    assert_int_equal(lock_take(-1, "lock", NULL, &err), ERR_SYSTEM);
}

static void a_process_is_watched_to_its_end(void **state)
{
    (void)state;
    struct err err;
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    int fd = process_watch(child, &err);
    assert_true(fd >= 0);
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&watched, 1, 0), 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(poll(&watched, 1, -1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(fd);
    assert_int_equal(process_watch(child, &err), ERR_MISSING);
    assert_int_equal(process_watch(-1, &err), ERR_SYSTEM);
}

static void a_forked_child_sees_no_mark(void **state)
{
    (void)state;
    int status;
    uint8_t *mark = fork_mark_create();
    if (!mark)
        skip(); /* before Linux 4.14 */
    assert_int_equal(*mark, 1);
    pid_t child = fork();
    if (child == 0)
        _exit(*mark);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(*mark, 1);
    fork_mark_destroy(mark);
    fork_mark_destroy(NULL);
}

/* ---- runs ---- */

/* A run of this name that was trained, and whose trainer began so many seconds after the epoch. */
static int make_run(const struct temp *temp, const char *name, time_t began)
{
    char path[160];
    struct timespec times[2] = {{.tv_sec = began}, {.tv_sec = began}};
    snprintf(path, sizeof path, "%s/gpt", temp->path);
    assert_true(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
    snprintf(path, sizeof path, "%s/gpt/%s", temp->path, name);
    assert_int_equal(mkdir(path, 0700), 0);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(mkdirat(fd, "journal", 0700), 0);
    assert_int_equal(mkdirat(fd, "journal/0", 0700), 0);
    if (began > 0) {
        lock_free(lock_take(fd, "trainer", NULL, NULL));
        assert_int_equal(utimensat(fd, "trainer", times, 0), 0);
    }
    return fd;
}

static void assert_newest(const struct temp *temp, const char *name)
{
    char path[PATH_MAX], expected[160];
    struct err err;
    int code = run_newest_left("gpt", NULL, path, &err);
    snprintf(expected, sizeof expected, "%s/gpt/%s", temp->path, name ? name : "");
    if (name)
        assert_string_equal(path, expected);
    assert_int_equal(code, name ? 0 : ERR_MISSING);
    if (!name)
        assert_non_null(strstr(err.text, "no run named gpt in "));
}

static void the_newest_run_that_nobody_trains(void **state)
{
    struct temp *temp = *state;
    setenv("TRIMTAB_HOME", temp->path, 1);
    assert_newest(temp, NULL);
    int never = make_run(temp, "never", 0); /* served perhaps, but not trained */
    assert_newest(temp, NULL);
    int older = make_run(temp, "older", 1000), newer = make_run(temp, "newer", 2000);
    assert_newest(temp, "newer");
    struct temp at_newer = {.fd = newer};
    pid_t child = hold_in_a_child(&at_newer, 3);
    assert_newest(temp, "older");
    end_child(child);
    assert_newest(temp, "newer");
    /* One that this very process trains: looking must not cost it its lock. */
    int fd = lock_take(newer, "trainer", NULL, NULL);
    assert_true(fd >= 0);
    assert_newest(temp, "older");
    child = fork();
    if (child == 0) {
        struct holder look;
        _exit(lock_look(newer, "trainer", &look, NULL) == 0 && look.pid == getppid() ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    lock_free(fd);
    close(never);
    close(older);
    close(newer);
    unsetenv("TRIMTAB_HOME");
}

static void call_it(int fd, const char *name, time_t began)
{
    struct holder trainer = holder_of(getpid(), 1);
    struct timespec times[2] = {{.tv_sec = began}, {.tv_sec = began}};
    int lock = lock_take(fd, "trainer", NULL, NULL);
    snprintf(trainer.run, sizeof trainer.run, "%s", name);
    assert_int_equal(lock_name(lock, &trainer, NULL), 0);
    lock_free(lock);
    assert_int_equal(utimensat(fd, "trainer", times, 0), 0);
    close(fd);
}

static void the_newest_run_of_a_name(void **state)
{
    struct temp *temp = *state;
    char path[PATH_MAX], expected[160];
    struct err err;
    setenv("TRIMTAB_HOME", temp->path, 1);
    assert_int_equal(run_newest_named("a", path, &err), ERR_MISSING);
    assert_string_equal(path, "");
    call_it(make_run(temp, "1", 1), "a", 1000);
    call_it(make_run(temp, "2", 1), "b", 2000);
    call_it(make_run(temp, "3", 1), "a", 3000);
    call_it(make_run(temp, "4", 1), "b", 4000);
    call_it(make_run(temp, "5", 1), "", 5000);
    snprintf(expected, sizeof expected, "%s/gpt/3", temp->path);
    assert_int_equal(run_newest_left("gpt", "a", path, &err), 0);
    assert_string_equal(path, expected);
    assert_int_equal(run_newest_named("a", path, &err), 0);
    assert_string_equal(path, expected);
    assert_int_equal(run_newest_left("gpt", "c", path, &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "no run named c in "));
    assert_int_equal(run_newest_named("c", path, &err), ERR_MISSING);
    assert_int_equal(run_newest_left("other", "a", path, &err), ERR_MISSING);
    assert_int_equal(run_newest_left("gpt", "gpt", path, &err), 0); /* the one that does not say: the folder's name */
    snprintf(expected, sizeof expected, "%s/gpt/5", temp->path);
    assert_string_equal(path, expected);
    unsetenv("TRIMTAB_HOME");
    assert_int_equal(run_newest_named("a", path, &err), ERR_MISSING); /* there is no ./trimtab-runs */
}

static void a_run_is_held_by_trainer_or_server(void **state)
{
    struct temp *temp = *state;
    static const char *const names[] = {"trainer", "lock"};
    int status;
    assert_false(run_is_held("/nonexistent"));
    assert_false(run_is_held(temp->path));
    pid_t child = hold_in_a_child(temp, 2);
    assert_true(run_is_held(temp->path));
    end_child(child);
    assert_false(run_is_held(temp->path));
    for (int i = 0; i < 2; i++) {
        int fd = lock_take(temp->fd, names[i], NULL, NULL);
        assert_true(lock_is_ours(temp->fd, names[i]));
        assert_false(lock_is_ours(temp->fd, names[1 - i]));
        assert_true(run_is_held(temp->path));
        child = fork();
        if (child == 0) /* the parent looked, and still has it */
            _exit(run_is_held(temp->path) ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        lock_free(fd);
        assert_false(run_is_held(temp->path));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_file_names_its_holder),
        TEST(the_trainers_file_names_its_run),
        TEST(a_name_that_is_none_is_not_believed),
        TEST(a_second_holder_is_refused_with_the_first_ones_pid),
        TEST(the_kernels_pid_counts_not_the_files),
        TEST(a_forked_child_does_not_hold_it),
        TEST(looking_where_nobody_is),
        TEST(the_newest_run_that_nobody_trains),
        TEST(the_newest_run_of_a_name),
        TEST(a_run_is_held_by_trainer_or_server),
        cmocka_unit_test(a_process_is_watched_to_its_end),
        cmocka_unit_test(a_forked_child_sees_no_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
