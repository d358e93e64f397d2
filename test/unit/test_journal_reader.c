#include "channel/journal_reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/journal_folder.h"
#include "journal_fixture.h"

static void read_to_end(struct journal_fixture *fixture)
{
    while (fixture_next(fixture) == 1)
        if (fixture->record.synthetic)
            fail_msg("a gap: %.*s", (int)fixture->record.gap.reason.size, fixture->record.gap.reason.data);
}

/* The segment was left: the position is that of the one that may follow. */
static void assert_behind(struct journal_fixture *fixture, uint64_t sequence)
{
    struct journal_position position = journal_reader_position(fixture->reader);
    assert_int_equal(position.sequence, sequence + 1);
    assert_int_equal(position.offset, 0);
}

static void an_empty_folder_has_nothing(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_read(fixture, NULL);
    assert_int_equal(fixture_next(fixture), 0);
    assert_int_equal(journal_reader_position(fixture->reader).ordinal, 0);
    fixture_write(fixture, 1);
    fixture_message(fixture, "hello");
    fixture_expect_message(fixture, "hello");
    struct journal_position position = journal_reader_position(fixture->reader);
    assert_int_equal(position.ordinal, 1);
    assert_int_equal(position.sequence, 0);
    assert_int_equal(position.offset, fixture->writer.at);
    assert_true(incarnation_same(&position.incarnation, &fixture->writer.incarnation));
}

/* ---- everything once and in order ---- */

struct follower {
    uint64_t scalars, messages;
    int64_t step;
};

/* What the writer below says, in the order in which it says it. */
static void follow(struct journal_fixture *fixture, struct follower *follower)
{
    char text[32];
    while (fixture_next(fixture) == 1) {
        const struct record *record = &fixture->record;
        if (record->kind == RECORD_SCALAR) {
            assert_true(record->scalar.value == (double)follower->scalars++);
            assert_int_equal(record->step, follower->step);
        } else if (record->kind == RECORD_MESSAGE) {
            snprintf(text, sizeof text, "%llu", (unsigned long long)follower->messages++);
            assert_true(text_is(record->message.text, text));
        } else if (record->kind == RECORD_STEP) {
            assert_true(record->step == follower->step || record->step == follower->step + 1);
            follower->step = record->step;
        } else {
            assert_true(record->flags & RECORD_RESTATED);
        }
    }
}

static void every_record_comes_once_and_in_order(void **state)
{
    struct journal_fixture *fixture = *state;
    struct follower follower = {0};
    uint64_t scalars = 0, messages = 0;
    char text[32];
    fixture->series = 3;
    fixture_write(fixture, 1);
    fixture_read(fixture, NULL);
    srand(7);
    for (int64_t step = 1; fixture->writer.sequence < 5; step++) {
        journal_step(&fixture->writer, step);
        for (int i = rand() % 300 + 1; i > 0; i--)
            journal_scalar(&fixture->writer, 1, (double)scalars++);
        journal_publish(&fixture->writer);
        for (int i = rand() % 3; i > 0; i--) {
            snprintf(text, sizeof text, "%llu", (unsigned long long)messages++);
            fixture_message(fixture, text);
        }
        if (rand() % 100 == 0)
            follow(fixture, &follower);
    }
    journal_writer_finish(&fixture->writer);
    follow(fixture, &follower);
    assert_int_equal(follower.scalars, scalars);
    assert_int_equal(follower.messages, messages);
    assert_behind(fixture, 5);
}

/* ---- from any position ---- */

#define TOLD_MAX 256

struct told {
    struct journal_position after;
    struct buf bytes;
    uint32_t series; /* how many its segment has declared by then */
};

static void write_small_journal(struct journal_fixture *fixture)
{
    fixture->series = 1;
    fixture_write(fixture, 1);
    for (int64_t step = 0; fixture->writer.sequence < 3; step++) {
        journal_step(&fixture->writer, step);
        journal_scalar(&fixture->writer, 0, (double)step);
        journal_scalar(&fixture->writer, 1, -1);
        if (step % 3 == 0)
            fixture_declare(fixture);
        assert_int_equal(fixture_fill(fixture, 500000 + (size_t)step), 0);
        journal_scalar_at(&fixture->writer, 0, -step, 1);
    }
    struct record end = {.kind = RECORD_END, .end = {RUN_FINISHED}};
    assert_int_equal(journal_put(&fixture->writer, &end), 0);
    journal_writer_finish(&fixture->writer);
}

