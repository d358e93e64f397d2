#include "channel/resume_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "temp.h"
#include "unit.h"

#define WHOLE (2 * RESUME_FILE_HALF)

/* What the file holds, as the next life sees it. */
static int read_kept(const struct temp *temp, struct buf *kept)
{
    struct resume_file file;
    buf_clear(kept);
    int code = resume_file_open(&file, temp->fd, kept, NULL);
    resume_file_close(&file);
    return code;
}

static void assert_kept(const struct temp *temp, const char *expected)
{
    struct buf kept;
    buf_init(&kept);
    assert_int_equal(read_kept(temp, &kept), 0);
    assert_string_equal(buf_string(&kept), expected);
    buf_finish(&kept);
}

static void begin(const struct temp *temp, struct resume_file *file)
{
    struct buf kept;
    buf_init(&kept);
    assert_int_equal(resume_file_open(file, temp->fd, &kept, NULL), 0);
    buf_finish(&kept);
}

static void write_text(struct resume_file *file, const char *text)
{
    assert_int_equal(resume_file_write(file, text, strlen(text)), 0);
}

/* The bytes of the file, in WHOLE bytes that the caller frees; zero behind its end. */
static uint8_t *take_image(const struct temp *temp, size_t *size)
{
    uint8_t *image = calloc(1, WHOLE);
    int fd = openat(temp->fd, RESUME_FILE_NAME, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t got = pread(fd, image, WHOLE, 0);
    assert_true(got >= 0);
    close(fd);
    *size = (size_t)got;
    return image;
}

static void put_image(const struct temp *temp, const uint8_t *image, size_t size)
{
    int fd = openat(temp->fd, RESUME_FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, image, size, 0), size);
    close(fd);
}

