#include "channel/journal_writer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "channel/journal_folder.h"
#include "journal_fixture.h"

#define SCALAR_LIMIT (SEGMENT_SIZE - SEGMENT_RESERVE)

static void read_header(struct journal_fixture *fixture, uint64_t sequence, struct segment_header *header)
{
    int fd = fixture_open_segment(fixture, 1, sequence);
    assert_int_equal(pread(fd, header, sizeof *header, 0), sizeof *header);
    close(fd);
}

/* The next record that is no restated declaration. */
static const struct record *next(struct journal_fixture *fixture, enum record_kind kind)
{
    do
        assert_int_equal(fixture_next(fixture), 1);
    while (fixture->record.flags & RECORD_RESTATED);
    if (fixture->record.synthetic)
        fail_msg("a gap: %.*s", (int)fixture->record.gap.reason.size, fixture->record.gap.reason.data);
    assert_int_equal(fixture->record.kind, kind);
    return &fixture->record;
}

/* No further segment may be made; as if the time to try again had come. */
static void close_disk(struct journal_fixture *fixture)
{
    fixture->writer.limits.bytes_max = SEGMENT_SIZE;
}

static void open_disk(struct journal_fixture *fixture)
{
    fixture->writer.limits.bytes_max = 100 * (uint64_t)SEGMENT_SIZE;
    fixture->writer.retry_ns = 1;
}

/* Scalars of one step until none fits any more. How many were taken. */
static uint64_t fill_with_scalars(struct journal_fixture *fixture)
{
    uint64_t taken = 0;
    for (; fixture->writer.dropped_scalars == 0; taken++)
        journal_scalar(&fixture->writer, 0, (double)taken);
    return taken - 1;
}

