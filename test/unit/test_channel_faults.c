/* test_channel_faults.c: the n-th system call fails, for every n. Nothing that was promised is lost, no descriptor and
 * no half-made file stays behind, and after it all goes on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "channel/journal_folder.h"
#include "channel/mailbox.h"
#include "journal_fixture.h"

/* ---- the calls, in front of the C library's ---- */

static unsigned long calls, failing; /* the call with this number fails; 0: none does */

static bool fails(int number)
{
    if (++calls != failing)
        return false;
    errno = number;
    return true;
}

int openat(int dirfd, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails(EMFILE) ? -1 : (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    return fails(ENOSPC) ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return fails(EDQUOT) ? -1 : syscall(SYS_writev, fd, parts, count);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    return fails(EIO) ? -1 : syscall(SYS_pread64, fd, bytes, size, offset);
}

int renameat(int from, const char *name, int to, const char *other)
{
    return fails(EIO) ? -1 : (int)syscall(SYS_renameat, from, name, to, other);
}

/* ---- what is done meanwhile ---- */

static int open_descriptors(void)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
    unsigned long before = failing;
    failing = 0;
    int count = temp_entries(fd);
    failing = before;
    close(fd);
    return count;
}

#define MESSAGES 10

/* Enough for two rotations. Bit i: message i was taken. */
static unsigned write_messages(struct journal_fixture *fixture, journal_restate_fn *restate)
{
    struct incarnation incarnation;
    unsigned taken = 0;
    fixture_incarnation(&incarnation, 1);
    if (journal_writer_init(&fixture->writer, fixture->fd, &incarnation, 1, restate, fixture, NULL) < 0)
        return 0;
    fixture->writer.limits.free_percent = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        if (fixture->writer.retry_ns)
            fixture->writer.retry_ns = 1; /* as if a second had passed */
        if (fixture_fill(fixture, 500000 + i) == 0)
            taken |= 1u << i;
    }
    journal_writer_finish(&fixture->writer);
    return taken;
}

/* An error is one that a later call mends. Bit i: message i came, and after those before it. */
static unsigned read_messages(struct journal_fixture *fixture)
{
    unsigned came = 0, errors = 0;
    int code;
    struct err err;
    while (journal_reader_create(&fixture->reader, fixture->fd, NULL, &err) < 0)
        assert_true(++errors <= 1);
    while ((code = journal_reader_next(fixture->reader, &fixture->record, &err)) != 0) {
        if (code < 0) {
            assert_int_equal(err.code, ERR_SYSTEM);
            assert_true(++errors <= 1);
            continue;
        }
        assert_false(fixture->record.synthetic);
        if (fixture->record.kind != RECORD_MESSAGE)
            continue;
        unsigned bit = 1u << (fixture->record.message.text.size - 500000);
        assert_true(bit > came);
        came |= bit;
    }
    journal_reader_destroy(fixture->reader);
    fixture->reader = NULL;
    return came;
}

static void exchange(struct journal_fixture *fixture)
{
    struct mailbox trainer = {0}, server = {0};
    struct incarnation incarnation = {{7}};
    struct mailbox_request request = {.ticket = 1, .kind = MAILBOX_STOP};
    request.at_step = request.until_step = MAILBOX_NO_STEP;
    if (mailbox_create(&trainer, fixture->fd, &incarnation, 1, NULL) == 0 &&
        mailbox_open(&server, fixture->fd, &incarnation, NULL) == 0) {
        assert_int_equal(mailbox_post(&server, &request, NULL), 0);
        assert_int_equal(mailbox_take(&trainer, 0, &request), 1);
    }
    mailbox_close(&trainer);
    mailbox_close(&server);
}

static unsigned half_made_files(struct journal_fixture *fixture)
{
    int entries = temp_entries(fixture->fd);
    journal_folder_bytes(fixture->fd, true);
    return (unsigned)(entries - temp_entries(fixture->fd));
}

static void clean(struct journal_fixture *fixture)
{
    char name[SEGMENT_NAME];
    struct incarnation incarnation = {{7}};
    for (uint64_t sequence = 0; sequence < MESSAGES; sequence++) {
        fixture_name(name, 1, sequence);
        unlinkat(fixture->fd, name, 0);
    }
    mailbox_name(name, &incarnation);
    unlinkat(fixture->fd, name, 0);
    assert_int_equal(temp_entries(fixture->fd), 0);
}

static void every_system_call_fails_once(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    journal_restate_fn *restate = fixture->writer.restate;
    journal_writer_finish(&fixture->writer);
    clean(fixture);
    int descriptors = open_descriptors();
    unsigned long last = 0;
    bool lost = false;
    for (unsigned long n = 1; n <= last + 1; n++) {
        calls = 0;
        failing = n;
        unsigned taken = write_messages(fixture, restate);
        assert_int_equal(read_messages(fixture), taken);
        exchange(fixture);
        last = calls;
        failing = 0;
        lost = lost || taken != (1u << MESSAGES) - 1;
        assert_int_equal(half_made_files(fixture), 0);
        assert_int_equal(open_descriptors(), descriptors);
        clean(fixture);
    }
    assert_true(last > 30);
    assert_true(lost); /* some failure was felt */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_system_call_fails_once, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
