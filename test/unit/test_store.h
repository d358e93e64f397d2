/* test_store.h: a run in a temporary folder, and the test as its trainer. */
#ifndef TEST_STORE_H
#define TEST_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "channel/journal_writer.h"
#include "store/store.h"

#define RUN_DECLARATIONS_MAX 1100

struct run_folder {
    char path[64]; /* removed at the end, with all that lies in it */
    int run_fd, journal_fd;
    struct journal_writer writer; /* base NULL: no trainer */
    uint64_t ordinal;
    struct buf declared[RUN_DECLARATIONS_MAX]; /* records as bytes, restated in each segment */
    uint32_t declarations;
    struct store *store;
    struct store_reader *reader;
    char notice[480];
};

/* cmocka's setup and teardown: an empty run; everything closed, no file left behind. */
int run_setup(void **state);
int run_teardown(void **state);

/* The same in a folder that is made here; its path stands in run->path. It is not removed. */
void run_make(struct run_folder *run);
void run_unmake(struct run_folder *run);

/* A new trainer: another incarnation. The declarations are restated; drop them first with run_forget. */
void run_train(struct run_folder *run);
void run_forget(struct run_folder *run);
/* The trainer goes: in good order, or without a word (the segment is not sealed). */
void run_train_end(struct run_folder *run, bool in_good_order);
/* A declaration in force: into the journal now, if there is a trainer, and into each segment. */
void run_declare(struct run_folder *run, const struct record *record);
void run_put(struct run_folder *run, const struct record *record);

struct record series_record(uint32_t id, const char *name, const char *unit);
struct record setting_record(uint32_t id, const char *name, double value, uint64_t revision);
struct record run_record(const char *name, int64_t pid);

/* A step with the same value for `series` series. Published. */
void run_step(struct run_folder *run, int64_t step, uint32_t series, double value);

int run_try_open(struct run_folder *run, struct err *err);
void run_open(struct run_folder *run);
void run_close(struct run_folder *run, bool ended);
/* Commits until the journal holds no more; what the last one said. The rows go with the first one. */
struct store_commit run_commit(struct run_folder *run, const struct store_row *rows, size_t count);
/* One attempt, as it may fail. */
int run_try_commit(struct run_folder *run, const struct store_row *rows, size_t count, struct store_commit *commit);
struct store_row accepted(uint64_t ticket, enum code code, const char *canonical);
struct store_row judged(uint64_t ticket, enum outcome_kind outcome);
struct store_row said_row(uint64_t number);

struct store_reader *run_reader(struct run_folder *run);
struct store_verdict run_verify(struct run_folder *run);
/* The audit's page; the text lives until the next call. */
const char *run_page(struct run_folder *run, int64_t from, int64_t limit, int64_t ticket);

struct run_point {
    char series[32];
    int64_t step;
    double value;
};
struct run_points {
    struct run_point *point; /* to be freed */
    size_t count, capacity;
};
/* Series by series; with those that a later segment has replaced. None may be damaged. */
struct run_points run_points(struct run_folder *run);

/* SQL by a connection of its own; the result as an integer. */
int64_t run_sql(struct run_folder *run, const char *sql);
bool run_has(struct run_folder *run, const char *name);
/* How many entries of a folder of the run begin like this. */
int run_count(struct run_folder *run, const char *folder, const char *prefix);

#endif
