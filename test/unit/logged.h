/* logged.h: a run of which the test keeps every point that it has logged, to be compared with what is stored. */
#ifndef TEST_LOGGED_H
#define TEST_LOGGED_H

#include "test_store.h"

#include "check_run.h"

struct logged_series {
    struct check_point *point; /* its sequence and segment are not used */
    size_t count, capacity;
    int64_t step;
    unsigned rate; /* of 1000 steps it has a point in so many, about */
};

struct logged {
    struct run_folder *run;
    struct logged_series *series;
    uint32_t count;
    unsigned seed;
    int64_t step, time_us;
    uint64_t points;
};

/* cmocka's setup and teardown: a trainer, no series yet. */
int logged_setup(void **state);
int logged_teardown(void **state);

/* Declares so many series; `rate` 0: each of its own. */
void logged_declare(struct logged *logged, uint32_t series, unsigned rate);
/* A point with a step and a time of its own. */
void logged_point(struct logged *logged, uint32_t series, int64_t step, int64_t time_us, double value);
/* The same of one that got into run.db by another way. */
void logged_keep(struct logged *logged, uint32_t series, int64_t step, int64_t time_us, double value);
/* One of each series, of one step. */
void logged_step(struct logged *logged, int64_t step);
/* Steps as they come, most of them upwards: `back` of 10,000 lead back, so a new segment begins. */
void logged_steps(struct logged *logged, unsigned steps, unsigned back);
/* Below n. */
unsigned logged_random(struct logged *logged, unsigned n);

/* Every point that was logged is stored, once and bit by bit, and all that is stored makes sense. */
void logged_assert_stored(struct logged *logged, unsigned allow);
/* The same; what was found is the caller's to finish. */
struct check logged_check(struct logged *logged, unsigned allow);

/* ---- a run to begin from, again and again: its journal stays as it is ---- */

/* Some points are stored, others stand in the journal. Of two series: one with short segments, so that pages of all
 * levels fill, one with a long one. Then `change` was done to run.db by SQL. What it holds, to be finished. */
struct buf logged_base(struct logged *logged, const char *change);
void logged_segments(struct logged *logged, int segments); /* more of the same */
struct buf logged_contents(struct logged *logged, const char *name);
void logged_begin_again(struct logged *logged, const struct buf *base);

/* Opens, commits so often and goes away without closing anything, as if it had been killed. No store may be open. */
void logged_commit_and_die(struct logged *logged, unsigned commits);

#endif
