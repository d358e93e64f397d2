#include "exchange/event_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "exchange/event_frame.h"
#include "no_memory.h"
#include "unit.h"

#define SCALARS_MAX 4096

/* ---- what was read ---- */

struct taken {
    size_t count, stop_at;
    struct event_scalar scalar[SCALARS_MAX];
    char tag[SCALARS_MAX][16];
    struct event_reading reading;
    struct err err;
};

static int take(void *context, const struct event_scalar *scalar)
{
    struct taken *taken = context;
    if (taken->count == SCALARS_MAX)
        fail_msg("more than %d scalars", SCALARS_MAX);
    taken->scalar[taken->count] = *scalar;
    snprintf(taken->tag[taken->count], 16, "%.*s", (int)scalar->tag.size, scalar->tag.data);
    taken->count++;
    return taken->count == taken->stop_at ? 77 : 0;
}

/* From memory of exactly this size. */
static int read_bytes(struct taken *taken, const char *bytes, size_t size)
{
    char *exact = malloc(size + 1);
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    FILE *file = size ? fmemopen(exact, size, "r") : fopen("/dev/null", "r");
    assert_non_null(file);
    taken->count = 0;
    taken->reading = (struct event_reading){.each = take, .context = taken};
    taken->err = (struct err){0};
    int code = event_file_read(file, &taken->reading, &taken->err);
    fclose(file);
    free(exact);
    return code;
}

/* ---- messages, made by hand ---- */

static void varint(struct buf *out, uint64_t v)
{
    for (; v >= 128; v >>= 7)
        buf_u8(out, (uint8_t)(v | 128));
    buf_u8(out, (uint8_t)v);
}

static void field_number(struct buf *out, unsigned field, uint64_t v)
{
    varint(out, field << 3);
    varint(out, v);
}

static void field_bytes(struct buf *out, unsigned field, const void *data, size_t size)
{
    varint(out, field << 3 | 2);
    varint(out, size);
    buf_add(out, data, size);
}

static void field_double(struct buf *out, unsigned field, double v)
{
    varint(out, field << 3 | 1);
    buf_add(out, &v, 8);
}

static void field_float(struct buf *out, unsigned field, float v)
{
    varint(out, field << 3 | 5);
    buf_add(out, &v, 4);
}

/* Moves what is in `part` into a field of `out`. */
static void field_part(struct buf *out, unsigned field, struct buf *part)
{
    field_bytes(out, field, part->data, part->size);
    buf_finish(part);
    buf_init(part);
}

static void frame(struct buf *file, const struct buf *data)
{
    uint8_t head[FRAME_HEAD], tail[FRAME_TAIL];
    frame_close(head, tail, data->data, data->size);
    buf_add(file, head, sizeof head);
    buf_add(file, data->data, data->size);
    buf_add(file, tail, sizeof tail);
}

/* An event with one summary of the value given, which is emptied. */
static void frame_value(struct buf *file, struct buf *value, int64_t step)
{
    struct buf event = {0}, summary = {0};
    field_part(&summary, 1, value);
    field_double(&event, 1, 1.5);
    field_number(&event, 2, (uint64_t)step);
    field_part(&event, 5, &summary);
    frame(file, &event);
    buf_finish(&event);
}

static void frame_tensor(struct buf *file, struct buf *tensor, const char *plugin)
{
    struct buf value = {0}, data = {0}, metadata = {0};
    field_bytes(&value, 1, "t", 1);
    if (plugin) {
        field_bytes(&data, 1, plugin, strlen(plugin));
        field_part(&metadata, 1, &data);
        field_part(&value, 9, &metadata);
    }
    field_part(&value, 8, tensor);
    frame_value(file, &value, 7);
}

/* A file of `count` scalars, tags a and b in turn. */
static void make_file(struct buf *file, size_t count)
{
    struct event_writer *writer;
    struct err err;
    char *bytes = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&bytes, &size);
    assert_non_null(stream);
    assert_int_equal(event_writer_create(&writer, stream, 1.0, &err), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            event_writer_scalar(writer, text_from(i % 2 ? "b" : "a"), (int64_t)i, 2.0 + (double)i, (double)i / 4, &err),
            0);
    event_writer_destroy(writer);
    fclose(stream);
    buf_add(file, bytes, size);
    free(bytes);
}

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct taken));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* ---- tests ---- */

