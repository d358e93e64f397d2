/* Bytes as an event file as they are, and as the records of one whose checksums are right; what is read, written and
 * read again is the same. */
#include "replay.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "exchange/event_file.h"
#include "exchange/event_frame.h"

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* What was read, as bytes, and as a file written anew. */
struct copy {
    struct buf said;
    struct event_writer *writer;
};

static int take(void *context, const struct event_scalar *scalar)
{
    struct copy *copy = context;
    float value = (float)scalar->value;
    double exact = (double)value;
    bool is_float = isnan(exact) || exact == scalar->value;
    if (!is_float)
        return 0; /* of an int64 or a double: a float32 holds less */
    must(scalar->time_us >= -9200000000000000 && scalar->time_us <= 9200000000000000);
    int64_t second = scalar->time_us / 1000000;
    buf_u64(&copy->said, scalar->tag.size);
    buf_add(&copy->said, scalar->tag.data, scalar->tag.size);
    buf_add(&copy->said, &scalar->step, 8);
    buf_add(&copy->said, &second, 8);
    if (!isnan(value))
        buf_add(&copy->said, &value, 4);
    if (copy->writer)
        must(event_writer_scalar(copy->writer, scalar->tag, scalar->step, (double)second, exact, NULL) == 0);
    return 0;
}

static int read_bytes(const char *bytes, size_t size, struct copy *copy, struct event_reading *reading)
{
    FILE *file = fmemopen((void *)(uintptr_t)bytes, size, "r");
    int64_t time_us;
    *reading = (struct event_reading){.each = take, .context = copy};
    must(file != NULL);
    int begins = event_file_begins(file, &time_us, NULL);
    rewind(file);
    int code = event_file_read(file, reading, NULL);
    must(code == 0 || code == ERR_FORMAT);
    must((begins == ERR_FORMAT) == (code == ERR_FORMAT));
    must(reading->scalars == 0 || begins == 1);
    fclose(file);
    return code;
}

/* Reads, writes, reads. */
static void check_file(const char *bytes, size_t size)
{
    struct copy first = {.writer = NULL}, second = {.writer = NULL};
    struct event_reading reading;
    char *written = NULL;
    size_t written_size = 0;
    FILE *file = open_memstream(&written, &written_size);
    must(file && event_writer_create(&first.writer, file, 1.0, NULL) == 0);
    read_bytes(bytes, size, &first, &reading);
    event_writer_destroy(first.writer);
    fclose(file);
    must(read_bytes(written, written_size, &second, &reading) == 0);
    must(reading.damaged == 0 && !reading.cut && reading.others == 0);
    must(first.said.size == second.said.size);
    must(first.said.size == 0 || memcmp(first.said.data, second.said.data, first.said.size) == 0);
    buf_finish(&first.said);
    buf_finish(&second.said);
    free(written);
}

/* A fuzzer does not guess checksums: each stretch of bytes up to its length, which the first two tell, is a record. */
static void make_sound(struct buf *file, const uint8_t *data, size_t size)
{
    uint8_t head[FRAME_HEAD], tail[FRAME_TAIL];
    while (size >= 2) {
        size_t length = (size_t)data[0] | (size_t)data[1] << 8;
        data += 2;
        size -= 2;
        length = length < size ? length : size;
        frame_close(head, tail, data, length);
        buf_add(file, head, sizeof head);
        buf_add(file, data, length);
        buf_add(file, tail, sizeof tail);
        data += length;
        size -= length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf file = {0};
    if (size == 0)
        return 0;
    check_file((const char *)data, size);
    make_sound(&file, data, size);
    if (file.size > 0)
        check_file(file.data, file.size);
    buf_finish(&file);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
