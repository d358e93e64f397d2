#include "channel/segment_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK_LEAST (64u * 1024)
#define CHUNK_MOST (RECORD_PAYLOAD_MAX + 2 * RECORD_UNIT)

void segment_reader_init(struct segment_reader *reader)
{
    *reader = (struct segment_reader){.fd = -1};
}

void segment_reader_finish(struct segment_reader *reader)
{
    segment_reader_leave(reader);
    free(reader->chunk);
    segment_reader_init(reader);
}

int segment_reader_enter(struct segment_reader *reader, int folder_fd, struct segment_id *id, struct err *err)
{
    int fd = segment_open(folder_fd, id, err);
    if (fd < 0)
        return fd;
    void *header = mmap(NULL, SEGMENT_HEADER, PROT_READ, MAP_SHARED, fd, 0);
    if (header == MAP_FAILED) {
        err_errno(err, ERR_SYSTEM, "cannot map a segment");
        close(fd);
        return ERR_SYSTEM;
    }
    reader->fd = fd;
    reader->header = header;
    reader->next = reader->end = SEGMENT_HEADER;
    reader->written_is_wrong = false;
    reader->chunk_size = 0;
    return 0;
}

void segment_reader_leave(struct segment_reader *reader)
{
    if (reader->fd < 0)
        return;
    munmap((void *)(uintptr_t)reader->header, SEGMENT_HEADER);
    close(reader->fd);
    reader->header = NULL;
    reader->fd = -1;
}

int segment_reader_look(struct segment_reader *reader)
{
    uint64_t written = atomic_load_explicit(&reader->header->written, memory_order_acquire);
    bool wrong = written < reader->end || written > SEGMENT_SIZE || written % RECORD_UNIT != 0;
    if (wrong && !reader->written_is_wrong) {
        reader->written_is_wrong = true;
        return ERR_DAMAGED;
    }
    if (!wrong)
        reader->end = written;
    return reader->next < reader->end;
}

bool segment_reader_is_sealed(const struct segment_reader *reader)
{
    return atomic_load_explicit(&reader->header->sealed, memory_order_acquire) != 0;
}

static int make_room(struct segment_reader *reader, size_t size, struct err *err)
{
    if (size <= reader->chunk_capacity)
        return 0;
    uint8_t *grown = realloc(reader->chunk, size);
    if (!grown)
        return err_set(err, ERR_NOMEM, "no memory to read the journal");
    reader->chunk = grown;
    reader->chunk_capacity = size;
    return 0;
}

/* Copies out what is published from `next` on, at most `most` bytes. */
static int fill_chunk(struct segment_reader *reader, size_t most, struct err *err)
{
    uint64_t published = reader->end - reader->next;
    size_t size = published < most ? (size_t)published : most;
    reader->chunk_start = reader->next;
    reader->chunk_size = 0;
    int code = make_room(reader, size, err);
    while (code == 0 && reader->chunk_size < size) {
        ssize_t got = pread(reader->fd, reader->chunk + reader->chunk_size, size - reader->chunk_size,
                            (off_t)(reader->next + reader->chunk_size));
        if (got < 0 && errno != EINTR)
            code = err_errno(err, ERR_SYSTEM, "cannot read the journal");
        if (got == 0)
            break; /* cut short by somebody: what is missing counts as damaged */
        if (got > 0)
            reader->chunk_size += (size_t)got;
    }
    return code;
}

/* 0 where the chunk does not hold the whole record at `next`. */
static long decode_chunk(const struct segment_reader *reader, struct record *out, size_t *skip)
{
    uint64_t used = reader->next - reader->chunk_start;
    if (reader->next < reader->chunk_start || used >= reader->chunk_size)
        return 0;
    return record_decode(reader->chunk + used, reader->chunk_size - (size_t)used, out, skip);
}

long segment_reader_decode(struct segment_reader *reader, struct record *out, size_t *skip, struct err *err)
{
    static const size_t sizes[] = {CHUNK_LEAST, CHUNK_MOST};
    *skip = 0;
    long size = decode_chunk(reader, out, skip);
    for (size_t i = 0; size == 0 && i < 2; i++) {
        int code = fill_chunk(reader, sizes[i], err);
        if (code < 0) {
            reader->chunk_size = 0;
            return code;
        }
        size = decode_chunk(reader, out, skip);
    }
    return size ? size : ERR_DAMAGED;
}