static void a_file_begins_as_tensorflow_begins_it(void **state)
{
    (void)state;
    /* The first bytes of every file that TensorFlow has written: 24, and the masked checksum of that. */
    static const uint8_t head[] = {24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 0x09};
    static const char version[] = "\x1a\x0d"
                                  "brain.Event:2";
    struct buf file = {0};
    make_file(&file, 0);
    assert_int_equal(file.size, FRAME_HEAD + 24 + FRAME_TAIL);
    assert_memory_equal(file.data, head, sizeof head);
    assert_memory_equal(file.data + sizeof head + 8, version, sizeof version - 1);
    buf_finish(&file);
}

static void what_was_written_comes_back(void **state)
{
    struct taken *taken = *state;
    static const double values[] = {
        0, -0.0, 0.1, -1e30, 1e-45, INFINITY, -INFINITY, NAN, 1e39, -1e300, 3.4028235677973366e38};
    struct event_writer *writer;
    struct err err;
    char *bytes = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&bytes, &size);
    assert_int_equal(event_writer_create(&writer, stream, 1.0, &err), 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_int_equal(event_writer_scalar(writer, text_of("a\0b", 3), i % 2 ? INT64_MAX : INT64_MIN,
                                             1700000000.123456, values[i], &err),
                         0);
    event_writer_destroy(writer);
    fclose(stream);
    assert_int_equal(read_bytes(taken, bytes, size), 0);
    free(bytes);
    assert_int_equal(taken->count, sizeof values / sizeof *values);
    for (size_t i = 0; i < taken->count; i++) {
        float narrow = i < 8 ? (float)values[i] : values[i] > 0 ? INFINITY : -INFINITY;
        double wide = (double)narrow;
        if (isnan(narrow))
            assert_true(isnan(taken->scalar[i].value));
        else
            assert_memory_equal(&taken->scalar[i].value, &wide, 8);
        assert_int_equal(taken->scalar[i].tag.size, 3);
        assert_true(taken->scalar[i].step == (i % 2 ? INT64_MAX : INT64_MIN));
        assert_int_equal(taken->scalar[i].time_us, INT64_C(1700000000123456));
    }
    assert_int_equal(taken->reading.scalars, taken->count);
    assert_int_equal(taken->reading.damaged + taken->reading.others, 0);
    assert_false(taken->reading.cut);
}

static void shape_of(struct buf *tensor, const char *sizes)
{
    struct buf shape = {0}, dim = {0};
    for (; *sizes; sizes++) {
        field_number(&dim, 1, (uint64_t)(*sizes - '0'));
        field_part(&shape, 2, &dim);
    }
    field_part(tensor, 2, &shape);
}

enum { FLOAT = 1, DOUBLE = 2, INT32 = 3, STRING = 7, INT64 = 9, BFLOAT16 = 14, HALF = 19 };

static void tensors_of_one_number_are_scalars(void **state)
{
    struct taken *taken = *state;
    static const struct {
        unsigned type;
        const char *shape; /* of digits; NULL: none told */
        unsigned field;    /* of the list; 4: content */
        const char *bytes;
        size_t size;
        double value;
    } cases[] = {
        {FLOAT, "", 5, "\0\0\0\x3f", 4, 0.5},
        {FLOAT, NULL, 4, "\0\0\0\x3f", 4, 0.5},
        {FLOAT, "111", 4, "\0\0\0\xbf", 4, -0.5},
        {DOUBLE, "", 6, "\0\0\0\0\0\0\xf8\x3f", 8, 1.5},
        {DOUBLE, "1", 4, "\0\0\0\0\0\0\xf8\x3f", 8, 1.5},
        {INT32, "", 7, "\x07", 1, 7},
        {INT32, "", 7, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, -1},
        {INT32, "", 4, "\xfe\xff\xff\xff", 4, -2},
        {INT64, "", 10, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, -1},
        {INT64, "", 4, "\0\0\0\0\x01\0\0\0", 8, 4294967296.0},
        {HALF, "", 13, "\x80\x78", 2, 1.0}, /* 0x3c00 */
        {HALF, "", 4, "\x01\x80", 2, -0x1p-24},
        {HALF, "", 4, "\xff\x7b", 2, 65504},
        {HALF, "", 4, "\0\xfc", 2, -INFINITY},
        {BFLOAT16, "", 13, "\x80\x7f", 2, 1.0}, /* 0x3f80 */
        {BFLOAT16, "", 4, "\xc0\xbf", 2, -1.5},
        {FLOAT, "", 0, "", 0, 0}, /* zeros are left out */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf file = {0}, tensor = {0};
        field_number(&tensor, 1, cases[i].type);
        if (cases[i].shape)
            shape_of(&tensor, cases[i].shape);
        if (cases[i].field)
            field_bytes(&tensor, cases[i].field, cases[i].bytes, cases[i].size);
        frame_tensor(&file, &tensor, i % 2 ? "scalars" : NULL);
        assert_int_equal(read_bytes(taken, file.data, file.size), 0);
        if (taken->count != 1 || taken->scalar[0].value != cases[i].value)
            fail_msg("case %zu: %zu, %g", i, taken->count, taken->scalar[0].value);
        assert_int_equal(taken->scalar[0].step, 7);
        buf_finish(&file);
    }
}

