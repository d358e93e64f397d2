#include "channel/resume_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"

#define MAGIC "trimtabR"

_Static_assert(sizeof(struct resume_header) == 32, "the header has no gaps");

static off_t half_at(uint64_t sequence)
{
    return (off_t)(sequence & 1) * RESUME_FILE_HALF;
}

static uint32_t half_crc(struct resume_header header, const void *data)
{
    header.crc = 0;
    return crc32c(crc32c(0, &header, sizeof header), data, header.bytes);
}

/* ---- reading ---- */

/* How many bytes were there; fewer than asked for at the end of the file. */
static size_t read_at(int fd, void *data, size_t size, off_t at)
{
    size_t length = 0;
    while (length < size) {
        ssize_t got = pread(fd, (char *)data + length, size - length, at + (off_t)length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    return length;
}

/* 0 with the header of a half whose bytes follow it in `half`; ERR_MISSING: nothing was ever written there. */
static int check_half(const uint8_t *half, size_t size, unsigned which, struct resume_header *header)
{
    static const uint8_t nothing[sizeof *header];
    if (size < sizeof *header)
        return size == 0 ? ERR_MISSING : ERR_DAMAGED;
    memcpy(header, half, sizeof *header);
    if (memcmp(header, nothing, sizeof nothing) == 0)
        return ERR_MISSING;
    if (memcmp(header->magic, MAGIC, sizeof header->magic) != 0)
        return ERR_DAMAGED;
    if (header->version != RESUME_FILE_VERSION)
        return ERR_VERSION;
    if (header->bytes > size - sizeof *header || header->sequence == 0 || header->sequence >> 61 ||
        (header->sequence & 1) != which || header->crc != half_crc(*header, half + sizeof *header))
        return ERR_DAMAGED;
    return 0;
}

static int read_halves(struct resume_file *file, uint8_t *half, struct buf *kept)
{
    struct resume_header header;
    int first_fault = 0, faults = 0;
    for (unsigned which = 0; which < 2; which++) {
        size_t size = read_at(file->fd, half, RESUME_FILE_HALF, half_at(which));
        int code = check_half(half, size, which, &header);
        if (code == 0 && header.sequence > file->sequence) {
            file->sequence = header.sequence;
            buf_clear(kept);
            buf_add(kept, half + sizeof header, header.bytes);
        } else if (code != 0 && code != ERR_MISSING) {
            first_fault = faults++ == 0 ? code : first_fault;
        }
    }
    if (kept->failed)
        return ERR_NOMEM;
    return file->sequence > 0 ? 0 : first_fault;
}

static int open_regular(int folder_fd, struct err *err)
{
    struct stat status;
    /* O_NONBLOCK: a fifo put in the file's place must not hold the caller up. */
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int fd = openat(folder_fd, RESUME_FILE_NAME, flags, 0600);
    if (fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot open the file %s", RESUME_FILE_NAME);
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    close(fd);
    return err_set(err, ERR_INVALID, "%s is not a regular file", RESUME_FILE_NAME);
}

int resume_file_open(struct resume_file *file, int folder_fd, struct buf *kept, struct err *err)
{
    *file = (struct resume_file){.fd = open_regular(folder_fd, err)};
    if (file->fd < 0) {
        int code = file->fd;
        file->fd = -1;
        return code;
    }
    uint8_t *half = malloc(RESUME_FILE_HALF);
    int code = half ? read_halves(file, half, kept) : ERR_NOMEM;
    free(half);
    if (code == ERR_NOMEM)
        resume_file_close(file);
    if (code < 0)
        err_set(err, code, "the file %s: %s", RESUME_FILE_NAME, err_sentence(code));
    return code;
}

/* ---- writing ---- */

static int write_at(int fd, const void *data, size_t size, off_t at)
{
    size_t done = 0;
    while (done < size) {
        ssize_t wrote = pwrite(fd, (const char *)data + done, size - done, at + (off_t)done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_SYSTEM;
        done += (size_t)wrote;
    }
    return 0;
}

int resume_file_write(struct resume_file *file, const void *data, size_t size)
{
    if (file->fd < 0)
        return ERR_SYSTEM;
    if (size > RESUME_FILE_MAX)
        return ERR_FULL;
    uint64_t sequence = file->sequence + 1;
    struct resume_header header = {
        .magic = MAGIC, .version = RESUME_FILE_VERSION, .bytes = (uint32_t)size, .sequence = sequence};
    header.crc = half_crc(header, data);
    /* The bytes before the header: as long as the old header stands over other bytes, the half is none. */
    int code = write_at(file->fd, data, size, half_at(sequence) + (off_t)sizeof header);
    if (code == 0)
        code = write_at(file->fd, &header, sizeof header, half_at(sequence));
    if (code == 0)
        file->sequence = sequence;
    return code;
}

void resume_file_close(struct resume_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}
