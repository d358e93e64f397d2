#include "channel/record.h"

#include <math.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "random_record.h"
#include "unit.h"

#define ROUNDS 300

static struct random_record source;

static int setup(void **state)
{
    (void)state;
    random_init(&source, 1);
    return 0;
}

/* Encoded into memory of exactly its size, so that ASan sees a read past it. */
static uint8_t *encode(const struct record *record, size_t *size)
{
    struct buf buf;
    buf_init(&buf);
    assert_int_equal(record_encode(&buf, record), 0);
    uint8_t *bytes = malloc(buf.size);
    assert_non_null(bytes);
    memcpy(bytes, buf.data, buf.size);
    *size = buf.size;
    buf_finish(&buf);
    return bytes;
}

static void check_round_trip(const struct record *record)
{
    static struct record read;
    size_t size, skip = 99;
    uint8_t *bytes = encode(record, &size);
    assert_int_equal(size % RECORD_UNIT, 0);
    memset(&read, 0x5a, sizeof read);
    assert_int_equal(record_decode(bytes, size, &read, &skip), size);
    assert_int_equal(skip, 0);
    assert_false(read.synthetic);
    assert_false(read.replayed);
    assert_int_equal(read.flags, record->flags);
    if (record->kind == RECORD_SCALAR) {
        read.step = record->step;
        read.time_ns = record->time_ns;
    }
    assert_true(record_same(record, &read));
    free(bytes);
}

static void every_kind_comes_back(void **state)
{
    (void)state;
    for (const enum record_kind *kind = random_kinds; *kind; kind++)
        for (int i = 0; i < ROUNDS; i++)
            check_round_trip(random_fill(&source, *kind));
}

static void other_contents_are_not_the_same(void **state)
{
    (void)state;
    static struct random_record other;
    for (const enum record_kind *kind = random_kinds; *kind; kind++) {
        random_init(&other, 2);
        assert_true(record_same(random_fill(&source, *kind), &source.record));
        assert_false(record_same(&source.record, random_fill(&other, *kind)));
    }
}

static void every_truncation_is_not_whole(void **state)
{
    (void)state;
    static struct record read;
    size_t size, skip;
    for (const enum record_kind *kind = random_kinds; *kind; kind++) {
        for (int round = 0; round < 10; round++) {
            uint8_t *bytes = encode(random_fill(&source, *kind), &size);
            for (size_t cut = 0; cut < size; cut++) {
                uint8_t *part = malloc(cut ? cut : 1);
                assert_non_null(part);
                memcpy(part, bytes, cut);
                assert_int_equal(record_decode(part, cut, &read, &skip), 0);
                free(part);
            }
            free(bytes);
        }
    }
}

/* Whatever one byte becomes, the record is not taken for good. */
static void check_corruption(uint8_t *bytes, size_t size, size_t at, uint8_t mask)
{
    static struct record read;
    size_t skip;
    bytes[at] ^= mask;
    long result = record_decode(bytes, size, &read, &skip);
    if (result != 0 && result != ERR_DAMAGED)
        fail_msg("byte %zu of kind %d, changed by %02x: taken", at, bytes[0], mask);
    if (result == ERR_DAMAGED && skip != 0 && (skip > size || skip % RECORD_UNIT != 0))
        fail_msg("skip %zu of %zu", skip, size);
    bool in_mark = (at >= 2 && at < 4) || (at >= 12 && at < RECORD_UNIT);
    if (in_mark && (result != ERR_DAMAGED || skip != 0))
        fail_msg("byte %zu: no head, so no size", at);
    if (at >= RECORD_UNIT && (result != ERR_DAMAGED || skip != size))
        fail_msg("byte %zu: a damaged payload is to be skipped whole", at);
    bytes[at] ^= mask;
}

static void every_corrupted_byte_is_found(void **state)
{
    (void)state;
    for (const enum record_kind *kind = random_kinds; *kind; kind++) {
        for (int round = 0; round < 6 && *kind >= RECORD_RUN; round++) {
            size_t size;
            random_fill(&source, *kind);
            source.record.flags = (uint8_t)(round % 2);
            uint8_t *bytes = encode(&source.record, &size);
            for (size_t at = 0; at < size; at++)
                for (unsigned mask = 1; mask < 256; mask = at < RECORD_UNIT ? mask + 1 : mask * 2)
                    check_corruption(bytes, size, at, (uint8_t)mask);
            free(bytes);
        }
    }
}