/* How many series the records of a segment have declared so far. */
static uint32_t declared(const struct record *record, uint32_t before)
{
    if (record->kind == RECORD_RUN)
        return 0;
    return record->kind == RECORD_SERIES && record->series.id >= before ? record->series.id + 1 : before;
}

static uint32_t remember(struct journal_fixture *fixture, struct told told[TOLD_MAX])
{
    uint32_t count = 0, series = 0, all = 0;
    for (; fixture_next(fixture) == 1; count++) {
        assert_true(count < TOLD_MAX);
        assert_false(fixture->record.synthetic);
        assert_false(fixture->record.replayed);
        buf_init(&told[count].bytes);
        assert_int_equal(record_encode(&told[count].bytes, &fixture->record), 0);
        series = declared(&fixture->record, series);
        all = series > all ? series : all;
        if (!(fixture->record.flags & RECORD_RESTATED))
            assert_int_equal(series, all); /* each segment begins with all there is */
        told[count].series = series;
        told[count].after = journal_reader_position(fixture->reader);
    }
    return count;
}

/* Opened after the record `from`: that segment's earlier records are replayed, the declarations among them; then
 * exactly the rest comes. */
static void check_rest(struct journal_fixture *fixture, struct told *told, uint32_t from, uint32_t count)
{
    uint32_t series = 0;
    struct buf bytes;
    buf_init(&bytes);
    fixture_read(fixture, &told[from].after);
    assert_int_equal(fixture_next(fixture), 1);
    for (; fixture->record.replayed; assert_int_equal(fixture_next(fixture), 1)) {
        struct journal_position position = journal_reader_position(fixture->reader);
        assert_int_equal(journal_position_compare(&position, &told[from].after), 0);
        series = declared(&fixture->record, series);
        if (from + 1 == count && fixture->record.kind == RECORD_END)
            break;
    }
    assert_int_equal(series, told[from].series);
    for (uint32_t i = from + 1; i < count; i++) {
        buf_clear(&bytes);
        assert_false(fixture->record.replayed);
        assert_int_equal(record_encode(&bytes, &fixture->record), 0);
        assert_int_equal(bytes.size, told[i].bytes.size);
        assert_memory_equal(bytes.data, told[i].bytes.data, bytes.size);
        struct journal_position position = journal_reader_position(fixture->reader);
        assert_int_equal(journal_position_compare(&position, &told[i].after), 0);
        assert_int_equal(fixture_next(fixture), i + 1 < count);
    }
    assert_int_equal(fixture_next(fixture), 0);
    buf_finish(&bytes);
}

static void from_every_position_exactly_the_rest(void **state)
{
    struct journal_fixture *fixture = *state;
    static struct told told[TOLD_MAX];
    write_small_journal(fixture);
    fixture_read(fixture, NULL);
    uint32_t count = remember(fixture, told);
    assert_true(count > 40);
    for (uint32_t from = 0; from < count; from++)
        check_rest(fixture, told, from, count);
    for (uint32_t i = 0; i < count; i++)
        buf_finish(&told[i].bytes);
}

static void offset_zero_is_before_the_segment(void **state)
{
    struct journal_fixture *fixture = *state;
    write_small_journal(fixture);
    struct journal_position from = {fixture->writer.incarnation, 1, 0, 0};
    for (uint64_t sequence = 0; sequence < 4; sequence++) {
        from.sequence = sequence;
        fixture_read(fixture, &from);
        assert_int_equal(fixture_next(fixture), 1);
        assert_int_equal(fixture->record.kind, RECORD_RUN);
        assert_false(fixture->record.replayed);
        assert_int_equal(journal_reader_position(fixture->reader).sequence, sequence);
        read_to_end(fixture);
    }
    /* An incarnation that has not begun: what comes before it is passed over, and nothing is missing. */
    memset(&from, 0, sizeof from);
    from.ordinal = 2;
    fixture_read(fixture, &from);
    assert_int_equal(fixture_next(fixture), 0);
    fixture_write(fixture, 2);
    fixture_message(fixture, "second");
    fixture_expect_message(fixture, "second");
}

