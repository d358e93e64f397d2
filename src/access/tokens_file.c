#include "access/tokens_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/tokens_json.h"
#include "base/clock.h"
#include "base/file.h"

#define FILE_NAME "tokens"
#define LOCK_NAME "tokens.lock"
#define LOCK_NS INT64_C(5000000000)
#define LOCK_PAUSE_MS 10

/* ---- reading ---- */

/* ERR_MISSING: there is none. */
static int open_file(int run_fd, struct err *err)
{
    struct stat status;
    int fd = openat(run_fd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    int code = 0;
    if (fd < 0 && errno == ENOENT)
        return ERR_MISSING;
    if (fd < 0 && errno == ELOOP)
        return err_set(err, ERR_INVALID, "the run's `tokens` is a symbolic link: it has to be a file of the run's own");
    if (fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot open the run's file `tokens`");
    if (fstat(fd, &status) < 0)
        code = err_errno(err, ERR_SYSTEM, "cannot look at the run's file `tokens`");
    else if (!S_ISREG(status.st_mode))
        code = err_set(err, ERR_INVALID, "the run's `tokens` is not a file");
    else if (status.st_mode & (S_IRWXG | S_IRWXO))
        code =
            err_set(err, ERR_INVALID,
                    "the run's file `tokens` is open to others: chmod 600 tokens, and revoke what they may have added");
    else if (status.st_size > TOKENS_BYTES)
        code = err_set(err, ERR_INVALID, "the run's file `tokens` is damaged: it is too long");
    if (code == 0)
        return fd;
    close(fd);
    return code;
}

static int read_all(int fd, struct buf *text, struct err *err)
{
    ssize_t got = 1;
    while (got != 0 && text->size <= TOKENS_BYTES && buf_reserve(text, 4096)) {
        got = read(fd, text->data + text->size, text->capacity - text->size);
        if (got < 0 && errno != EINTR)
            return err_errno(err, ERR_SYSTEM, "cannot read the run's file `tokens`");
        text->size += got > 0 ? (size_t)got : 0;
    }
    return text->failed ? err_set(err, ERR_NOMEM, "out of memory") : 0;
}

int tokens_read(int run_fd, struct tokens *tokens, struct err *err)
{
    struct buf text = {0};
    *tokens = (struct tokens){0};
    int fd = open_file(run_fd, err);
    if (fd < 0)
        return fd == ERR_MISSING ? 0 : fd;
    int code = read_all(fd, &text, err);
    if (code == 0)
        code = tokens_parse(text.data ? text.data : "", text.size, tokens, err);
    buf_finish(&text);
    close(fd);
    return code;
}

/* ---- changing ---- */

/* A lock of the open file, so that two threads of one process take turns too. */
static int take_turn(int run_fd, struct err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int64_t deadline_ns = clock_monotonic_ns() + LOCK_NS;
    int fd = openat(run_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot open the run's file %s", LOCK_NAME);
    int code = 0;
    while (fcntl(fd, F_OFD_SETLK, &lock) < 0 && code == 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            code = err_errno(err, ERR_SYSTEM, "cannot lock the run's file %s", LOCK_NAME);
        else if (clock_monotonic_ns() > deadline_ns)
            code = err_set(err, ERR_BUSY, "another process is changing the tokens of this run: try again");
        else
            poll(NULL, 0, LOCK_PAUSE_MS);
    }
    if (code == 0)
        return fd;
    close(fd);
    return code;
}

/* So that one that was revoked is not back after a power cut. */
static int sync_to_disk(int run_fd, struct err *err)
{
    int fd = openat(run_fd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int code = fd < 0 || fsync(fd) < 0 ? err_errno(err, ERR_SYSTEM, "cannot sync the run's file `tokens`") : 0;
    if (fd >= 0)
        close(fd);
    fsync(run_fd); /* not every file system can do this with a folder */
    return code;
}

int tokens_replace(int run_fd, const struct tokens *tokens, struct err *err)
{
    struct buf text = {0};
    tokens_write(tokens, &text);
    int code = text.failed ? err_set(err, ERR_NOMEM, "out of memory")
                           : file_replace(run_fd, FILE_NAME, 0600, text.data, text.size, err);
    buf_finish(&text);
    return code < 0 ? code : sync_to_disk(run_fd, err);
}

int tokens_begin(int run_fd, struct tokens *tokens, struct err *err)
{
    *tokens = (struct tokens){0};
    int turn = take_turn(run_fd, err);
    int code = turn < 0 ? turn : tokens_read(run_fd, tokens, err);
    if (code == 0)
        return turn;
    if (turn >= 0)
        close(turn);
    return code;
}

void tokens_end(int turn, struct tokens *tokens)
{
    tokens_finish(tokens);
    close(turn);
}
