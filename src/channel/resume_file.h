/* resume_file.h: the file RUN/resume: what the next life of a run must know of the ones before it.
 *
 * Two halves of 256 KiB, written in turns, each a header and its bytes (which are records: record.h). A half that was
 * cut short in the writing fails its CRC; the other one then still stands whole, and the newer sound one counts. So a
 * kill -9 at any instant loses at most what was being written. It lies in RUN itself, also where the journal lies
 * elsewhere: the next life may be on another host. Nothing is synced: after a power cut an older half, or none, may be
 * found. */
#ifndef CHANNEL_RESUME_FILE_H
#define CHANNEL_RESUME_FILE_H

#include "base/buf.h"
#include "base/err.h"

#define RESUME_FILE_NAME "resume"
#define RESUME_FILE_HALF (256u * 1024)
#define RESUME_FILE_MAX (RESUME_FILE_HALF - sizeof(struct resume_header))
#define RESUME_FILE_VERSION 1u

struct resume_header {
    char magic[8]; /* "trimtabR" */
    uint32_t version;
    uint32_t bytes;    /* that follow */
    uint64_t sequence; /* 1, 2, 3, ...: odd ones stand in the second half */
    uint32_t crc;      /* CRC-32C of this header with crc zero, then of the bytes */
    uint32_t reserved; /* 0 */
};

struct resume_file {
    int fd;            /* -1: closed; then nothing is written */
    uint64_t sequence; /* of the newer sound half; 0: none */
};

/* Opens the file, makes an empty one where there is none, and adds what it holds to `kept` (nothing, where it is new).
 * 0. ERR_DAMAGED, ERR_VERSION: no half can be used; the file stays open and is written over. ERR_SYSTEM, ERR_INVALID
 * (no regular file), ERR_NOMEM: it is closed. */
int resume_file_open(struct resume_file *file, int folder_fd, struct buf *kept, struct err *err);
/* Replaces what it holds. 0; ERR_FULL (more than RESUME_FILE_MAX, or no room on the disk), ERR_SYSTEM: what it held
 * before still counts. */
int resume_file_write(struct resume_file *file, const void *data, size_t size);
void resume_file_close(struct resume_file *file); /* twice is safe */

#endif