static void the_first_segment_is_complete(void **state)
{
    struct journal_fixture *fixture = *state;
    struct segment_header header;
    struct incarnation incarnation;
    struct stat status;
    char name[SEGMENT_NAME], boot_id[40], mine[40];
    fixture->series = 2;
    fixture_write(fixture, 1);
    read_header(fixture, 0, &header);
    fixture_incarnation(&incarnation, 1);
    assert_memory_equal(header.magic, "trimtabJ", 8);
    assert_int_equal(header.version, 1);
    assert_int_equal(header.header_bytes, 4096);
    assert_true(incarnation_same(&header.incarnation, &incarnation));
    assert_int_equal(header.ordinal, 1);
    assert_int_equal(header.sequence, 0);
    assert_int_equal(header.writer, getpid());
    assert_int_equal(header.sealed, 0);
    assert_true(header.written > SEGMENT_HEADER);
    assert_int_equal(header.written, fixture->writer.at);
    fixture_name(name, 1, 0);
    assert_int_equal(fstatat(fixture->fd, name, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, SEGMENT_SIZE);
    assert_true((uint64_t)status.st_blocks * 512 >= SEGMENT_SIZE);
    assert_int_equal(temp_entries(fixture->fd), 1);
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    assert_non_null(file);
    assert_non_null(fgets(boot_id, sizeof boot_id, file));
    fclose(file);
    snprintf(mine, sizeof mine, "%02x%02x%02x%02x-%02x%02x-", header.boot_id[0], header.boot_id[1], header.boot_id[2],
             header.boot_id[3], header.boot_id[4], header.boot_id[5]);
    assert_memory_equal(boot_id, mine, strlen(mine));
}

static void batched_scalars_are_seen_when_published(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    fixture_read(fixture, NULL);
    assert_int_equal(fixture_next_news(fixture), 0);
    int64_t before = clock_real_ns();
    journal_step(&fixture->writer, 7);
    journal_scalar(&fixture->writer, 3, 0.5);
    journal_scalar(&fixture->writer, 4, 0.25);
    int64_t after = clock_real_ns();
    assert_int_equal(fixture_next(fixture), 0);
    journal_publish(&fixture->writer);
    const struct record *record = next(fixture, RECORD_STEP);
    assert_int_equal(record->step, 7);
    assert_true(record->time_ns >= before && record->time_ns <= after);
    int64_t time_ns = record->time_ns;
    record = next(fixture, RECORD_SCALAR);
    assert_int_equal(record->scalar.series, 3);
    assert_true(record->scalar.value == 0.5);
    assert_int_equal(record->step, 7);
    assert_int_equal(record->time_ns, time_ns);
    record = next(fixture, RECORD_SCALAR);
    assert_int_equal(record->scalar.series, 4);
    assert_int_equal(fixture_next(fixture), 0);
}

static void a_step_without_scalars_leaves_nothing_unless_opened(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    fixture_read(fixture, NULL);
    journal_step(&fixture->writer, 1);
    journal_step(&fixture->writer, 2);
    journal_open_step(&fixture->writer);
    journal_open_step(&fixture->writer); /* once is enough */
    journal_scalar(&fixture->writer, 0, 1);
    journal_publish(&fixture->writer);
    assert_int_equal(next(fixture, RECORD_STEP)->step, 2);
    next(fixture, RECORD_SCALAR);
    assert_int_equal(fixture_next(fixture), 0);
}

static void a_record_publishes_all_before_it(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    fixture_read(fixture, NULL);
    journal_step(&fixture->writer, 1);
    journal_scalar(&fixture->writer, 0, 1);
    fixture_message(fixture, "after");
    next(fixture, RECORD_STEP);
    next(fixture, RECORD_SCALAR);
    assert_true(text_is(next(fixture, RECORD_MESSAGE)->message.text, "after"));
    journal_scalar_at(&fixture->writer, 9, -5, 2.5);
    const struct record *record = next(fixture, RECORD_SCALAR_AT);
    assert_int_equal(record->scalar.series, 9);
    assert_int_equal(record->step, -5);
    assert_true(record->scalar.value == 2.5);
    assert_true(record->time_ns > 0);
}

static void rotation_restates_declarations_and_the_step(void **state)
{
    struct journal_fixture *fixture = *state;
    struct segment_header old, fresh;
    fixture_write(fixture, 1);
    fixture_declare(fixture);
    fixture_declare(fixture);
    journal_step(&fixture->writer, 11);
    journal_scalar(&fixture->writer, 0, 1);
    int64_t time_ns = fixture->writer.step_time_ns;
    while (fixture->writer.sequence == 0)
        journal_scalar(&fixture->writer, 1, 2);
    journal_publish(&fixture->writer);
    read_header(fixture, 0, &old);
    assert_int_equal(old.sealed, 1);
    assert_true(old.written > SCALAR_LIMIT - 2 * RECORD_UNIT && old.written <= SCALAR_LIMIT);
    read_header(fixture, 1, &fresh);
    assert_int_equal(fresh.sealed, 0);
    assert_int_equal(fresh.sequence, 1);
    struct journal_position second = {fresh.incarnation, 1, 1, 0};
    fixture_read(fixture, &second);
    assert_int_equal(fixture_next(fixture), 1);
    assert_int_equal(fixture->record.kind, RECORD_RUN);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(fixture_next(fixture), 1);
        assert_int_equal(fixture->record.kind, RECORD_SERIES);
        assert_int_equal(fixture->record.series.id, i);
    }
    const struct record *record = next(fixture, RECORD_STEP);
    assert_int_equal(record->step, 11);
    assert_int_equal(record->time_ns, time_ns);
    record = next(fixture, RECORD_SCALAR);
    assert_int_equal(record->scalar.series, 1);
    assert_int_equal(record->step, 11);
    assert_int_equal(fixture_next(fixture), 0);
}

/* ---- no room ---- */

static void scalars_are_dropped_others_kept_and_the_gap_told_first(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_writer *writer = &fixture->writer;
    fixture_write(fixture, 1);
    close_disk(fixture);
    journal_step(writer, 5);
    uint64_t taken = fill_with_scalars(fixture);
    journal_step(writer, 6);
    for (int i = 0; i < 5000; i++)
        journal_scalar(writer, 0, 0);
    journal_step(writer, 8);
    journal_scalar_at(writer, 0, 8, 0);
    assert_int_equal(writer->dropped_scalars, 5002);
    assert_int_equal(writer->dropped_total, 5002);
    assert_int_equal(writer->sequence, 0);
    assert_int_equal(writer->err.code, ERR_FULL);
    fixture_message(fixture, "kept in the reserve");

    fixture_read(fixture, NULL);
    next(fixture, RECORD_STEP);
    for (uint64_t i = 0; i < taken; i++)
        assert_true(next(fixture, RECORD_SCALAR)->scalar.value == (double)i);
    assert_true(text_is(next(fixture, RECORD_MESSAGE)->message.text, "kept in the reserve"));
    assert_int_equal(fixture_next(fixture), 0);

    open_disk(fixture);
    journal_step(writer, 9);
    journal_scalar(writer, 0, 99);
    journal_publish(writer);
    assert_int_equal(writer->sequence, 1);
    const struct record *record = next(fixture, RECORD_GAP);
    assert_int_equal(record->gap.scalars, 5002);
    assert_int_equal(record->gap.others, 0);
    assert_int_equal(record->gap.from_step, 5);
    assert_int_equal(record->gap.to_step, 8);
    assert_true(text_is(record->gap.reason, "2 MiB of journal wait to be stored"));
    assert_int_equal(next(fixture, RECORD_STEP)->step, 9);
    assert_true(next(fixture, RECORD_SCALAR)->scalar.value == 99);
    assert_int_equal(fixture_next(fixture), 0);
    assert_int_equal(writer->dropped_scalars, 0);
    assert_int_equal(writer->dropped_total, 5002);
}

