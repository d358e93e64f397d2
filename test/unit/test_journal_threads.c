/* test_journal_threads.c: a writer and a reader at the same time, as threads and as processes; a writer killed
 * anywhere. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal_fixture.h"

#define SEGMENTS 6

static void write_all(struct journal_fixture *fixture)
{
    struct record end = {.kind = RECORD_END, .end = {RUN_FINISHED}};
    struct journal_writer *writer = &fixture->writer;
    uint64_t scalars = 0;
    for (int64_t step = 1; writer->sequence < SEGMENTS; step++) {
        journal_step(writer, step);
        for (int i = 0; i < 50; i++)
            journal_scalar(writer, 1, (double)scalars++);
        journal_publish(writer);
        if (step % 7 == 0)
            journal_scalar_at(writer, 2, step, (double)step);
        if (step % 501 == 0 && journal_has_room(writer, 300000)) {
            struct record record = {.kind = RECORD_CONFIG, .step = step};
            char *text = malloc(200000);
            memset(text, 'j', 200000);
            record.config.json = text_of(text, 200000);
            journal_put(writer, &record);
            free(text);
        }
    }
    journal_put(writer, &end);
}

static void *write_thread(void *context)
{
    write_all(context);
    return NULL;
}

/* The scalars count up by one, whatever lies between them. Stops at the end, or where nothing more comes. */
static uint64_t read_scalars(struct journal_fixture *fixture, uint64_t expected, bool wait)
{
    for (;;) {
        int code = fixture_next(fixture);
        const struct record *record = &fixture->record;
        if (code == 0 && !wait)
            return expected;
        if (code == 0) {
            sched_yield();
            continue;
        }
        if (record->synthetic)
            fail_msg("a gap: %.*s", (int)record->gap.reason.size, record->gap.reason.data);
        if (record->kind == RECORD_SCALAR && !record->replayed) {
            assert_true(record->scalar.value == (double)expected);
            assert_int_equal(record->step, (int64_t)(expected / 50) + 1);
            expected++;
        }
        if (record->kind == RECORD_CONFIG)
            assert_true(record->config.json.size == 200000 && record->config.json.data[199999] == 'j');
        if (record->kind == RECORD_END)
            return expected;
    }
}

static void a_reader_follows_a_writer_thread(void **state)
{
    struct journal_fixture *fixture = *state;
    pthread_t thread;
    fixture->series = 3;
    fixture_write(fixture, 1);
    fixture_read(fixture, NULL);
    assert_int_equal(pthread_create(&thread, NULL, write_thread, fixture), 0);
    uint64_t scalars = read_scalars(fixture, 0, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(scalars > 300000);
    assert_int_equal(fixture_next(fixture), 0);
}

/* Another process writes; the reader is opened anew from its position now and then, as after a restart. */
static void a_reader_that_starts_again_and_again_misses_nothing(void **state)
{
    struct journal_fixture *fixture = *state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        fixture_write(fixture, 1);
        write_all(fixture);
        _exit(0);
    }
    fixture_read(fixture, NULL);
    uint64_t scalars = 0;
    bool ended = false;
    for (uint64_t news = 1; !ended;) {
        if (fixture_next(fixture) == 0) {
            sched_yield();
            continue;
        }
        assert_false(fixture->record.synthetic);
        if (fixture->record.replayed)
            continue;
        if (fixture->record.kind == RECORD_SCALAR)
            assert_true(fixture->record.scalar.value == (double)scalars++);
        ended = fixture->record.kind == RECORD_END;
        if (++news % 60000 == 0) {
            struct journal_position position = journal_reader_position(fixture->reader);
            fixture_read(fixture, &position);
        }
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(scalars > 300000);
}

/* Killed at any moment, also in the middle of a rotation: what it published is read to its end, without a gap, and the
 * next life begins with a clean folder. */
static void a_writer_killed_anywhere_loses_nothing_published(void **state)
{
    struct journal_fixture *fixture = *state;
    for (uint64_t ordinal = 1; ordinal <= 12; ordinal++) {
        int ends[2];
        char ready;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            fixture_write(fixture, ordinal);
            if (write(ends[1], "r", 1) != 1)
                _exit(1);
            write_all(fixture);
            for (;;)
                pause();
        }
        close(ends[1]);
        assert_int_equal(read(ends[0], &ready, 1), 1);
        close(ends[0]);
        struct journal_position from = {.ordinal = ordinal};
        fixture_read(fixture, &from);
        uint64_t scalars = 0;
        for (uint64_t records = 0; records < ordinal * 40000;) {
            if (fixture_next(fixture) == 0)
                continue;
            assert_false(fixture->record.synthetic);
            records++;
            if (fixture->record.kind == RECORD_SCALAR)
                assert_true(fixture->record.scalar.value == (double)scalars++);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        journal_reader_gone(fixture->reader, ordinal);
        read_scalars(fixture, scalars, false);
        assert_int_equal(fixture_next(fixture), 0);
        struct journal_position position = journal_reader_position(fixture->reader);
        assert_int_equal(position.ordinal, ordinal);
        journal_unlink_before(fixture->fd, &position);
    }
    fixture_write(fixture, 13);
    fixture_message(fixture, "alive");
    fixture_expect_message(fixture, "alive");
    struct journal_position position = journal_reader_position(fixture->reader);
    journal_unlink_before(fixture->fd, &position);
    assert_int_equal(temp_entries(fixture->fd), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reader_follows_a_writer_thread),
        TEST(a_reader_that_starts_again_and_again_misses_nothing),
        TEST(a_writer_killed_anywhere_loses_nothing_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
