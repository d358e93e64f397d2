/* check_run.h: is what a run.db holds of points as it should be? Reads the rows by itself (chunk_decode, rollup_decode,
 * tail_*) and folds the points anew: no code of those who write or read the history is used. */
#ifndef TEST_CHECK_RUN_H
#define TEST_CHECK_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/rollup.h"

enum {
    CHECK_HOLES = 1, /* points may be missing */
    CHECK_LOST = 8,  /* some are known to have been lost before they got a place: blocks that were set aside */
    CHECK_SEAMS = 2, /* roll-ups were made anew: a bucket may be shorter than need be, and a page be missing */
    CHECK_SO_FAR = 4 /* there is more to come: of points, and of roll-ups that are made anew */
};

struct check_point {
    uint64_t sequence;
    int64_t step, time_us;
    double value;
    uint32_t segment;
};

struct check_series {
    char name[64];
    uint64_t logged;           /* as its row says */
    struct check_point *point; /* in order */
    size_t count, capacity;
    uint64_t sealed; /* behind its last chunk */
    size_t chunks, pages[ROLLUP_LEVELS];
    uint64_t paged[ROLLUP_LEVELS]; /* behind the last page of the level */
};

struct check {
    unsigned allow; /* in */
    struct check_series *series;
    uint32_t series_count;
    uint64_t points, chunks, pages;
    uint64_t blocks, damaged_blocks; /* of the tail */
    uint64_t tail_points, open;      /* in its blocks; of them not in chunks */
    uint64_t short_buckets;          /* that no segment's end explains: CHECK_SEAMS */
    uint64_t missing_pages;          /* stretches between pages: CHECK_SEAMS */
    char why[400];
};

/* False: something is wrong, `why` says what. check_finish in any case. */
bool check_run(struct check *check, const char *path, unsigned allow);
void check_finish(struct check *check);

#endif