static void odd_offsets_do_no_harm(void **state)
{
    struct journal_fixture *fixture = *state;
    write_small_journal(fixture);
    struct journal_position from = {fixture->writer.incarnation, 1, 1, 0};
    const uint64_t offsets[] = {1, 15, 4095, 4097, 4112, 100000, SEGMENT_SIZE, SEGMENT_SIZE + 5, UINT64_MAX};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        from.offset = offsets[i];
        fixture_read(fixture, &from);
        while (fixture_next(fixture) == 1)
            ;
        assert_behind(fixture, 3);
    }
}

/* ---- incarnations ---- */

static void a_killed_trainer_is_left_only_when_gone(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    fixture_message(fixture, "first");
    journal_writer_abandon(&fixture->writer); /* killed: neither sealed nor ended */
    fixture_write(fixture, 2);
    fixture_message(fixture, "second");
    fixture_read(fixture, NULL);
    fixture_expect_message(fixture, "first");
    assert_int_equal(fixture_next(fixture), 0);
    journal_reader_gone(fixture->reader, 1);
    fixture_expect_message(fixture, "second");
    assert_int_equal(fixture_next(fixture), 0);
    assert_int_equal(journal_reader_position(fixture->reader).ordinal, 2);
}

static void an_ended_incarnation_is_left_at_once(void **state)
{
    struct journal_fixture *fixture = *state;
    struct record end = {.kind = RECORD_END, .end = {RUN_FINISHED}};
    fixture_write(fixture, 1);
    fixture_message(fixture, "first");
    assert_int_equal(journal_put(&fixture->writer, &end), 0);
    fixture_read(fixture, NULL);
    fixture_expect_message(fixture, "first");
    assert_int_equal(fixture_next(fixture), 1);
    assert_int_equal(fixture->record.kind, RECORD_END);
    assert_int_equal(fixture_next(fixture), 0);
    journal_writer_abandon(&fixture->writer); /* not sealed: the end says it all */
    fixture_write(fixture, 2);
    fixture_message(fixture, "second");
    fixture_expect_message(fixture, "second");
}

static void incarnations_come_in_the_order_of_their_ordinals(void **state)
{
    struct journal_fixture *fixture = *state;
    char text[16];
    /* The names of the fixture's incarnations sort the other way round. */
    for (uint64_t ordinal = 1; ordinal <= 5; ordinal++) {
        fixture_write(fixture, ordinal);
        snprintf(text, sizeof text, "%d", (int)ordinal);
        fixture_message(fixture, text);
        journal_writer_finish(&fixture->writer);
    }
    fixture_read(fixture, NULL);
    for (int ordinal = 1; ordinal <= 5; ordinal++) {
        snprintf(text, sizeof text, "%d", ordinal);
        fixture_expect_message(fixture, text);
    }
    assert_int_equal(fixture_next(fixture), 0);
}

static void what_was_published_before_death_is_seen_after_it(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    fixture_read(fixture, NULL);
    while (fixture_next(fixture) == 1)
        ;
    fixture_message(fixture, "last words");
    journal_writer_abandon(&fixture->writer);
    journal_reader_gone(fixture->reader, 1);
    fixture_expect_message(fixture, "last words");
    assert_int_equal(fixture_next(fixture), 0);
}

/* ---- gaps ---- */

static void remove_segment(struct journal_fixture *fixture, uint64_t ordinal, uint64_t sequence)
{
    char name[SEGMENT_NAME];
    fixture_name(name, ordinal, sequence);
    assert_int_equal(unlinkat(fixture->fd, name, 0), 0);
}

static void change_bytes(struct journal_fixture *fixture, uint64_t sequence, uint64_t offset, const void *bytes,
                         size_t size)
{
    int fd = fixture_open_segment(fixture, 1, sequence);
    assert_int_equal(pwrite(fd, bytes, size, (off_t)offset), size);
    close(fd);
}

