#include "base/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "temp.h"
#include "unit.h"

/* The state folder of these tests is STATE in the temporary folder, never the user's. */
static int setup(void **state)
{
    char path[128];
    if (temp_setup(state) < 0)
        return -1;
    struct temp *temp = *state;
    snprintf(path, sizeof path, "%s/STATE", temp->path);
    setenv("XDG_STATE_HOME", path, 1);
    setenv("TRIMTAB_HOME", temp->path, 1);
    unsetenv("TRIMTAB_RUN");
    unsetenv("TRIMTAB_FORCE_NOT_LOCAL");
    return 0;
}

static const char *in_temp(const struct temp *temp, const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", temp->path, name);
    return path;
}

static void open_fresh(struct folder *folder, const struct temp *temp, const char *name)
{
    struct err err = {0};
    int code = folder_open(folder, in_temp(temp, name), false, &err);
    if (code < 0)
        fail_msg("%s", err.text);
}

/* ---- choosing ---- */

static void given_then_environment(void **state)
{
    (void)state;
    char path[PATH_MAX];
    setenv("TRIMTAB_RUN", "/from/environment", 1);
    assert_int_equal(folder_choose("/given", "n", path, NULL), 0);
    assert_string_equal(path, "/given");
    assert_int_equal(folder_choose(NULL, "n", path, NULL), 0);
    assert_string_equal(path, "/from/environment");
    assert_int_equal(folder_choose("", "n", path, NULL), ERR_INVALID);
}

static void fresh_is_home_name_and_time(void **state)
{
    struct temp *temp = *state;
    char path[PATH_MAX], expected[PATH_MAX];
    int parts[6];
    assert_int_equal(folder_choose(NULL, "a/b c", path, NULL), 0);
    snprintf(expected, sizeof expected, "%s/a-b-c/", temp->path);
    assert_memory_equal(path, expected, strlen(expected));
    const char *stamp = path + strlen(expected);
    assert_int_equal(strlen(stamp), 15);
    assert_int_equal(sscanf(stamp, "%4d%2d%2d-%2d%2d%2d", parts, parts + 1, parts + 2, parts + 3, parts + 4, parts + 5),
                     6);
    assert_true(parts[0] >= 2024 && parts[1] >= 1 && parts[1] <= 12 && parts[3] < 24);
    assert_int_equal(access(path, F_OK), -1); /* nothing is made yet */
    unsetenv("TRIMTAB_HOME");
    assert_int_equal(folder_choose(NULL, "..", path, NULL), 0);
    assert_memory_equal(path, "trimtab-runs/-./", 16);
    assert_int_equal(folder_choose(NULL, NULL, path, NULL), 0);
    assert_memory_equal(path, "trimtab-runs/run/", 17);
}

static void a_taken_name_gets_a_suffix(void **state)
{
    (void)state;
    char first[PATH_MAX], second[PATH_MAX], third[PATH_MAX];
    /* Again where a second passed between the three. */
    do {
        assert_int_equal(folder_choose(NULL, "x", first, NULL), 0);
        assert_int_equal(file_make_folders(first, 0700, NULL), 0);
        assert_int_equal(folder_choose(NULL, "x", second, NULL), 0);
        assert_int_equal(file_make_folders(second, 0700, NULL), 0);
        assert_int_equal(folder_choose(NULL, "x", third, NULL), 0);
    } while (strncmp(third, first, strlen(first)) != 0 || strncmp(second, first, strlen(first)) != 0);
    assert_string_equal(second + strlen(first), "-2");
    assert_string_equal(third + strlen(first), "-3");
}

static void too_long_is_refused(void **state)
{
    (void)state;
    char path[PATH_MAX], longer[2 * PATH_MAX];
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(folder_choose(longer, "n", path, NULL), ERR_INVALID);
    setenv("TRIMTAB_HOME", longer, 1);
    assert_int_equal(folder_choose(NULL, "n", path, NULL), ERR_INVALID);
    setenv("TRIMTAB_HOME", "h", 1);
    assert_int_equal(folder_choose(NULL, longer, path, NULL), 0);
    assert_int_equal(strlen(path), 2 + 128 + 1 + 15);
}