static void other_values_are_counted(void **state)
{
    struct taken *taken = *state;
    static const struct {
        unsigned type;
        const char *shape, *plugin;
        size_t bytes; /* of content */
    } tensors[] = {{FLOAT, "2", NULL, 8},       {FLOAT, "", NULL, 3},       {STRING, "", NULL, 4},
                   {FLOAT, "", "pr_curves", 4}, {FLOAT, "0", "scalars", 0}, {99, "", NULL, 4},
                   {FLOAT, "12", NULL, 4},      {DOUBLE, "", NULL, 4}};
    struct buf file = {0}, value = {0}, tensor = {0};
    size_t count = sizeof tensors / sizeof *tensors;
    for (size_t i = 0; i < count; i++) {
        field_number(&tensor, 1, tensors[i].type);
        shape_of(&tensor, tensors[i].shape);
        if (tensors[i].bytes)
            field_bytes(&tensor, 4, "12345678", tensors[i].bytes);
        frame_tensor(&file, &tensor, tensors[i].plugin);
    }
    field_number(&tensor, 1, FLOAT);
    field_bytes(&tensor, 5, "12345678", 8);
    frame_tensor(&file, &tensor, NULL);             /* two numbers */
    for (unsigned field = 3; field <= 6; field++) { /* histograms, image, sound */
        field_bytes(&value, 1, "x", 1);
        field_bytes(&value, field, "\x08\x01", 2);
        frame_value(&file, &value, 1);
    }
    assert_int_equal(read_bytes(taken, file.data, file.size), 0);
    assert_int_equal(taken->count, 0);
    assert_int_equal(taken->reading.others, count + 5);
    assert_int_equal(taken->reading.damaged, 0);
    buf_finish(&file);
}

static void several_values_and_old_names(void **state)
{
    struct taken *taken = *state;
    struct buf file = {0}, value = {0}, summary = {0}, event = {0}, tensor = {0};
    for (int i = 0; i < 3; i++) {
        char tag[] = {(char)('x' + i), 0};
        field_bytes(&value, 1, tag, 1);
        field_float(&value, 2, (float)i);
        field_part(&summary, 1, &value);
    }
    field_number(&tensor, 1, FLOAT);
    field_bytes(&value, 7, "node", 4);
    field_part(&value, 8, &tensor);
    field_part(&summary, 1, &value);
    field_part(&event, 5, &summary);
    frame(&file, &event);
    assert_int_equal(read_bytes(taken, file.data, file.size), 0);
    assert_int_equal(taken->count, 4);
    assert_string_equal(taken->tag[0], "x");
    assert_string_equal(taken->tag[2], "z");
    assert_string_equal(taken->tag[3], "node");
    taken->stop_at = 2;
    assert_int_equal(read_bytes(taken, file.data, file.size), 77);
    assert_int_equal(taken->count, 2);
    buf_finish(&event);
    buf_finish(&file);
}