/* Messages "0" to "9", the second half in another segment; where each begins. */
static void write_messages(struct journal_fixture *fixture, uint64_t offsets[10])
{
    char text[2] = "0";
    fixture->series = 1;
    fixture_write(fixture, 1);
    for (int i = 0; i < 10; i++, text[0]++) {
        while (i == 5 && fixture->writer.sequence == 0)
            assert_int_equal(fixture_fill(fixture, 500000), 0);
        offsets[i] = fixture->writer.at;
        fixture_message(fixture, text);
    }
}

static void expect_messages(struct journal_fixture *fixture, int from, int to)
{
    for (char text[2] = {(char)('0' + from), 0}; text[0] < '0' + to;) {
        assert_int_equal(fixture_next_news(fixture), 1);
        if (fixture->record.synthetic)
            fail_msg("a gap: %.*s", (int)fixture->record.gap.reason.size, fixture->record.gap.reason.data);
        assert_int_equal(fixture->record.kind, RECORD_MESSAGE);
        if (fixture->record.message.text.size > 1)
            continue; /* what filled the segment */
        assert_true(text_is(fixture->record.message.text, text));
        text[0]++;
    }
}

static void missing_segments_are_a_gap(void **state)
{
    struct journal_fixture *fixture = *state;
    write_small_journal(fixture);
    remove_segment(fixture, 1, 1);
    remove_segment(fixture, 1, 2);
    fixture_read(fixture, NULL);
    while (fixture_next(fixture) == 1 && fixture->record.kind != RECORD_GAP)
        assert_int_equal(journal_reader_position(fixture->reader).sequence, 0);
    assert_true(fixture->record.synthetic);
    assert_non_null(memmem(fixture->record.gap.reason.data, fixture->record.gap.reason.size, "2 segments before", 17));
    struct journal_position position = journal_reader_position(fixture->reader);
    assert_int_equal(position.sequence, 3);
    read_to_end(fixture);
    /* Told once: a reader from there does not tell it again. */
    fixture_read(fixture, &position);
    read_to_end(fixture);
    /* The first ones. */
    remove_segment(fixture, 1, 0);
    fixture_read(fixture, NULL);
    fixture_expect_gap(fixture, "3 segments before");
    read_to_end(fixture);
}

static void the_positions_segment_is_missing(void **state)
{
    struct journal_fixture *fixture = *state;
    write_small_journal(fixture);
    struct journal_position from = {fixture->writer.incarnation, 1, 1, 5000 / 16 * 16};
    remove_segment(fixture, 1, 1);
    fixture_read(fixture, &from);
    fixture_expect_gap(fixture, "at which reading was to go on is missing");
    assert_int_equal(fixture_next(fixture), 1);
    assert_int_equal(fixture->record.kind, RECORD_RUN);
    assert_int_equal(journal_reader_position(fixture->reader).sequence, 2);
    read_to_end(fixture);
    from.sequence = 9; /* nothing follows: nothing to tell yet */
    fixture_read(fixture, &from);
    assert_int_equal(fixture_next(fixture), 0);
    fixture_write(fixture, 2);
    fixture_message(fixture, "second");
    fixture_expect_gap(fixture, "at which reading was to go on is missing");
    fixture_expect_message(fixture, "second");
}

static void a_record_with_a_wrong_crc_is_skipped_alone(void **state)
{
    struct journal_fixture *fixture = *state;
    uint64_t offsets[10];
    write_messages(fixture, offsets);
    change_bytes(fixture, 0, offsets[2] + RECORD_UNIT, "\xff", 1);
    fixture_read(fixture, NULL);
    expect_messages(fixture, 0, 2);
    fixture_expect_gap(fixture, "48 bytes of the journal are damaged");
    struct journal_position position = journal_reader_position(fixture->reader);
    assert_int_equal(position.offset, offsets[3]);
    expect_messages(fixture, 3, 10);
    assert_int_equal(fixture_next(fixture), 0);
    /* Known already to a reader from behind it, or from further on. */
    fixture_read(fixture, &position);
    do
        assert_int_equal(fixture_next(fixture), 1);
    while (fixture->record.replayed);
    assert_true(text_is(fixture->record.message.text, "3"));
    position.offset = offsets[4];
    fixture_read(fixture, &position);
    do
        assert_int_equal(fixture_next(fixture), 1);
    while (fixture->record.replayed);
    assert_true(text_is(fixture->record.message.text, "4"));
    /* The damaged segment outlives its name. */
    char kept[SEGMENT_NAME + 16];
    fixture_name(kept, 1, 0);
    memcpy(kept + strlen(kept), ".damaged", 9);
    position.sequence++;
    assert_int_equal(journal_unlink_before(fixture->fd, &position), 1);
    assert_int_equal(faccessat(fixture->fd, kept, F_OK, 0), 0);
}

