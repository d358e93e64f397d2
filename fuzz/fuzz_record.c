/* Bytes as records, as they are and with their CRCs made good: what is read says the same bytes again. Then the same
 * bytes in a segment: reading ends, never goes back, and goes on where it stopped. */
#include "replay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "channel/journal_reader.h"

#define BYTES_MAX (256u * 1024)
#define HEAD 9 /* of the input, for the segment: `written`, and where to begin again */

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* ---- records ---- */

static void check_same(const uint8_t *data, size_t size, const struct record *record)
{
    struct buf again;
    buf_init(&again);
    must(record_encode(&again, record) == 0);
    must(again.size == size && memcmp(again.data, data, size) == 0);
    buf_finish(&again);
}

static void check_records(const uint8_t *data, size_t size)
{
    static struct record record;
    for (size_t at = 0; at < size;) {
        size_t skip;
        long length = record_decode(data + at, size - at, &record, &skip);
        must(length <= (long)(size - at) && skip <= size - at && skip % RECORD_UNIT == 0);
        if (length > 0)
            check_same(data + at, (size_t)length, &record);
        at += length > 0 ? (size_t)length : RECORD_UNIT;
    }
}

/* A fuzzer does not guess CRCs: so that it comes as far as the fields, each head is made sound. */
static void make_sound(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + RECORD_UNIT <= size;) {
        uint32_t bytes, crc = 0;
        size_t left = size - at - RECORD_UNIT;
        if (data[at] < RECORD_RUN || data[at] > RECORD_STARTED) {
            at += data[at] == RECORD_SCALAR_AT ? 2 * RECORD_UNIT : RECORD_UNIT;
            continue;
        }
        memcpy(&bytes, data + at + 4, 4);
        bytes %= 4096;
        bytes = bytes < left ? bytes : (uint32_t)left;
        memset(data + at + 2, 0xff, 2);
        memcpy(data + at + 4, &bytes, 4);
        memcpy(data + at + 8, &crc, 4);
        memset(data + at + 12, 0xff, 4);
        crc = crc32c(0, data + at, RECORD_UNIT + bytes);
        memcpy(data + at + 8, &crc, 4);
        size_t end = at + RECORD_UNIT + bytes, next = at + RECORD_UNIT + (bytes + 15) / 16 * 16;
        memset(data + end, 0, (next < size ? next : size) - end);
        at = next;
    }
}

/* ---- a segment ---- */

static char folder[] = "/tmp/trimtab-fuzz-XXXXXX";
static const struct incarnation incarnation = {{1}};
static int folder_fd, segment_fd;

static void remove_segment(void)
{
    char name[SEGMENT_NAME], kept[SEGMENT_NAME + 16];
    segment_name(name, &incarnation, 0);
    snprintf(kept, sizeof kept, "%s.damaged", name);
    unlinkat(folder_fd, name, 0);
    unlinkat(folder_fd, kept, 0);
    rmdir(folder);
}

static void make_segment(void)
{
    char name[SEGMENT_NAME];
    struct segment_header header = {
        .version = SEGMENT_VERSION, .header_bytes = SEGMENT_HEADER, .incarnation = incarnation, .ordinal = 1};
    memcpy(header.magic, SEGMENT_MAGIC, sizeof header.magic);
    must(mkdtemp(folder) != NULL);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
    segment_name(name, &incarnation, 0);
    segment_fd = openat(folder_fd, name, O_RDWR | O_CREAT, 0600);
    must(segment_fd >= 0 && ftruncate(segment_fd, SEGMENT_SIZE) == 0);
    must(pwrite(segment_fd, &header, sizeof header, 0) == (ssize_t)sizeof header);
    atexit(remove_segment);
}

static void fill_segment(const uint8_t *data, size_t size, uint64_t written)
{
    static const uint8_t zeros[BYTES_MAX];
    static size_t used;
    if (segment_fd == 0)
        make_segment();
    must(pwrite(segment_fd, data, size, SEGMENT_HEADER) == (ssize_t)size);
    if (used > size)
        must(pwrite(segment_fd, zeros, used - size, (off_t)(SEGMENT_HEADER + size)) == (ssize_t)(used - size));
    must(pwrite(segment_fd, &written, 8, offsetof(struct segment_header, written)) == 8);
    used = size;
}

/* How many news there are from a position on; the position after the first `stop` of them. */
static size_t read_news(const struct journal_position *from, size_t stop, struct journal_position *at)
{
    static struct record record;
    struct journal_reader *reader;
    struct journal_position before = *from, after;
    size_t news = 0;
    must(journal_reader_create(&reader, folder_fd, from, NULL) == 0);
    journal_reader_gone(reader, 1);
    for (size_t records = 0; journal_reader_next(reader, &record, NULL) == 1; records++) {
        must(records <= SEGMENT_SIZE / RECORD_UNIT);
        after = journal_reader_position(reader);
        must(journal_position_compare(&before, &after) <= 0);
        before = after;
        news += !record.replayed;
        if (news == stop && !record.replayed)
            *at = after;
    }
    journal_reader_destroy(reader);
    return news;
}

static void check_segment(const uint8_t *data, size_t size, const uint8_t head[HEAD])
{
    uint64_t written;
    struct journal_position start = {.ordinal = 1}, middle;
    memcpy(&written, head, 8);
    if (head[HEAD - 1] % 4)
        written = SEGMENT_HEADER + size / RECORD_UNIT * RECORD_UNIT;
    fill_segment(data, size, written);
    size_t all = read_news(&start, 0, &middle), stop = all ? 1 + head[HEAD - 1] % all : 0;
    if (stop == 0 || head[HEAD - 1] % 4 == 0)
        return; /* a damaged count is told by each reader */
    must(read_news(&start, stop, &middle) == all);
    must(read_news(&middle, 0, &start) == all - stop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_records(data, size);
    if (size < HEAD || size > BYTES_MAX)
        return 0;
    size_t rest = size - HEAD;
    uint8_t *sound = malloc(rest ? rest : 1);
    must(sound != NULL);
    memcpy(sound, data + HEAD, rest);
    check_segment(sound, rest, data);
    make_sound(sound, rest);
    check_records(sound, rest);
    check_segment(sound, rest, data);
    free(sound);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
