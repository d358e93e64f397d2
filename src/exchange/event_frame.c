#include "exchange/event_frame.h"

#include <string.h>

#include "base/crc32c.h"
#include "exchange/event_file.h"

#define BEGIN_MOST (UINT64_C(1) << 20) /* bytes: so far into a file its first record may be damaged */
#define SHARE 65536u                   /* memory is taken as the bytes come, never by what a length claims */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are read and written as the machine's own words");

uint32_t frame_checksum(const void *data, size_t size)
{
    uint32_t crc = crc32c(0, data, size);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

void frame_close(uint8_t head[FRAME_HEAD], uint8_t tail[FRAME_TAIL], const void *data, size_t size)
{
    uint64_t length = size;
    memcpy(head, &length, 8);
    uint32_t checksum = frame_checksum(head, 8);
    memcpy(head + 8, &checksum, 4);
    checksum = frame_checksum(data, size);
    memcpy(tail, &checksum, 4);
}

void frame_reader_init(struct frame_reader *reader, FILE *file)
{
    *reader = (struct frame_reader){.file = file};
    buf_init(&reader->data);
}

void frame_reader_finish(struct frame_reader *reader)
{
    buf_finish(&reader->data);
}

static bool is_checksum(const uint8_t at[4], const void *data, size_t size)
{
    uint32_t checksum = frame_checksum(data, size);
    return memcmp(at, &checksum, 4) == 0;
}

static bool head_is_sound(const struct frame_reader *reader)
{
    return is_checksum(reader->head + 8, reader->head, 8);
}

static int at_end(struct frame_reader *reader, bool cut, struct err *err)
{
    if (ferror(reader->file))
        return err_errno(err, ERR_SYSTEM, "cannot be read");
    reader->cut = reader->cut || cut;
    return 0;
}

/* Up to the next head whose checksum is right. 1, 0: none follows, negative. */
static int find_head(struct frame_reader *reader, struct err *err)
{
    int byte = 0;
    uint64_t most = reader->begun ? UINT64_MAX : BEGIN_MOST;
    bool found = false;
    for (uint64_t i = 0; i < most && !found && (byte = getc(reader->file)) != EOF; i++) {
        memmove(reader->head, reader->head + 1, FRAME_HEAD - 1);
        reader->head[FRAME_HEAD - 1] = (uint8_t)byte;
        found = head_is_sound(reader);
    }
    if (!found && !reader->begun && !ferror(reader->file))
        return err_set(err, ERR_FORMAT, "is no event file of TensorBoard");
    reader->damaged++;
    return found ? 1 : at_end(reader, false, err);
}

static int read_head(struct frame_reader *reader, struct err *err)
{
    size_t got = fread(reader->head, 1, FRAME_HEAD, reader->file);
    if (got < FRAME_HEAD)
        return at_end(reader, got > 0, err);
    int code = head_is_sound(reader) ? 1 : find_head(reader, err);
    reader->begun = reader->begun || code > 0;
    return code;
}

/* 1, 0: the file ends before. */
static int read_data(struct frame_reader *reader, uint64_t size, struct err *err)
{
    struct buf *data = &reader->data;
    buf_clear(data);
    while (data->size < size) {
        size_t more = size - data->size < SHARE ? (size_t)(size - data->size) : SHARE;
        if (!buf_reserve(data, more))
            return err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
        size_t got = fread(data->data + data->size, 1, more, reader->file);
        data->size += got;
        if (got < more)
            return at_end(reader, true, err);
    }
    return 1;
}

static int pass_over(struct frame_reader *reader, uint64_t size, struct err *err)
{
    while (size > 0) {
        uint64_t share = size < SHARE ? size : SHARE;
        int code = read_data(reader, share, err);
        if (code <= 0)
            return code;
        size -= share;
    }
    reader->damaged++;
    return 1;
}

static int read_record(struct frame_reader *reader, bool *sound, struct err *err)
{
    uint64_t length;
    memcpy(&length, reader->head, 8);
    *sound = length <= EVENT_RECORD_MAX;
    int code = *sound ? read_data(reader, length, err) : pass_over(reader, length, err);
    if (code <= 0)
        return code;
    uint8_t tail[FRAME_TAIL];
    if (fread(tail, 1, FRAME_TAIL, reader->file) < FRAME_TAIL)
        return at_end(reader, true, err);
    if (*sound && !is_checksum(tail, reader->data.data, reader->data.size)) {
        *sound = false;
        reader->damaged++;
    }
    return 1;
}

int frame_next(struct frame_reader *reader, struct err *err)
{
    bool sound = false;
    int code = 1;
    while (code > 0 && !sound) {
        code = read_head(reader, err);
        if (code > 0)
            code = read_record(reader, &sound, err);
    }
    return code;
}