static void without_a_size_all_that_is_published_is_skipped(void **state)
{
    struct journal_fixture *fixture = *state;
    uint64_t offsets[10];
    static const uint8_t zeros[16];
    write_messages(fixture, offsets);
    change_bytes(fixture, 1, offsets[7], zeros, sizeof zeros);
    fixture_read(fixture, NULL);
    expect_messages(fixture, 0, 7);
    fixture_expect_gap(fixture, "bytes of the journal are damaged");
    assert_int_equal(journal_reader_position(fixture->reader).offset, fixture->writer.at);
    assert_int_equal(fixture_next(fixture), 0);
    fixture_message(fixture, "later");
    fixture_expect_message(fixture, "later");
    /* A reader from there passes over as much, and no more. */
    struct journal_position position = journal_reader_position(fixture->reader);
    fixture_message(fixture, "last");
    fixture_read(fixture, &position);
    do
        assert_int_equal(fixture_next(fixture), 1);
    while (fixture->record.replayed);
    assert_int_equal(fixture->record.kind, RECORD_MESSAGE);
    assert_true(text_is(fixture->record.message.text, "last"));
}

static void scalars_after_lost_steps_are_not_given_to_another(void **state)
{
    struct journal_fixture *fixture = *state;
    static const uint8_t zeros[16];
    fixture_write(fixture, 1);
    journal_step(&fixture->writer, 1);
    journal_scalar(&fixture->writer, 0, 1);
    uint64_t second = fixture->writer.at;
    journal_step(&fixture->writer, 2);
    journal_scalar(&fixture->writer, 0, 2);
    journal_publish(&fixture->writer);
    change_bytes(fixture, 0, second, zeros, sizeof zeros);
    fixture_read(fixture, NULL);
    assert_int_equal(fixture_next_news(fixture), 1);
    assert_int_equal(fixture->record.step, 1);
    fixture_expect_gap(fixture, "32 bytes");
    journal_scalar(&fixture->writer, 0, 3); /* of step 2, which the reader has not seen */
    journal_publish(&fixture->writer);
    assert_int_equal(fixture_next(fixture), 0);
    journal_step(&fixture->writer, 3);
    journal_scalar(&fixture->writer, 0, 4);
    journal_publish(&fixture->writer);
    assert_int_equal(fixture_next_news(fixture), 1);
    assert_int_equal(fixture->record.kind, RECORD_SCALAR);
    assert_int_equal(fixture->record.step, 3);
    assert_true(fixture->record.scalar.value == 4);
    /* Begun again in the middle of a step, behind the damage: whose the scalars are is not known, and that is told. */
    struct journal_position position = journal_reader_position(fixture->reader);
    journal_scalar(&fixture->writer, 0, 5);
    journal_step(&fixture->writer, 4);
    journal_scalar(&fixture->writer, 0, 6);
    journal_publish(&fixture->writer);
    fixture_read(fixture, &position);
    do
        assert_int_equal(fixture_next(fixture), 1);
    while (fixture->record.replayed);
    assert_int_equal(fixture->record.kind, RECORD_GAP);
    assert_int_equal(fixture_next_news(fixture), 1);
    assert_int_equal(fixture->record.kind, RECORD_SCALAR);
    assert_int_equal(fixture->record.step, 4);
}