static void a_head_that_claims_too_much_is_damaged(void **state)
{
    (void)state;
    static struct record read;
    size_t size, skip;
    uint8_t *bytes = encode(random_fill(&source, RECORD_MESSAGE), &size);
    uint32_t claim = RECORD_PAYLOAD_MAX + 1;
    memcpy(bytes + 4, &claim, 4);
    assert_int_equal(record_decode(bytes, size, &read, &skip), ERR_DAMAGED);
    assert_int_equal(skip, 0);
    claim = RECORD_PAYLOAD_MAX;
    memcpy(bytes + 4, &claim, 4);
    assert_int_equal(record_decode(bytes, size, &read, &skip), 0);
    claim = UINT32_MAX;
    memcpy(bytes + 4, &claim, 4);
    assert_int_equal(record_decode(bytes, size, &read, &skip), ERR_DAMAGED);
    free(bytes);
}

static void what_was_never_written_is_damaged(void **state)
{
    (void)state;
    static struct record read;
    static const uint8_t zeros[64];
    size_t skip;
    assert_int_equal(record_decode(zeros, sizeof zeros, &read, &skip), ERR_DAMAGED);
    assert_int_equal(skip, 0);
    uint8_t bytes[32] = {4};
    assert_int_equal(record_decode(bytes, sizeof bytes, &read, &skip), ERR_DAMAGED);
    bytes[0] = RECORD_SCALAR;
    assert_int_equal(record_decode(bytes, sizeof bytes, &read, &skip), RECORD_UNIT);
    bytes[2] = 1;
    assert_int_equal(record_decode(bytes, sizeof bytes, &read, &skip), ERR_DAMAGED);
}

static void steps_have_56_bits(void **state)
{
    (void)state;
    struct record record = {.kind = RECORD_STEP, .time_ns = 5};
    const int64_t good[] = {0, 1, -1, RECORD_STEP_MIN, RECORD_STEP_MAX, -123456789};
    struct buf buf;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        record.step = good[i];
        check_round_trip(&record);
    }
    buf_init(&buf);
    buf_text(&buf, "before");
    record.step = RECORD_STEP_MAX + 1;
    assert_int_equal(record_encode(&buf, &record), ERR_INVALID);
    record.step = RECORD_STEP_MIN - 1;
    assert_int_equal(record_encode(&buf, &record), ERR_INVALID);
    assert_int_equal(buf.size, 6);
    buf_finish(&buf);
}

static void the_hot_words_are_the_format(void **state)
{
    (void)state;
    uint8_t hot[RECORD_UNIT];
    struct record record = {.kind = RECORD_SCALAR, .scalar = {.series = 0xdeadbeef, .value = -1.5}};
    uint64_t bits;
    size_t size;
    memcpy(&bits, &record.scalar.value, 8);
    record_put_words(hot, record_series_word(RECORD_SCALAR, record.scalar.series), bits);
    uint8_t *bytes = encode(&record, &size);
    assert_int_equal(size, sizeof hot);
    assert_memory_equal(bytes, hot, sizeof hot);
    free(bytes);
    record = (struct record){.kind = RECORD_STEP, .step = -7, .time_ns = 1700000000000000000};
    record_put_words(hot, record_step_word(record.step), (uint64_t)record.time_ns);
    bytes = encode(&record, &size);
    assert_memory_equal(bytes, hot, sizeof hot);
    free(bytes);
}

static void assert_invalid(const struct record *record)
{
    struct buf buf;
    buf_init(&buf);
    buf_text(&buf, "before");
    assert_int_equal(record_encode(&buf, record), ERR_INVALID);
    assert_int_equal(buf.size, 6);
    buf_finish(&buf);
}

static void what_does_not_fit_is_not_encoded(void **state)
{
    (void)state;
    static struct record record;
    char *longest = calloc(1, RECORD_PAYLOAD_MAX + 1);
    assert_non_null(longest);
    memset(longest, 'x', RECORD_PAYLOAD_MAX);
    record = (struct record){.kind = RECORD_MESSAGE};
    size_t others = 16 + 8 + 4; /* step, time, level, length */
    record.message.text = text_of(longest, RECORD_PAYLOAD_MAX - others);
    check_round_trip(&record);
    record.message.text.size++;
    assert_invalid(&record);
    free(longest);
    record = (struct record){.kind = RECORD_OUTCOME};
    record.outcome.outcome = OUTCOME_APPLIED;
    record.outcome.items = RECORD_ITEMS_MAX + 1;
    assert_invalid(&record);
    record.outcome.items = 0;
    record.outcome.outcome = (enum outcome_kind)9;
    assert_invalid(&record);
    record = (struct record){.kind = RECORD_NONE};
    assert_invalid(&record);
    record = (struct record){.kind = (enum record_kind)99};
    assert_invalid(&record);
}