static void when_the_reserve_is_used_up_nothing_is_taken(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_writer *writer = &fixture->writer;
    fixture_write(fixture, 1);
    close_disk(fixture);
    journal_step(writer, 1);
    fill_with_scalars(fixture);
    assert_true(journal_has_room(writer, SEGMENT_RESERVE - RECORD_UNIT));
    assert_false(journal_has_room(writer, SEGMENT_RESERVE + 2 * RECORD_UNIT));
    int messages = 0;
    while (fixture_fill(fixture, 1000) == 0)
        messages++;
    assert_in_range(messages, 60, 64);
    assert_false(journal_has_room(writer, 1100));
    assert_int_equal(fixture_fill(fixture, 1000), ERR_FULL);
    assert_int_equal(writer->dropped_others, 2);
    assert_int_equal(writer->at <= SEGMENT_SIZE, 1);
    open_disk(fixture);
    assert_true(journal_has_room(writer, 1100));
    assert_int_equal(writer->sequence, 1);
    fixture_read(fixture, NULL);
    do
        assert_int_equal(fixture_next(fixture), 1);
    while (fixture->record.kind != RECORD_GAP);
    assert_int_equal(fixture->record.gap.others, 2);
    assert_int_equal(fixture->record.gap.scalars, 1);
}

static void a_large_record_rotates_or_is_counted(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_writer *writer = &fixture->writer;
    const size_t large = RECORD_PAYLOAD_MAX - 64;
    fixture_write(fixture, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fixture_fill(fixture, large), 0);
    journal_step(writer, 3);
    journal_scalar(writer, 0, 1);
    assert_int_equal(writer->sequence, 0);
    close_disk(fixture);
    assert_int_equal(fixture_fill(fixture, large), ERR_FULL);
    assert_int_equal(writer->dropped_others, 1);
    /* There is room left for small ones: the gap goes before them. */
    journal_scalar(writer, 0, 2);
    journal_publish(writer);
    assert_int_equal(writer->dropped_others, 0);
    open_disk(fixture);
    assert_int_equal(fixture_fill(fixture, large), 0);
    assert_int_equal(writer->sequence, 1);
    fixture_read(fixture, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(next(fixture, RECORD_MESSAGE)->message.text.size, large);
    next(fixture, RECORD_STEP);
    assert_true(next(fixture, RECORD_SCALAR)->scalar.value == 1);
    assert_int_equal(next(fixture, RECORD_GAP)->gap.others, 1);
    assert_true(next(fixture, RECORD_SCALAR)->scalar.value == 2);
    next(fixture, RECORD_STEP); /* it is open still: said again in the next segment */
    assert_int_equal(next(fixture, RECORD_MESSAGE)->message.text.size, large);
    assert_int_equal(fixture_next(fixture), 0);
}

static void after_a_failure_it_is_tried_once_a_second(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_writer *writer = &fixture->writer;
    fixture_write(fixture, 1);
    close_disk(fixture);
    journal_step(writer, 1);
    int64_t before = clock_monotonic_ns();
    fill_with_scalars(fixture);
    assert_true(writer->retry_ns >= before + 1000000000);
    assert_true(writer->retry_ns <= clock_monotonic_ns() + 1000000000);
    open_disk(fixture);
    writer->retry_ns = INT64_MAX; /* the second is not over yet */
    assert_false(journal_has_room(writer, SEGMENT_RESERVE + 2 * RECORD_UNIT));
    journal_step(writer, 2);
    journal_scalar(writer, 0, 1);
    assert_int_equal(writer->sequence, 0);
    writer->retry_ns = 1;
    /* Within a step the clock is looked at once in so many drops. */
    for (int i = 0; i < 1100 && writer->sequence == 0; i++)
        journal_scalar(writer, 0, 1);
    assert_int_equal(writer->sequence, 1);
}

static void the_end_tells_the_gap_before_itself(void **state)
{
    struct journal_fixture *fixture = *state;
    struct record end = {.kind = RECORD_END, .end = {RUN_FINISHED}};
    fixture_write(fixture, 1);
    close_disk(fixture);
    journal_step(&fixture->writer, 1);
    fill_with_scalars(fixture);
    assert_int_equal(journal_put(&fixture->writer, &end), 0);
    journal_writer_finish(&fixture->writer);
    fixture_read(fixture, NULL);
    do
        assert_int_equal(fixture_next(fixture), 1);
    while (fixture->record.kind != RECORD_GAP);
    assert_int_equal(fixture->record.gap.scalars, 1);
    next(fixture, RECORD_END);
}

static void what_the_server_unlinks_is_room_again(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_writer *writer = &fixture->writer;
    char name[SEGMENT_NAME];
    fixture_write(fixture, 1);
    writer->limits.bytes_max = 3 * (uint64_t)SEGMENT_SIZE;
    journal_step(writer, 1);
    fill_with_scalars(fixture);
    assert_int_equal(writer->sequence, 2);
    fixture_name(name, 1, 0);
    assert_int_equal(unlinkat(fixture->fd, name, 0), 0);
    writer->retry_ns = 1;
    journal_step(writer, 2);
    journal_scalar(writer, 0, 1);
    assert_int_equal(writer->sequence, 3);
}

static void earlier_incarnations_count(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    journal_writer_finish(&fixture->writer);
    fixture_write(fixture, 2);
    assert_int_equal(fixture->writer.held_bytes, 2 * SEGMENT_SIZE);
    fixture->writer.limits.bytes_max = 2 * (uint64_t)SEGMENT_SIZE;
    journal_step(&fixture->writer, 1);
    fill_with_scalars(fixture);
    assert_int_equal(fixture->writer.sequence, 0);
}

static void part_of_the_disk_stays_free(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    fixture->writer.limits.free_percent = 101;
    journal_step(&fixture->writer, 1);
    fill_with_scalars(fixture);
    assert_int_equal(fixture->writer.sequence, 0);
    assert_string_equal(fixture->writer.err.text, "less than 101 % of the file system is free");
}

static void a_failing_restatement_is_a_failed_rotation(void **state)
{
    struct journal_fixture *fixture = *state;
    struct incarnation incarnation;
    fixture_write(fixture, 1);
    journal_restate_fn *restate = fixture->writer.restate;
    journal_step(&fixture->writer, 1);
    fixture->restate_result = ERR_NOMEM;
    fill_with_scalars(fixture);
    assert_int_equal(fixture->writer.sequence, 0);
    assert_int_equal(fixture->writer.err.code, ERR_NOMEM);
    assert_int_equal(temp_entries(fixture->fd), 1);
    journal_writer_finish(&fixture->writer);
    struct err err;
    fixture_incarnation(&incarnation, 2);
    assert_int_equal(journal_writer_init(&fixture->writer, fixture->fd, &incarnation, 2, restate, fixture, &err),
                     ERR_NOMEM);
    assert_int_equal(err.code, ERR_NOMEM);
    assert_null(fixture->writer.base);
}

/* The limit holds for the rest of the process: hence the child. No signal may end it. */
static int rotate_under_a_limit(struct journal_fixture *fixture)
{
    struct rlimit limit = {SEGMENT_SIZE - 1, SEGMENT_SIZE - 1};
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 1;
    signal(SIGXFSZ, SIG_DFL);
    journal_step(&fixture->writer, 1);
    fill_with_scalars(fixture);
    if (fixture->writer.err.code != ERR_FULL || fixture->writer.sequence != 0)
        return 2;
    return temp_entries(fixture->fd) == 1 ? 0 : 3;
}

static void a_file_size_limit_is_a_failed_rotation(void **state)
{
    struct journal_fixture *fixture = *state;
    int status;
    fixture_write(fixture, 1);
    pid_t child = fork();
    if (child == 0)
        _exit(rotate_under_a_limit(fixture));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- beginning and end ---- */

static void finish_seals_and_later_calls_do_nothing(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_writer *writer = &fixture->writer;
    struct segment_header header;
    struct record record = {.kind = RECORD_MESSAGE};
    fixture_write(fixture, 1);
    journal_step(writer, 1);
    journal_scalar(writer, 0, 1);
    uint32_t at = writer->at;
    journal_writer_finish(writer);
    journal_writer_finish(writer);
    read_header(fixture, 0, &header);
    assert_int_equal(header.sealed, 1);
    assert_int_equal(header.written, at);
    journal_step(writer, 2);
    journal_scalar(writer, 0, 1);
    journal_scalar_at(writer, 0, 2, 1);
    journal_open_step(writer);
    journal_publish(writer);
    assert_int_equal(journal_put(writer, &record), ERR_CLOSED);
    assert_false(journal_has_room(writer, 16));
}

static void abandon_leaves_the_file_alone(void **state)
{
    struct journal_fixture *fixture = *state;
    struct segment_header before, after;
    fixture_write(fixture, 1);
    read_header(fixture, 0, &before);
    journal_step(&fixture->writer, 1);
    journal_scalar(&fixture->writer, 0, 1);
    journal_writer_abandon(&fixture->writer);
    read_header(fixture, 0, &after);
    assert_memory_equal(&before, &after, sizeof before);
    journal_scalar(&fixture->writer, 0, 1);
    assert_null(fixture->writer.base);
}

static void init_removes_what_a_killed_writer_left_half_made(void **state)
{
    struct journal_fixture *fixture = *state;
    const char *left = ".efefefefefefefefefefefefefefefef.0000000001.77-1234";
    assert_int_equal(close(openat(fixture->fd, left, O_CREAT | O_WRONLY, 0600)), 0);
    fixture_write(fixture, 2);
    assert_int_equal(temp_entries(fixture->fd), 1);
    assert_int_equal(faccessat(fixture->fd, left, F_OK, 0), -1);
}

static void init_fails_without_a_folder(void **state)
{
    struct journal_fixture *fixture = *state;
    struct journal_writer writer;
    struct incarnation incarnation = {{1}};
    struct err err;
    fixture_write(fixture, 1);
    assert_int_equal(journal_writer_init(&writer, -1, &incarnation, 1, fixture->writer.restate, fixture, &err),
                     ERR_SYSTEM);
    journal_writer_finish(&writer);
}

static void what_cannot_be_encoded_is_counted(void **state)
{
    struct journal_fixture *fixture = *state;
    struct record record = {.kind = RECORD_OUTCOME, .step = 4};
    fixture_write(fixture, 1);
    assert_int_equal(journal_put(&fixture->writer, &record), ERR_INVALID);
    assert_int_equal(fixture->writer.dropped_others, 1);
    fixture_message(fixture, "next");
    fixture_read(fixture, NULL);
    const struct record *gap = next(fixture, RECORD_GAP);
    assert_int_equal(gap->gap.others, 1);
    assert_int_equal(gap->gap.from_step, 4);
    next(fixture, RECORD_MESSAGE);
}

static void more_than_any_request_needs_is_never_there(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    assert_true(journal_has_room(&fixture->writer, JOURNAL_ROOM_MAX));
    assert_false(journal_has_room(&fixture->writer, JOURNAL_ROOM_MAX + 1));
    assert_false(journal_has_room(&fixture->writer, UINT32_MAX));
    assert_int_equal(fixture->writer.sequence, 0);
}

static void declarations_of_more_than_half_a_segment_are_refused(void **state)
{
    struct journal_fixture *fixture = *state;
    fixture_write(fixture, 1);
    fixture->series = 20000;
    journal_step(&fixture->writer, 1);
    fill_with_scalars(fixture);
    assert_int_equal(fixture->writer.sequence, 0);
    assert_int_equal(fixture->writer.err.code, ERR_INVALID);
    fixture->series = 15000;
    fixture->writer.retry_ns = 1;
    assert_true(journal_has_room(&fixture->writer, JOURNAL_ROOM_MAX));
    assert_int_equal(fixture->writer.sequence, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_segment_is_complete),
        TEST(batched_scalars_are_seen_when_published),
        TEST(a_step_without_scalars_leaves_nothing_unless_opened),
        TEST(a_record_publishes_all_before_it),
        TEST(rotation_restates_declarations_and_the_step),
        TEST(scalars_are_dropped_others_kept_and_the_gap_told_first),
        TEST(when_the_reserve_is_used_up_nothing_is_taken),
        TEST(a_large_record_rotates_or_is_counted),
        TEST(after_a_failure_it_is_tried_once_a_second),
        TEST(the_end_tells_the_gap_before_itself),
        TEST(what_the_server_unlinks_is_room_again),
        TEST(earlier_incarnations_count),
        TEST(part_of_the_disk_stays_free),
        TEST(a_failing_restatement_is_a_failed_rotation),
        TEST(a_file_size_limit_is_a_failed_rotation),
        TEST(finish_seals_and_later_calls_do_nothing),
        TEST(abandon_leaves_the_file_alone),
        TEST(init_removes_what_a_killed_writer_left_half_made),
        TEST(init_fails_without_a_folder),
        TEST(what_cannot_be_encoded_is_counted),
        TEST(more_than_any_request_needs_is_never_there),
        TEST(declarations_of_more_than_half_a_segment_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