static void scalars_without_a_step_are_told(void **state)
{
    struct journal_fixture *fixture = *state;
    uint8_t scalar[RECORD_UNIT] = {RECORD_SCALAR};
    fixture_write(fixture, 1);
    memcpy(fixture->writer.base + fixture->writer.at, scalar, sizeof scalar);
    fixture->writer.at += RECORD_UNIT;
    fixture_message(fixture, "after");
    fixture_read(fixture, NULL);
    assert_int_equal(fixture_next(fixture), 1);
    assert_int_equal(fixture->record.kind, RECORD_RUN);
    fixture_expect_gap(fixture, "scalars without a step");
    fixture_expect_message(fixture, "after");
}

static void a_segment_of_another_version_is_told_and_kept(void **state)
{
    struct journal_fixture *fixture = *state;
    uint32_t version = 2;
    write_small_journal(fixture);
    change_bytes(fixture, 2, offsetof(struct segment_header, version), &version, 4);
    fixture_read(fixture, NULL);
    while (fixture_next(fixture) == 1 && fixture->record.kind != RECORD_GAP)
        assert_in_range(journal_reader_position(fixture->reader).sequence, 0, 1);
    struct journal_position position = journal_reader_position(fixture->reader);
    assert_non_null(memmem(fixture->record.gap.reason.data, fixture->record.gap.reason.size,
                           ".0000000002 is of format version 2", 34));
    assert_int_equal(position.sequence, 2);
    assert_int_equal(fixture_next(fixture), 1);
    assert_int_equal(journal_reader_position(fixture->reader).sequence, 3);
    read_to_end(fixture);
    fixture_read(fixture, &position); /* told already */
    read_to_end(fixture);
    position.offset = 5008; /* it was read up to here once: what follows is lost */
    fixture_read(fixture, &position);
    fixture_expect_gap(fixture, "format version 2");
    read_to_end(fixture);
    struct journal_position behind = {position.incarnation, 1, 3, SEGMENT_HEADER};
    assert_int_equal(journal_unlink_before(fixture->fd, &behind), 2);
    assert_int_equal(temp_entries(fixture->fd), 2);
}

static void a_file_with_an_unreadable_header_is_told_once(void **state)
{
    struct journal_fixture *fixture = *state;
    const char *name = "0123456789abcdef0123456789abcdef.0000000000";
    fixture_write(fixture, 1);
    fixture_message(fixture, "hello");
    assert_int_equal(close(openat(fixture->fd, name, O_CREAT | O_WRONLY, 0600)), 0);
    fixture_read(fixture, NULL);
    fixture_expect_gap(fixture, name);
    fixture_expect_message(fixture, "hello");
    journal_writer_finish(&fixture->writer);
    fixture_write(fixture, 2);
    fixture_message(fixture, "again");
    fixture_expect_message(fixture, "again");
    assert_int_equal(faccessat(fixture->fd, name, F_OK, 0), 0);
}

static void a_file_cut_short_is_told(void **state)
{
    struct journal_fixture *fixture = *state;
    write_small_journal(fixture);
    int fd = fixture_open_segment(fixture, 1, 1);
    assert_int_equal(ftruncate(fd, 100000), 0);
    close(fd);
    fixture_read(fixture, NULL);
    while (fixture_next(fixture) == 1 && fixture->record.kind != RECORD_GAP)
        ;
    assert_non_null(
        memmem(fixture->record.gap.reason.data, fixture->record.gap.reason.size, "not a whole segment", 19));
    read_to_end(fixture);
    assert_behind(fixture, 3);
}

/* Cut while it is being read: never a crash, and the next segment is reached. */
static void a_file_cut_while_it_is_read(void **state)
{
    struct journal_fixture *fixture = *state;
    write_small_journal(fixture);
    fixture_read(fixture, NULL);
    assert_int_equal(fixture_next(fixture), 1);
    int fd = fixture_open_segment(fixture, 1, 0);
    assert_int_equal(ftruncate(fd, 500000), 0);
    close(fd);
    while (fixture_next(fixture) == 1 && fixture->record.kind != RECORD_GAP)
        ;
    assert_int_equal(fixture->record.kind, RECORD_GAP);
    read_to_end(fixture);
    assert_behind(fixture, 3);
}