static void every_truncation_gives_what_is_whole(void **state)
{
    struct taken *taken = *state;
    struct buf file[7] = {{0}};
    for (size_t i = 0; i < 7; i++)
        make_file(&file[i], i); /* each is the beginning of the next */
    for (size_t size = 0, whole = 0; size < file[6].size; size++) {
        if (size == file[whole + 1].size)
            whole++;
        assert_int_equal(read_bytes(taken, file[6].data, size), 0);
        assert_int_equal(taken->count, whole);
        assert_int_equal(taken->reading.damaged, 0);
        assert_int_equal(taken->reading.cut, size > 0 && size != file[whole].size);
    }
    for (size_t i = 0; i < 7; i++)
        buf_finish(&file[i]);
}

static void every_wrong_byte_is_found_and_the_others_come(void **state)
{
    struct taken *taken = *state;
    struct buf file = {0}, one = {0};
    make_file(&file, 6);
    make_file(&one, 0);
    for (size_t at = 0; at < file.size; at++) {
        file.data[at] ^= 0x20;
        assert_int_equal(read_bytes(taken, file.data, file.size), 0);
        assert_true(taken->reading.damaged > 0 || taken->reading.cut);
        assert_int_equal(taken->count, at < one.size ? 6 : 5);
        file.data[at] ^= 0x20;
    }
    one.data[0] ^= 0x20;
    assert_int_equal(read_bytes(taken, one.data, one.size), ERR_FORMAT);
    buf_finish(&file);
    buf_finish(&one);
}

static void a_record_far_behind_the_beginning_makes_no_event_file(void **state)
{
    struct taken *taken = *state;
    struct buf file = {0}, records = {0};
    make_file(&records, 6);
    for (size_t i = 0; i < 1000000; i++)
        buf_char(&file, 'x');
    buf_add(&file, records.data, records.size);
    assert_int_equal(read_bytes(taken, file.data, file.size), 0);
    assert_int_equal(taken->count, 6);
    file.size -= records.size;
    for (size_t i = 0; i < 100000; i++)
        buf_char(&file, 'x');
    buf_add(&file, records.data, records.size);
    assert_int_equal(read_bytes(taken, file.data, file.size), ERR_FORMAT);
    buf_finish(&file);
    buf_finish(&records);
}

static void a_damaged_stretch_is_left_behind(void **state)
{
    struct taken *taken = *state;
    struct buf file = {0};
    make_file(&file, 2000);
    memset(file.data + 5000, 0, 4096);
    assert_int_equal(read_bytes(taken, file.data, file.size), 0);
    assert_true(taken->count > 1850 && taken->count < 2000);
    assert_in_range(taken->reading.damaged, 1, 2);
    assert_int_equal(taken->scalar[taken->count - 1].step, 1999);
    buf_finish(&file);
}

static void claim(struct buf *file, uint64_t length)
{
    uint8_t head[FRAME_HEAD];
    memcpy(head, &length, 8);
    uint32_t checksum = frame_checksum(head, 8);
    memcpy(head + 8, &checksum, 4);
    buf_add(file, head, sizeof head);
}

static void no_claimed_length_is_believed(void **state)
{
    struct taken *taken = *state;
    static const uint64_t lengths[] = {EVENT_RECORD_MAX, EVENT_RECORD_MAX + 1, UINT64_C(1) << 40, UINT64_MAX,
                                       UINT64_MAX - 3};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct buf file = {0};
        make_file(&file, 3);
        claim(&file, lengths[i]);
        buf_text(&file, "not as much as that");
        assert_int_equal(read_bytes(taken, file.data, file.size), 0);
        assert_int_equal(taken->count, 3);
        assert_true(taken->reading.cut);
        buf_finish(&file);
    }
}

static void a_record_that_is_too_long_is_passed_over(void **state)
{
    struct taken *taken = *state;
    size_t length = EVENT_RECORD_MAX + 1;
    struct buf file = {0};
    make_file(&file, 1);
    claim(&file, length);
    assert_true(buf_reserve(&file, length + FRAME_TAIL));
    memset(file.data + file.size, 7, length + FRAME_TAIL);
    file.size += length + FRAME_TAIL;
    make_file(&file, 2);
    assert_int_equal(read_bytes(taken, file.data, file.size), 0);
    assert_int_equal(taken->count, 3);
    assert_int_equal(taken->reading.damaged, 1);
    assert_false(taken->reading.cut);
    buf_finish(&file);
}