static void a_setting_holds_together(void **state)
{
    (void)state;
    static struct record record;
    record = (struct record){.kind = RECORD_SETTING};
    struct record_setting *setting = &record.setting;
    setting->type = VALUE_DOUBLE;
    setting->value = value_double(1);
    check_round_trip(&record);
    setting->value = value_integer(VALUE_INT, 1);
    assert_invalid(&record);
    setting->value = value_double(1);
    setting->bounded = true;
    setting->min = value_double(0);
    setting->max = value_integer(VALUE_INT, 9);
    assert_invalid(&record);
    setting->max = value_double(9);
    check_round_trip(&record);
    setting->max = value_double(INFINITY);
    check_round_trip(&record);
    setting->min = value_double(-INFINITY);
    check_round_trip(&record);
    setting->min = value_double(NAN);
    assert_invalid(&record);
    setting->min = value_double(0);
    setting->max = value_double(NAN);
    assert_invalid(&record);
    setting->bounded = false;
    setting->type = VALUE_CHOICE;
    setting->choices = 2;
    setting->value = value_integer(VALUE_CHOICE, 1);
    check_round_trip(&record);
    setting->value.integer = 2;
    assert_invalid(&record);
    setting->value = value_integer(VALUE_BOOL, 2);
    setting->type = VALUE_BOOL;
    assert_invalid(&record);
}

static void make_crc_good(uint8_t *bytes)
{
    uint32_t payload_bytes, crc;
    memset(bytes + 8, 0, 4);
    memcpy(&payload_bytes, bytes + 4, 4);
    crc = crc32c(0, bytes, RECORD_UNIT + payload_bytes);
    memcpy(bytes + 8, &crc, 4);
}

static void no_bytes_may_follow_the_fields(void **state)
{
    (void)state;
    static struct record record, read;
    size_t size, skip;
    record = (struct record){.kind = RECORD_MESSAGE, .message = {1, text_from("x")}};
    uint8_t *bytes = encode(&record, &size);
    make_crc_good(bytes);
    assert_int_equal(record_decode(bytes, size, &read, &skip), size);
    bytes[4]++; /* a byte of the padding, which is zero */
    make_crc_good(bytes);
    assert_int_equal(record_decode(bytes, size, &read, &skip), ERR_DAMAGED);
    bytes[4] = (uint8_t)(bytes[4] - 2);
    make_crc_good(bytes);
    assert_int_equal(record_decode(bytes, size, &read, &skip), ERR_DAMAGED);
    free(bytes);
}

static void texts_are_utf8_on_the_way_out_and_in(void **state)
{
    (void)state;
    static struct record record, read;
    size_t size, skip;
    record = (struct record){.kind = RECORD_MESSAGE};
    record.message.text = text_from("caf\xe9 \xf0\x9f\x98 \xc3\xa9 abcdefgh"); /* fills its last unit */
    uint8_t *bytes = encode(&record, &size);
    assert_int_equal(record_decode(bytes, size, &read, &skip), size);
    assert_true(text_is(read.message.text, "caf? ??? \xc3\xa9 abcdefgh"));
    bytes[size - 4] = 0xff; /* in the text */
    make_crc_good(bytes);
    assert_int_equal(record_decode(bytes, size, &read, &skip), ERR_DAMAGED);
    assert_int_equal(skip, size);
    bytes[size - 4] = '!';
    make_crc_good(bytes);
    assert_int_equal(record_decode(bytes, size, &read, &skip), size);
    free(bytes);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_comes_back),
        TEST(other_contents_are_not_the_same),
        TEST(every_truncation_is_not_whole),
        TEST(every_corrupted_byte_is_found),
        TEST(a_head_that_claims_too_much_is_damaged),
        TEST(what_was_never_written_is_damaged),
        TEST(steps_have_56_bits),
        TEST(the_hot_words_are_the_format),
        TEST(what_does_not_fit_is_not_encoded),
        TEST(a_setting_holds_together),
        TEST(no_bytes_may_follow_the_fields),
        TEST(texts_are_utf8_on_the_way_out_and_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