static void hostile_counts_of_published_bytes(void **state)
{
    struct journal_fixture *fixture = *state;
    const uint64_t hostile[] = {0, 16, 4095, SEGMENT_HEADER + 1, SEGMENT_SIZE + 16, UINT64_MAX, UINT64_C(1) << 63};
    fixture_write(fixture, 1);
    fixture_message(fixture, "good");
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        uint64_t written = fixture->writer.at;
        fixture_read(fixture, NULL);
        fixture_expect_message(fixture, "good");
        change_bytes(fixture, 0, offsetof(struct segment_header, written), &hostile[i], 8);
        fixture_expect_gap(fixture, "the count of published bytes is damaged");
        assert_int_equal(fixture_next(fixture), 0);
        assert_int_equal(fixture_next(fixture), 0);
        change_bytes(fixture, 0, offsetof(struct segment_header, written), &written, 8);
        assert_int_equal(fixture_next(fixture), 0);
    }
    uint64_t odd = fixture->writer.at + 8;
    fixture_read(fixture, NULL);
    change_bytes(fixture, 0, offsetof(struct segment_header, written), &odd, 8);
    fixture_expect_gap(fixture, "the count of published bytes is damaged");
    assert_int_equal(fixture_next(fixture), 0);
    /* More than was written: what was never written is damaged. */
    uint64_t all = SEGMENT_SIZE;
    fixture_read(fixture, NULL);
    change_bytes(fixture, 0, offsetof(struct segment_header, written), &all, 8);
    fixture_expect_message(fixture, "good");
    fixture_expect_gap(fixture, "bytes of the journal are damaged");
    assert_int_equal(fixture_next(fixture), 0);
}

/* Any bytes at all in the place of records. */
static void random_bytes_never_crash(void **state)
{
    struct journal_fixture *fixture = *state;
    enum { SIZE = 8192 };
    uint8_t bytes[SIZE];
    srand(3);
    fixture_write(fixture, 1);
    uint32_t start = fixture->writer.at;
    for (int round = 0; round < 150; round++) {
        for (size_t i = 0; i < SIZE; i++)
            bytes[i] = (uint8_t)(i % 16 == 0 ? rand() % 30 : rand() % 3 ? 0 : rand());
        memcpy(fixture->writer.base + start, bytes, SIZE);
        uint64_t written = start + SIZE;
        change_bytes(fixture, 0, offsetof(struct segment_header, written), &written, 8);
        fixture_read(fixture, NULL);
        while (fixture_next(fixture) == 1)
            ;
        assert_int_equal(journal_reader_position(fixture->reader).offset, start + SIZE);
    }
}

/* ---- unlinking ---- */

static void damaged_files_are_put_aside_and_not_told_again(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_position position;
    char name[SEGMENT_NAME];
    write_small_journal(fixture);
    change_bytes(fixture, 1, 0, "X", 1);
    change_bytes(fixture, 3, 0, "X", 1);
    fixture_read(fixture, NULL);
    while (fixture_next(fixture) == 1)
        position = journal_reader_position(fixture->reader);
    assert_int_equal(position.sequence, 3);
    assert_int_equal(journal_unlink_before(fixture->fd, &position), 2);
    assert_int_equal(temp_entries(fixture->fd), 2);
    fixture_name(name, 1, 1);
    assert_int_equal(faccessat(fixture->fd, name, F_OK, 0), -1);
    fixture_name(name, 1, 3); /* the position lies in it */
    assert_int_equal(faccessat(fixture->fd, name, F_OK, 0), 0);
    fixture_read(fixture, &position);
    assert_int_equal(fixture_next(fixture), 0);
    /* A new life of the trainer: what is left of the old one has no readable file any more. */
    fixture_write(fixture, 2);
    fixture_message(fixture, "second");
    fixture_expect_message(fixture, "second");
    position = journal_reader_position(fixture->reader);
    journal_unlink_before(fixture->fd, &position);
    fixture_read(fixture, &position);
    while (fixture_next(fixture) == 1)
        assert_false(fixture->record.synthetic);
    assert_int_equal(journal_folder_bytes(fixture->fd, false), SEGMENT_SIZE);
}

