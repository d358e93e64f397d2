/* journal_fixture.h: a journal in a temporary folder, a writer whose declarations are a run and some series. */
#ifndef TEST_JOURNAL_FIXTURE_H
#define TEST_JOURNAL_FIXTURE_H

#include "channel/journal_reader.h"
#include "channel/journal_writer.h"
#include "temp.h"
#include "unit.h"

struct journal_fixture {
    struct temp *temp;
    int fd; /* the journal's folder */
    struct journal_writer writer;
    struct journal_reader *reader;
    uint32_t series;      /* how many are declared: 0 ... series - 1 */
    int restate_result;   /* what the restating function answers */
    struct record record; /* the last one read */
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

void fixture_incarnation(struct incarnation *incarnation, uint64_t ordinal);
/* The next life of the trainer; the writer before it must be finished or abandoned. */
void fixture_write(struct journal_fixture *fixture, uint64_t ordinal);
/* A reader from a position, or NULL; replaces the one before. */
void fixture_read(struct journal_fixture *fixture, const struct journal_position *from);
/* The next record into fixture->record; 0 when there is none now. */
int fixture_next(struct journal_fixture *fixture);
/* The same, passing over restated declarations and steps. */
int fixture_next_news(struct journal_fixture *fixture);

void fixture_message(struct journal_fixture *fixture, const char *text);
void fixture_declare(struct journal_fixture *fixture); /* one series more */
/* A message whose text is `size` times 'x': to fill segments quickly. */
int fixture_fill(struct journal_fixture *fixture, size_t size);
/* The next record is a synthetic gap whose reason contains `reason`. */
void fixture_expect_gap(struct journal_fixture *fixture, const char *reason);
/* The next news is this message. */
void fixture_expect_message(struct journal_fixture *fixture, const char *text);

/* A segment's file: its name, or opened for damage. */
void fixture_name(char name[SEGMENT_NAME], uint64_t ordinal, uint64_t sequence);
int fixture_open_segment(struct journal_fixture *fixture, uint64_t ordinal, uint64_t sequence);

#endif