/* ---- opening ---- */

static void open_makes_a_private_run(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    struct stat run, local;
    open_fresh(&folder, temp, "deep/er/run");
    assert_true(folder.path[0] == '/');
    assert_int_equal(fstat(folder.run_fd, &run), 0);
    assert_int_equal(fstat(folder.local_fd, &local), 0);
    assert_int_equal(run.st_mode & 0777, 0700);
    assert_true(folder.is_local);
    assert_int_equal(run.st_ino, local.st_ino);
    assert_int_equal(faccessat(folder.run_fd, "journal/0", F_OK, 0), 0);
    folder_close(&folder);
    folder_close(&folder);
    assert_int_equal(folder.run_fd, -1);
    assert_int_equal(folder.local_fd, -1);
}

static void must_exist_makes_nothing(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    struct err err;
    assert_int_equal(folder_open(&folder, in_temp(temp, "none"), true, &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "no run at"));
    assert_int_equal(temp_entries(temp->fd), 0);
    assert_int_equal(mkdirat(temp->fd, "empty", 0700), 0);
    assert_int_equal(folder_open(&folder, in_temp(temp, "empty"), true, &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "is not the folder of a run"));
    assert_int_equal(temp_entries(temp->fd), 1);
    open_fresh(&folder, temp, "empty");
    folder_close(&folder);
    assert_int_equal(folder_open(&folder, in_temp(temp, "empty"), true, &err), 0);
    folder_close(&folder);
    /* A run that is over may be nothing but its history. */
    assert_int_equal(mkdirat(temp->fd, "old", 0700), 0);
    assert_int_equal(close(openat(temp->fd, "old/run.db", O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(folder_open(&folder, in_temp(temp, "old"), true, &err), 0);
    folder_close(&folder);
}

static void the_path_is_absolute_and_resolved(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    struct err err;
    char before[PATH_MAX];
    open_fresh(&folder, temp, "run");
    folder_close(&folder);
    assert_int_equal(symlinkat("run", temp->fd, "alias"), 0);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(fchdir(temp->fd), 0);
    assert_int_equal(folder_open(&folder, "./alias/../alias", true, &err), 0);
    assert_int_equal(chdir(before), 0);
    assert_string_equal(folder.path, in_temp(temp, "run"));
    folder_close(&folder);
}

/* ---- where RUN is not local ---- */

static void remove_local(const char *path)
{
    char parent[64];
    temp_remove(AT_FDCWD, path);
    snprintf(parent, sizeof parent, "/var/tmp/trimtab-%u", (unsigned)geteuid());
    rmdir(parent); /* stays where another run lives there */
}

static void read_local(const struct temp *temp, char path[PATH_MAX])
{
    assert_true(file_read_small(temp->fd, "run/local", path, PATH_MAX, NULL) > 0);
}

static void a_run_elsewhere_has_a_local_part(void **state)
{
    struct temp *temp = *state;
    struct folder folder, again;
    struct stat local, named;
    char path[PATH_MAX], prefix[64];
    setenv("TRIMTAB_FORCE_NOT_LOCAL", "1", 1);
    open_fresh(&folder, temp, "run");
    assert_false(folder.is_local);
    read_local(temp, path);
    snprintf(prefix, sizeof prefix, "/var/tmp/trimtab-%u/", (unsigned)geteuid());
    assert_memory_equal(path, prefix, strlen(prefix));
    assert_int_equal(strlen(path), strlen(prefix) + 16);
    assert_int_equal(fstat(folder.local_fd, &local), 0);
    assert_int_equal(stat(path, &named), 0);
    assert_int_equal(local.st_ino, named.st_ino);
    assert_int_equal(local.st_mode & 0777, 0700);
    assert_int_equal(faccessat(folder.local_fd, "journal/0", F_OK, 0), 0);
    assert_int_equal(faccessat(folder.run_fd, "journal", F_OK, 0), -1);
    /* The second to open it, with or without the right to make it, comes to the same place. */
    open_fresh(&again, temp, "run");
    assert_int_equal(fstat(again.local_fd, &named), 0);
    assert_int_equal(local.st_ino, named.st_ino);
    folder_close(&again);
    assert_int_equal(folder_open(&again, in_temp(temp, "run"), true, NULL), 0);
    assert_int_equal(fstat(again.local_fd, &named), 0);
    assert_int_equal(local.st_ino, named.st_ino);
    folder_close(&again);
    folder_close(&folder);
    remove_local(path);
}

static void a_lost_local_part_is_made_again(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    char path[PATH_MAX], again[PATH_MAX];
    setenv("TRIMTAB_FORCE_NOT_LOCAL", "1", 1);
    open_fresh(&folder, temp, "run");
    folder_close(&folder);
    read_local(temp, path);
    remove_local(path);
    /* To read on, with RUN alone: only if it holds a history. */
    assert_int_equal(folder_open(&folder, in_temp(temp, "run"), true, NULL), ERR_MISSING);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(close(openat(temp->fd, "run/run.db", O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(folder_open(&folder, in_temp(temp, "run"), true, NULL), 0);
    folder_close(&folder);
    open_fresh(&folder, temp, "run");
    read_local(temp, again);
    assert_string_equal(path, again);
    assert_int_equal(access(path, F_OK), 0);
    folder_close(&folder);
    remove_local(path);
}

static void refuse_local(const struct temp *temp, int expected)
{
    struct folder folder;
    struct err err = {0};
    assert_int_equal(folder_open(&folder, in_temp(temp, "run"), false, &err), expected);
    assert_int_equal(err.code, expected);
    assert_int_equal(folder.run_fd, -1);
}

static void a_local_part_of_others_is_refused(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    char path[PATH_MAX];
    setenv("TRIMTAB_FORCE_NOT_LOCAL", "1", 1);
    open_fresh(&folder, temp, "run");
    folder_close(&folder);
    read_local(temp, path);
    assert_int_equal(chmod(path, 0755), 0);
    refuse_local(temp, ERR_INVALID);
    remove_local(path);
    assert_int_equal(file_make_folders(path, 0700, NULL), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink(temp->path, path), 0);
    refuse_local(temp, ERR_SYSTEM);
    assert_int_equal(unlink(path), 0);
    remove_local(path);
    int run_fd = openat(temp->fd, "run", O_RDONLY | O_DIRECTORY);
    char short_id[64], long_id[64];
    snprintf(short_id, sizeof short_id, "/var/tmp/trimtab-%u/0123", (unsigned)geteuid());
    snprintf(long_id, sizeof long_id, "/var/tmp/trimtab-%u/0123456789abcdef0", (unsigned)geteuid());
    const char *hostile[] = {"/etc", "", "/var/tmp/trimtab-1/../../etc", "relative", short_id, long_id};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        assert_int_equal(file_replace(run_fd, "local", 0600, hostile[i], strlen(hostile[i]), NULL), 0);
        refuse_local(temp, ERR_DAMAGED);
    }
    close(run_fd);
}

/* ---- known runs ---- */

struct seen {
    int count, stop_at;
    char path[8][PATH_MAX];
};

static int see(void *context, const char *path)
{
    struct seen *seen = context;
    snprintf(seen->path[seen->count], PATH_MAX, "%s", path);
    seen->count++;
    return seen->count == seen->stop_at ? 42 : 0;
}

/* The age of a link, so that the order does not hang on the clock's grain. */
static void set_age(const struct temp *temp, const char *run, time_t seconds)
{
    char links[PATH_MAX], target[PATH_MAX];
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    snprintf(links, sizeof links, "%s/STATE/trimtab/runs", temp->path);
    int fd = open(links, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    char command[PATH_MAX + 64];
    snprintf(command, sizeof command, "ls -A '%s' | grep -- '-%s-'", links, run);
    FILE *list = popen(command, "r");
    assert_non_null(list);
    assert_non_null(fgets(target, sizeof target, list));
    assert_null(fgets(command, sizeof command, list)); /* one link a run */
    pclose(list);
    target[strcspn(target, "\n")] = '\0';
    assert_int_equal(utimensat(fd, target, times, AT_SYMLINK_NOFOLLOW), 0);
    close(fd);
}

static void opened_runs_are_known_newest_first(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    const char *names[] = {"one", "two", "three"};
    static struct seen seen;
    seen = (struct seen){0};
    assert_int_equal(folder_each_known(see, &seen), 0);
    assert_int_equal(seen.count, 0);
    for (int i = 0; i < 3; i++) {
        open_fresh(&folder, temp, names[i]);
        folder_close(&folder);
        set_age(temp, names[i], 1000 + i);
    }
    assert_int_equal(folder_each_known(see, &seen), 0);
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.path[0], in_temp(temp, "three"));
    assert_string_equal(seen.path[1], in_temp(temp, "two"));
    assert_string_equal(seen.path[2], in_temp(temp, "one"));
    /* Opened again, the oldest becomes the newest, under the same link. */
    open_fresh(&folder, temp, "one");
    folder_close(&folder);
    seen = (struct seen){.stop_at = 2};
    assert_int_equal(folder_each_known(see, &seen), 42);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.path[0], in_temp(temp, "one"));
    set_age(temp, "one", 1);
}

static void the_link_of_a_removed_run_goes(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    static struct seen seen;
    seen = (struct seen){0};
    open_fresh(&folder, temp, "gone");
    folder_close(&folder);
    temp_remove(temp->fd, "gone");
    int links = openat(temp->fd, "STATE/trimtab/runs", O_RDONLY | O_DIRECTORY);
    assert_int_equal(temp_entries(links), 1);
    assert_int_equal(folder_each_known(see, &seen), 0);
    assert_int_equal(seen.count, 0);
    assert_int_equal(temp_entries(links), 0);
    close(links);
}

static void links_lie_under_home_without_xdg(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    char *before = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    setenv("HOME", temp->path, 1);
    setenv("XDG_STATE_HOME", "relative", 1);
    open_fresh(&folder, temp, "run");
    folder_close(&folder);
    int links = openat(temp->fd, ".local/state/trimtab/runs", O_RDONLY | O_DIRECTORY);
    assert_true(links >= 0);
    assert_int_equal(temp_entries(links), 1);
    close(links);
    unsetenv("HOME");
    open_fresh(&folder, temp, "other"); /* nowhere to leave a link: no error */
    folder_close(&folder);
    if (before)
        setenv("HOME", before, 1);
    free(before);
}

static void address(void **state)
{
    struct temp *temp = *state;
    struct folder folder;
    char text[64];
    open_fresh(&folder, temp, "run");
    assert_int_equal(folder_address(folder.path, text, sizeof text, NULL), ERR_MISSING);
    assert_int_equal(file_replace(folder.run_fd, "address", 0600, "127.0.0.1:7342\n", 15, NULL), 0);
    assert_int_equal(folder_address(folder.path, text, sizeof text, NULL), 0);
    assert_string_equal(text, "127.0.0.1:7342");
    assert_int_equal(file_replace(folder.run_fd, "address", 0600, "\n", 1, NULL), 0);
    assert_int_equal(folder_address(folder.path, text, sizeof text, NULL), ERR_MISSING);
    folder_close(&folder);
    assert_int_equal(folder_address(in_temp(temp, "none"), text, sizeof text, NULL), ERR_MISSING);
}

/* ---- runs beside each other ---- */

static void home_of_a_name(void **state)
{
    char path[PATH_MAX];
    (void)state;
    setenv("TRIMTAB_HOME", "/some/where", 1);
    assert_int_equal(folder_home("a b/c", path, NULL), 0);
    assert_string_equal(path, "/some/where/a-b-c");
    unsetenv("TRIMTAB_HOME");
    assert_int_equal(folder_home(NULL, path, NULL), 0);
    assert_string_equal(path, "trimtab-runs/run");
}

/* One of the parts of a run, last changed so many seconds after the epoch. */
static void make_part(const struct temp *temp, const char *run, const char *part, time_t seconds)
{
    char path[PATH_MAX];
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    snprintf(path, sizeof path, "%s/%s", run, part);
    assert_true(mkdirat(temp->fd, run, 0700) == 0 || faccessat(temp->fd, run, F_OK, 0) == 0);
    assert_int_equal(mkdirat(temp->fd, path, 0700), 0);
    assert_int_equal(utimensat(temp->fd, path, times, 0), 0);
    assert_int_equal(utimensat(temp->fd, run, times, 0), 0);
}

static void runs_beside_each_other_newest_first(void **state)
{
    struct temp *temp = *state;
    static struct seen seen;
    seen = (struct seen){0};
    assert_int_equal(folder_each_in(in_temp(temp, "nowhere"), 9, see, &seen), 0);
    make_part(temp, "old", "run.db", 1000);
    make_part(temp, "new", "journal", 3000);
    make_part(temp, "new", "journal/0", 3000);
    make_part(temp, "middle", "run.db", 500);
    make_part(temp, "middle", "run.db-wal", 2000); /* it is written to, and the folder does not change */
    make_part(temp, "no-run", "journal", 9000);    /* somebody's diary */
    make_part(temp, ".hidden", "run.db", 9000);
    assert_int_equal(symlinkat("new", temp->fd, "latest"), 0);
    assert_int_equal(file_replace(temp->fd, "a-file", 0600, "x", 1, NULL), 0);
    assert_int_equal(folder_each_in(temp->path, 9, see, &seen), 0);
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.path[0], in_temp(temp, "new"));
    assert_string_equal(seen.path[1], in_temp(temp, "middle"));
    assert_string_equal(seen.path[2], in_temp(temp, "old"));
    seen = (struct seen){0};
    assert_int_equal(folder_each_in(temp->path, 1, see, &seen), 0);
    assert_int_equal(seen.count, 1);
    seen = (struct seen){.stop_at = 2};
    assert_int_equal(folder_each_in(temp->path, 9, see, &seen), 42);
    assert_int_equal(seen.count, 2);
}

/* ---- a run that cannot be written ---- */

#define NOBODY 65534

/* As somebody who is not root: 0 or 1. */
static int is_unwritable(const struct temp *temp, const char *name)
{
    int status;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", in_temp(temp, name));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
            _exit(2);
        _exit(folder_is_unwritable(path));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void make_run_of_mode(const struct temp *temp, mode_t db, mode_t folder)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", in_temp(temp, "run"));
    mkdir(path, 0700);
    chmod(path, 0700);
    snprintf(path, sizeof path, "%s", in_temp(temp, "run/run.db"));
    unlink(path);
    if (db) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0 && fchmod(fd, db) == 0);
        close(fd);
    }
    assert_int_equal(chmod(in_temp(temp, "run"), folder), 0);
}

static void a_run_that_cannot_be_written(void **state)
{
    struct temp *temp = *state;
    assert_int_equal(chmod(temp->path, 0755), 0);
    make_run_of_mode(temp, 0666, 0777);
    assert_int_equal(is_unwritable(temp, "run"), 0);
    make_run_of_mode(temp, 0666, 0555);
    assert_int_equal(is_unwritable(temp, "run"), 1);
    make_run_of_mode(temp, 0444, 0777);
    assert_int_equal(is_unwritable(temp, "run"), 1);
    make_run_of_mode(temp, 0, 0555); /* no run yet: there is nothing to look at */
    assert_int_equal(is_unwritable(temp, "run"), 0);
    assert_int_equal(is_unwritable(temp, "nowhere"), 0);
    make_run_of_mode(temp, 0600, 0700);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temp_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(given_then_environment),
        TEST(fresh_is_home_name_and_time),
        TEST(a_taken_name_gets_a_suffix),
        TEST(too_long_is_refused),
        TEST(open_makes_a_private_run),
        TEST(must_exist_makes_nothing),
        TEST(the_path_is_absolute_and_resolved),
        TEST(a_run_elsewhere_has_a_local_part),
        TEST(a_lost_local_part_is_made_again),
        TEST(a_local_part_of_others_is_refused),
        TEST(opened_runs_are_known_newest_first),
        TEST(the_link_of_a_removed_run_goes),
        TEST(links_lie_under_home_without_xdg),
        TEST(address),
        TEST(home_of_a_name),
        TEST(a_run_that_cannot_be_written),
        TEST(runs_beside_each_other_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