static void a_damaged_incarnation_is_told_also_from_a_position(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    fixture_message(fixture, "first");
    fixture_read(fixture, NULL);
    fixture_expect_message(fixture, "first");
    struct journal_position position = journal_reader_position(fixture->reader);
    journal_writer_finish(&fixture->writer);
    fixture_write(fixture, 2);
    int fd = fixture_open_segment(fixture, 2, 0);
    assert_int_equal(pwrite(fd, "X", 1, 0), 1);
    close(fd);
    fixture_read(fixture, &position);
    fixture_expect_gap(fixture, "is not a segment");
    while (fixture_next(fixture) == 1)
        assert_true(fixture->record.replayed);
}

static void only_what_lies_wholly_before_is_unlinked(void **state)
{
    struct journal_fixture *fixture = *state;
    write_small_journal(fixture);
    struct journal_position position = {fixture->writer.incarnation, 1, 2, SEGMENT_SIZE};
    fixture_write(fixture, 2);
    assert_int_equal(journal_unlink_before(fixture->fd, &position), 2);
    assert_int_equal(journal_unlink_before(fixture->fd, &position), 0);
    assert_int_equal(temp_entries(fixture->fd), 3);
    fixture_incarnation(&position.incarnation, 2);
    position.ordinal = 2;
    position.sequence = 0;
    assert_int_equal(journal_unlink_before(fixture->fd, &position), 2);
    assert_int_equal(temp_entries(fixture->fd), 1);
    memset(&position, 0, sizeof position);
    assert_int_equal(journal_unlink_before(fixture->fd, &position), 0);
    assert_int_equal(temp_entries(fixture->fd), 1);
}

static void a_reader_goes_on_while_segments_are_unlinked_behind_it(void **state)
{
    struct journal_fixture *fixture = *state;
    write_small_journal(fixture);
    fixture_read(fixture, NULL);
    while (fixture_next(fixture) == 1) {
        assert_false(fixture->record.synthetic);
        struct journal_position position = journal_reader_position(fixture->reader);
        journal_unlink_before(fixture->fd, &position);
    }
    assert_int_equal(temp_entries(fixture->fd), 1);
}

static void errors_are_told_and_lose_nothing(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_reader *reader;
    struct err err = {0};
    assert_int_equal(journal_reader_create(&reader, -1, NULL, &err), 0);
    assert_int_equal(journal_reader_next(reader, &fixture->record, &err), ERR_SYSTEM);
    assert_int_equal(err.code, ERR_SYSTEM);
    journal_reader_destroy(reader);
    struct journal_position from = {{{1}}, 1, 0, 4096};
    assert_int_equal(journal_reader_create(&reader, -1, &from, &err), ERR_SYSTEM);
    journal_reader_destroy(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_folder_has_nothing),
        TEST(every_record_comes_once_and_in_order),
        TEST(from_every_position_exactly_the_rest),
        TEST(offset_zero_is_before_the_segment),
        TEST(odd_offsets_do_no_harm),
        TEST(a_killed_trainer_is_left_only_when_gone),
        TEST(an_ended_incarnation_is_left_at_once),
        TEST(incarnations_come_in_the_order_of_their_ordinals),
        TEST(what_was_published_before_death_is_seen_after_it),
        TEST(missing_segments_are_a_gap),
        TEST(the_positions_segment_is_missing),
        TEST(a_record_with_a_wrong_crc_is_skipped_alone),
        TEST(without_a_size_all_that_is_published_is_skipped),
        TEST(scalars_after_lost_steps_are_not_given_to_another),
        TEST(scalars_without_a_step_are_told),
        TEST(a_segment_of_another_version_is_told_and_kept),
        TEST(a_file_with_an_unreadable_header_is_told_once),
        TEST(a_file_cut_short_is_told),
        TEST(a_file_cut_while_it_is_read),
        TEST(hostile_counts_of_published_bytes),
        TEST(random_bytes_never_crash),
        TEST(damaged_files_are_put_aside_and_not_told_again),
        TEST(a_damaged_incarnation_is_told_also_from_a_position),
        TEST(only_what_lies_wholly_before_is_unlinked),
        TEST(a_reader_goes_on_while_segments_are_unlinked_behind_it),
        TEST(errors_are_told_and_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
