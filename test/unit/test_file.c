#include "base/file.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp.h"
#include "unit.h"

#define MEGABYTE (1024u * 1024)

static void replace_and_read(void **state)
{
    struct temp *temp = *state;
    struct stat status;
    char text[16];
    assert_int_equal(file_replace(temp->fd, "address", 0600, "first", 5, NULL), 0);
    assert_int_equal(file_read_small(temp->fd, "address", text, sizeof text, NULL), 5);
    assert_string_equal(text, "first");
    assert_int_equal(file_replace(temp->fd, "address", 0640, "no", 2, NULL), 0);
    assert_int_equal(file_read_small(temp->fd, "address", text, sizeof text, NULL), 2);
    assert_string_equal(text, "no");
    assert_int_equal(fstatat(temp->fd, "address", &status, 0), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(temp_entries(temp->fd), 1);
}

static void read_small_cuts_and_ends_with_zero(void **state)
{
    struct temp *temp = *state;
    char text[4];
    assert_int_equal(file_replace(temp->fd, "f", 0600, "abcdef", 6, NULL), 0);
    assert_int_equal(file_read_small(temp->fd, "f", text, sizeof text, NULL), 3);
    assert_string_equal(text, "abc");
}

static void what_is_not_there_is_missing(void **state)
{
    struct temp *temp = *state;
    char text[4] = "xyz";
    struct err err;
    assert_int_equal(file_read_small(temp->fd, "none", text, sizeof text, &err), ERR_MISSING);
    assert_string_equal(text, "");
    assert_string_equal(err.text, "cannot open none: No such file or directory");
    assert_int_equal(file_read_small(temp->fd, ".", text, sizeof text, &err), ERR_SYSTEM);
}

static void a_failed_replace_leaves_nothing(void **state)
{
    struct temp *temp = *state;
    struct err err;
    assert_int_equal(mkdirat(temp->fd, "taken", 0700), 0);
    assert_int_equal(file_replace(temp->fd, "taken", 0600, "x", 1, &err), ERR_SYSTEM);
    assert_int_equal(err.code, ERR_SYSTEM);
    assert_int_equal(temp_entries(temp->fd), 1);
}

static void write_all_goes_on_after_short_writes(void **state)
{
    (void)state;
    enum { SIZE = 300000 }; /* more than a pipe holds */
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        static char bytes[SIZE];
        memset(bytes, 'x', sizeof bytes);
        close(ends[0]);
        _exit(file_write_all(ends[1], bytes, sizeof bytes) == 0 ? 0 : 1);
    }
    close(ends[1]);
    char part[1000];
    size_t total = 0;
    for (ssize_t got; (got = read(ends[0], part, sizeof part)) > 0;)
        total += (size_t)got;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(total, SIZE);
    assert_int_equal(file_write_all(-1, "x", 1), ERR_SYSTEM);
}

static void make_folders(void **state)
{
    struct temp *temp = *state;
    char path[256];
    struct stat status;
    struct err err;
    snprintf(path, sizeof path, "%s/a//b/c/", temp->path);
    assert_int_equal(file_make_folders(path, 0700, &err), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(file_make_folders(path, 0700, &err), 0);
    assert_int_equal(file_replace(temp->fd, "file", 0600, "", 0, NULL), 0);
    snprintf(path, sizeof path, "%s/file/x", temp->path);
    assert_int_equal(file_make_folders(path, 0700, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, "is not a folder"));
    assert_int_equal(file_make_folders("", 0700, &err), ERR_INVALID);
}

static void mapped_files_are_allocated_and_zero(void **state)
{
    struct temp *temp = *state;
    struct stat status;
    void *map;
    assert_int_equal(file_create_mapped(temp->fd, "map", MEGABYTE + 4096, &map, NULL), 0);
    const uint8_t *bytes = map;
    for (size_t i = 0; i < MEGABYTE + 4096; i++)
        if (bytes[i] != 0)
            fail_msg("byte %zu is %d", i, bytes[i]);
    assert_int_equal(fstatat(temp->fd, "map", &status, 0), 0);
    assert_int_equal(status.st_size, MEGABYTE + 4096);
    assert_true((uint64_t)status.st_blocks * 512 >= MEGABYTE + 4096);
    assert_int_equal(status.st_mode & 0777, 0600);
    memcpy(map, "shared", 6);
    char text[7];
    assert_int_equal(file_read_small(temp->fd, "map", text, sizeof text, NULL), 6);
    assert_string_equal(text, "shared");
    munmap(map, MEGABYTE + 4096);
    struct err err;
    assert_int_equal(file_create_mapped(temp->fd, "map", 4096, &map, &err), ERR_SYSTEM);
    assert_int_equal(temp_entries(temp->fd), 1);
}

/* In a child, since neither a limit nor a mount can be taken back. 0 or the number of the check that failed. */
static int in_a_child(int (*run)(struct temp *temp), struct temp *temp)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(run(temp));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status)); /* no signal */
    return WEXITSTATUS(status);
}

static int under_a_file_size_limit(struct temp *temp)
{
    struct rlimit limit = {MEGABYTE / 2, MEGABYTE / 2};
    void *map;
    struct err err;
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 1;
    if (file_create_mapped(temp->fd, "map", MEGABYTE, &map, &err) != ERR_FULL)
        return 2;
    return temp_entries(temp->fd) == 0 ? 0 : 3;
}

static void a_file_size_limit_is_an_error_not_a_signal(void **state)
{
    assert_int_equal(in_a_child(under_a_file_size_limit, *state), 0);
}

#define NO_MOUNT 77

static int on_a_full_disk(struct temp *temp)
{
    struct err err;
    void *map;
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", temp->path, "tmpfs", 0, "size=512k") < 0)
        return NO_MOUNT;
    int fd = open(temp->path, O_RDONLY | O_DIRECTORY);
    if (file_create_mapped(fd, "map", MEGABYTE, &map, &err) != ERR_FULL)
        return 1;
    if (!strstr(err.text, "No space left"))
        return 2;
    if (temp_entries(fd) != 0)
        return 3;
    return file_create_mapped(fd, "map", MEGABYTE / 4, &map, &err) == 0 ? 0 : 4;
}

static void a_full_disk_is_an_error_not_a_signal(void **state)
{
    int result = in_a_child(on_a_full_disk, *state);
    if (result == NO_MOUNT)
        skip(); /* only root may mount */
    assert_int_equal(result, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replace_and_read),
        TEST(read_small_cuts_and_ends_with_zero),
        TEST(what_is_not_there_is_missing),
        TEST(a_failed_replace_leaves_nothing),
        TEST(write_all_goes_on_after_short_writes),
        TEST(make_folders),
        TEST(mapped_files_are_allocated_and_zero),
        TEST(a_file_size_limit_is_an_error_not_a_signal),
        TEST(a_full_disk_is_an_error_not_a_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