/* Two bytes of an empty value take some hundred in memory. */
static void what_swells_is_refused(void **state)
{
    struct taken *taken = *state;
    struct buf file = {0}, event = {0}, summary = {0};
    make_file(&file, 1);
    for (size_t i = 0; i < 4000000; i++)
        buf_add(&summary, "\x0a", 2);
    field_part(&event, 5, &summary);
    frame(&file, &event);
    make_file(&file, 1);
    assert_int_equal(read_bytes(taken, file.data, file.size), 0);
    assert_int_equal(taken->count, 2);
    assert_int_equal(taken->reading.damaged, 1);
    assert_int_equal(taken->reading.others, 0);
    buf_finish(&event);
    buf_finish(&file);
}

static void odd_times_are_bounded(void **state)
{
    struct taken *taken = *state;
    static const double times[] = {NAN, INFINITY, -INFINITY, 1e300, -5.5, 1e-7};
    static const int64_t us[] = {0, 9200000000000000, -9200000000000000, 9200000000000000, -5500000, 0};
    struct event_writer *writer;
    struct err err;
    char *bytes = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&bytes, &size);
    assert_int_equal(event_writer_create(&writer, stream, NAN, &err), 0);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_int_equal(event_writer_scalar(writer, text_from(""), 0, times[i], 0, &err), 0);
    event_writer_destroy(writer);
    fclose(stream);
    assert_int_equal(read_bytes(taken, bytes, size), 0);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_true(taken->scalar[i].time_us == us[i]);
    free(bytes);
}

static int begins(const char *bytes, size_t size, int64_t *time_us)
{
    struct err err;
    FILE *file = size ? fmemopen((void *)(uintptr_t)bytes, size, "r") : fopen("/dev/null", "r");
    assert_non_null(file);
    int code = event_file_begins(file, time_us, &err);
    fclose(file);
    return code;
}

static void the_first_sound_record_tells_the_time(void **state)
{
    (void)state;
    struct buf file = {0};
    int64_t time_us = 0;
    make_file(&file, 2);
    assert_int_equal(begins(file.data, file.size, &time_us), 1);
    assert_int_equal(time_us, 1000000);
    file.data[FRAME_HEAD + 3] ^= 1;
    assert_int_equal(begins(file.data, file.size, &time_us), 1);
    assert_int_equal(time_us, 2000000);
    assert_int_equal(begins(file.data, 20, &time_us), 0);
    assert_int_equal(begins("", 0, &time_us), 0);
    assert_int_equal(begins("no event file at all", 20, &time_us), ERR_FORMAT);
    buf_finish(&file);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct event_writer *writer;
    struct err err;
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    assert_int_equal(event_writer_create(&writer, full, 0, &err), ERR_FULL);
    assert_null(writer);
    fclose(full);
    event_writer_destroy(NULL);
}

static void without_memory_nothing_is_lost_but_time(void **state)
{
    struct taken *taken = *state;
    struct buf file = {0};
    bool fired = true;
    make_file(&file, 4);
    for (long n = 0; fired && n < NO_MEMORY_ROUNDS_MAX; n++) {
        FILE *stream = fmemopen(file.data, file.size, "r");
        char room[4096];
        setvbuf(stream, room, _IOFBF, sizeof room);
        taken->count = 0;
        taken->reading = (struct event_reading){.each = take, .context = taken};
        no_memory_after(n);
        int code = event_file_read(stream, &taken->reading, &taken->err);
        fired = no_memory_came();
        fclose(stream);
        assert_int_equal(code, fired ? ERR_NOMEM : 0);
    }
    assert_int_equal(taken->count, 4);
    buf_finish(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_begins_as_tensorflow_begins_it),
        cmocka_unit_test_setup_teardown(what_was_written_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(tensors_of_one_number_are_scalars, setup, teardown),
        cmocka_unit_test_setup_teardown(other_values_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(several_values_and_old_names, setup, teardown),
        cmocka_unit_test_setup_teardown(every_truncation_gives_what_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(every_wrong_byte_is_found_and_the_others_come, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_far_behind_the_beginning_makes_no_event_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_stretch_is_left_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(no_claimed_length_is_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_is_too_long_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(what_swells_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_times_are_bounded, setup, teardown),
        cmocka_unit_test(the_first_sound_record_tells_the_time),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_lost_but_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
