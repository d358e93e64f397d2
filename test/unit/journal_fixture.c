#include "journal_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int fixture_setup(void **state)
{
    struct journal_fixture *fixture = calloc(1, sizeof *fixture);
    void *temp;
    if (!fixture || temp_setup(&temp) < 0)
        return -1;
    fixture->temp = temp;
    fixture->fd = fixture->temp->fd;
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct journal_fixture *fixture = *state;
    void *temp = fixture->temp;
    journal_writer_finish(&fixture->writer);
    journal_reader_destroy(fixture->reader);
    free(fixture);
    return temp_teardown(&temp);
}

void fixture_incarnation(struct incarnation *incarnation, uint64_t ordinal)
{
    memset(incarnation, (int)(0xf0 - ordinal), sizeof *incarnation);
}

static int add_series(struct buf *out, uint32_t id)
{
    char name[32];
    struct record record = {.kind = RECORD_SERIES, .flags = RECORD_RESTATED};
    snprintf(name, sizeof name, "series/%u", id);
    record.series.id = id;
    record.series.name = text_from(name);
    return record_encode(out, &record);
}

static int restate(void *context, struct buf *out)
{
    struct journal_fixture *fixture = context;
    struct record run = {.kind = RECORD_RUN, .flags = RECORD_RESTATED};
    int code = record_encode(out, &run);
    for (uint32_t i = 0; i < fixture->series && code == 0; i++)
        code = add_series(out, i);
    return code < 0 ? code : fixture->restate_result;
}

void fixture_write(struct journal_fixture *fixture, uint64_t ordinal)
{
    struct incarnation incarnation;
    struct err err;
    fixture_incarnation(&incarnation, ordinal);
    int code = journal_writer_init(&fixture->writer, fixture->fd, &incarnation, ordinal, restate, fixture, &err);
    if (code < 0)
        fail_msg("%s", err.text);
    fixture->writer.limits.free_percent = 0; /* whatever else fills the disk */
}

void fixture_read(struct journal_fixture *fixture, const struct journal_position *from)
{
    journal_reader_destroy(fixture->reader);
    fixture->reader = NULL;
    assert_int_equal(journal_reader_create(&fixture->reader, fixture->fd, from, NULL), 0);
}

int fixture_next(struct journal_fixture *fixture)
{
    struct err err = {0};
    int code = journal_reader_next(fixture->reader, &fixture->record, &err);
    if (code < 0)
        fail_msg("%s", err.text);
    return code;
}

int fixture_next_news(struct journal_fixture *fixture)
{
    int code;
    do
        code = fixture_next(fixture);
    while (code == 1 && ((fixture->record.flags & RECORD_RESTATED) || fixture->record.kind == RECORD_STEP));
    return code;
}

void fixture_message(struct journal_fixture *fixture, const char *text)
{
    struct record record = {.kind = RECORD_MESSAGE, .step = fixture->writer.step, .message = {1, text_from(text)}};
    assert_int_equal(journal_put(&fixture->writer, &record), 0);
}

void fixture_declare(struct journal_fixture *fixture)
{
    struct record record = {.kind = RECORD_SERIES};
    char name[32];
    snprintf(name, sizeof name, "series/%u", fixture->series);
    record.series.id = fixture->series++;
    record.series.name = text_from(name);
    assert_int_equal(journal_put(&fixture->writer, &record), 0);
}

int fixture_fill(struct journal_fixture *fixture, size_t size)
{
    struct record record = {.kind = RECORD_MESSAGE, .step = fixture->writer.step, .message = {.level = 1}};
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    record.message.text = text_of(text, size);
    int code = journal_put(&fixture->writer, &record);
    free(text);
    return code;
}

void fixture_expect_gap(struct journal_fixture *fixture, const char *reason)
{
    assert_int_equal(fixture_next(fixture), 1);
    const struct record *record = &fixture->record;
    assert_int_equal(record->kind, RECORD_GAP);
    assert_true(record->synthetic);
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)record->gap.reason.size, record->gap.reason.data);
    if (!strstr(text, reason))
        fail_msg("the gap's reason is: %s", text);
}

void fixture_expect_message(struct journal_fixture *fixture, const char *text)
{
    assert_int_equal(fixture_next_news(fixture), 1);
    if (fixture->record.kind == RECORD_GAP)
        fail_msg("a gap: %.*s", (int)fixture->record.gap.reason.size, fixture->record.gap.reason.data);
    assert_int_equal(fixture->record.kind, RECORD_MESSAGE);
    if (!text_is(fixture->record.message.text, text))
        fail_msg("%.*s instead of %s", (int)fixture->record.message.text.size, fixture->record.message.text.data, text);
}

void fixture_name(char name[SEGMENT_NAME], uint64_t ordinal, uint64_t sequence)
{
    struct incarnation incarnation;
    fixture_incarnation(&incarnation, ordinal);
    segment_name(name, &incarnation, sequence);
}

int fixture_open_segment(struct journal_fixture *fixture, uint64_t ordinal, uint64_t sequence)
{
    char name[SEGMENT_NAME];
    fixture_name(name, ordinal, sequence);
    int fd = openat(fixture->fd, name, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}