static void a_new_file_holds_nothing(void **state)
{
    struct temp *temp = *state;
    struct resume_file file;
    struct stat status;
    assert_kept(temp, "");
    assert_int_equal(fstatat(temp->fd, RESUME_FILE_NAME, &status, 0), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    begin(temp, &file);
    resume_file_close(&file);
    resume_file_close(&file);
    assert_int_equal(resume_file_write(&file, "x", 1), ERR_SYSTEM);
}

static void the_newest_counts(void **state)
{
    struct temp *temp = *state;
    struct resume_file file;
    static const char *const texts[] = {"one", "two, which is longer", "", "four"};
    begin(temp, &file);
    for (size_t i = 0; i < 4; i++) {
        write_text(&file, texts[i]);
        assert_kept(temp, texts[i]);
    }
    resume_file_close(&file);
    begin(temp, &file); /* another life goes on where this one stood */
    assert_int_equal(file.sequence, 4);
    write_text(&file, "five");
    assert_kept(temp, "five");
    resume_file_close(&file);
}

/* Every byte of the newer half, wrong in turn, and the file cut at every length: the older half counts, or the newer
 * one where nothing of it was hit. */
static void a_torn_half_does_not_count(void **state)
{
    struct temp *temp = *state;
    struct resume_file file;
    size_t size;
    size_t torn = sizeof(struct resume_header) + strlen("the newer");
    begin(temp, &file);
    write_text(&file, "dummy"); /* so that the newer one stands in the second half */
    write_text(&file, "the older");
    write_text(&file, "the newer");
    resume_file_close(&file);
    uint8_t *image = take_image(temp, &size);
    assert_int_equal(size, RESUME_FILE_HALF + torn);
    for (size_t i = 0; i < torn; i++) {
        image[RESUME_FILE_HALF + i] ^= 0x40;
        put_image(temp, image, size);
        assert_kept(temp, "the older");
        image[RESUME_FILE_HALF + i] ^= 0x40;
        put_image(temp, image, RESUME_FILE_HALF + i);
        assert_kept(temp, "the older");
    }
    image[3] ^= 1; /* of the older one */
    put_image(temp, image, size);
    assert_kept(temp, "the newer");
    free(image);
}

static void what_is_no_such_file_is_written_over(void **state)
{
    struct temp *temp = *state;
    struct resume_file file;
    struct buf kept;
    uint8_t *image = malloc(WHOLE);
    static const size_t sizes[] = {1, 31, 32, 33, 1000, RESUME_FILE_HALF, RESUME_FILE_HALF + 5, WHOLE};
    buf_init(&kept);
    for (size_t i = 0; i < WHOLE; i++)
        image[i] = (uint8_t)(i * 2654435761u >> 13 | 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct err err = {0};
        put_image(temp, image, sizes[i]);
        buf_clear(&kept);
        assert_int_equal(resume_file_open(&file, temp->fd, &kept, &err), ERR_DAMAGED);
        assert_string_equal(err.text, "the file resume: damaged");
        assert_int_equal(kept.size, 0);
        write_text(&file, "sound again");
        resume_file_close(&file);
        assert_kept(temp, "sound again");
    }
    buf_finish(&kept);
    free(image);
}

static void another_version_is_told(void **state)
{
    struct temp *temp = *state;
    struct resume_file file;
    struct buf kept;
    size_t size;
    begin(temp, &file);
    write_text(&file, "text");
    resume_file_close(&file);
    uint8_t *image = take_image(temp, &size);
    image[RESUME_FILE_HALF + offsetof(struct resume_header, version)] = 9;
    put_image(temp, image, size);
    buf_init(&kept);
    assert_int_equal(read_kept(temp, &kept), ERR_VERSION);
    buf_finish(&kept);
    free(image);
}

static void too_much_leaves_it_as_it_was(void **state)
{
    struct temp *temp = *state;
    struct resume_file file;
    struct buf kept;
    char *much = malloc(RESUME_FILE_MAX + 1);
    memset(much, 'x', RESUME_FILE_MAX + 1);
    begin(temp, &file);
    write_text(&file, "before");
    assert_int_equal(resume_file_write(&file, much, RESUME_FILE_MAX + 1), ERR_FULL);
    assert_kept(temp, "before");
    assert_int_equal(resume_file_write(&file, much, RESUME_FILE_MAX), 0);
    write_text(&file, "after");
    assert_kept(temp, "after");
    assert_int_equal(resume_file_write(&file, much, RESUME_FILE_MAX), 0);
    resume_file_close(&file);
    buf_init(&kept);
    assert_int_equal(read_kept(temp, &kept), 0);
    assert_int_equal(kept.size, RESUME_FILE_MAX);
    assert_memory_equal(kept.data, much, RESUME_FILE_MAX);
    buf_finish(&kept);
    free(much);
}

/* A file that may not grow stands for a full disk: some bytes are written, then no more. */
static void no_room_leaves_it_as_it_was(void **state)
{
    struct temp *temp = *state;
    struct resume_file file;
    struct rlimit before, low = {.rlim_cur = RESUME_FILE_HALF + 40};
    char *much = calloc(1, RESUME_FILE_MAX);
    begin(temp, &file);
    write_text(&file, "1");
    write_text(&file, "before");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low.rlim_max = before.rlim_max;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    int code = resume_file_write(&file, much, RESUME_FILE_MAX);
    int again = resume_file_write(&file, much, RESUME_FILE_MAX);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_true(code < 0 && again < 0);
    assert_kept(temp, "before");
    write_text(&file, "room again");
    assert_kept(temp, "room again");
    resume_file_close(&file);
    free(much);
}

static void only_a_regular_file_is_used(void **state)
{
    struct temp *temp = *state;
    struct buf kept;
    buf_init(&kept);
    assert_int_equal(mkfifoat(temp->fd, RESUME_FILE_NAME, 0600), 0);
    assert_int_equal(read_kept(temp, &kept), ERR_INVALID);
    assert_int_equal(unlinkat(temp->fd, RESUME_FILE_NAME, 0), 0);
    assert_int_equal(symlinkat("elsewhere", temp->fd, RESUME_FILE_NAME), 0);
    assert_int_equal(read_kept(temp, &kept), ERR_SYSTEM);
    assert_int_equal(unlinkat(temp->fd, RESUME_FILE_NAME, 0), 0);
    assert_int_equal(mkdirat(temp->fd, RESUME_FILE_NAME, 0700), 0);
    assert_int_equal(read_kept(temp, &kept), ERR_SYSTEM);
    buf_finish(&kept);
}

/* ---- kill -9 ---- */

#define LONG 200000u /* bytes: long enough that a kill hits the writing */

struct shared {
    _Atomic uint64_t written;
};

/* The number of the write, over and over. */
static void fill(uint64_t *words, uint64_t number)
{
    for (size_t i = 0; i < LONG / sizeof *words; i++)
        words[i] = number;
}

static void write_for_ever(const struct temp *temp, struct shared *shared)
{
    struct resume_file file;
    struct buf kept;
    uint64_t *words = malloc(LONG);
    buf_init(&kept);
    if (!words || resume_file_open(&file, temp->fd, &kept, NULL) < 0)
        _exit(1);
    for (uint64_t number = file.sequence + 1;; number++) {
        fill(words, number);
        if (resume_file_write(&file, words, LONG) < 0)
            _exit(1);
        atomic_store(&shared->written, number);
    }
}

static void wait_for_write(const struct shared *shared, uint64_t number)
{
    while (atomic_load(&shared->written) < number)
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

static void a_kill_loses_at_most_what_is_being_written(void **state)
{
    struct temp *temp = *state;
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct buf kept;
    uint64_t number;
    int status;
    assert_true(shared != MAP_FAILED);
    buf_init(&kept);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t before = atomic_load(&shared->written);
        pid_t child = fork();
        if (child == 0)
            write_for_ever(temp, shared);
        wait_for_write(shared, before + 2);
        nanosleep(&(struct timespec){.tv_nsec = (long)(i * 7919 % 300) * 1000}, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(read_kept(temp, &kept), 0);
        assert_int_equal(kept.size, LONG);
        memcpy(&number, kept.data, sizeof number);
        assert_true(number >= atomic_load(&shared->written) && number <= atomic_load(&shared->written) + 1);
        for (size_t at = 0; at < LONG; at += sizeof number)
            assert_memory_equal(kept.data + at, &number, sizeof number);
        atomic_store(&shared->written, number);
    }
    buf_finish(&kept);
    munmap(shared, sizeof *shared);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_holds_nothing),
        TEST(the_newest_counts),
        TEST(a_torn_half_does_not_count),
        TEST(what_is_no_such_file_is_written_over),
        TEST(another_version_is_told),
        TEST(too_much_leaves_it_as_it_was),
        TEST(no_room_leaves_it_as_it_was),
        TEST(only_a_regular_file_is_used),
        TEST(a_kill_loses_at_most_what_is_being_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
