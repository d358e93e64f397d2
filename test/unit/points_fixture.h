/* points_fixture.h: a run.db whose points the test writes row by row, so that it can leave out and spoil what it likes.
 */
#ifndef TEST_POINTS_FIXTURE_H
#define TEST_POINTS_FIXTURE_H

#include "unit.h"

#include <sqlite3.h>

#include "store/rollup.h"
#include "store/store.h"

struct fixture_point {
    int64_t step, time_us;
    double value;
    uint32_t segment;
    bool lost; /* its chunk is damaged, or it was never written */
};

/* Of one series; the place in the array is the sequence number. */
struct fixture_series {
    char name[64];
    struct fixture_point *point;
    size_t count, capacity;
    size_t sealed; /* so many of them are in chunks */
};

/* How its rows are written. */
struct fixture_shape {
    uint32_t chunk_points;   /* at most; a chunk ends with its segment */
    uint32_t page_buckets;   /* at most */
    unsigned pages_missing;  /* of 100 */
    unsigned pages_damaged;  /* of 100 */
    unsigned chunks_damaged; /* of 100 */
    unsigned blocks_damaged; /* of 100 */
};

struct fixture {
    char path[64];
    sqlite3 *db;
    struct store_reader *reader;
    struct fixture_series *series;
    uint32_t series_count;
    uint64_t random;
};

/* cmocka's setup and teardown: an empty run.db. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

uint64_t fixture_random(struct fixture *fixture, uint64_t below);

struct fixture_series *fixture_add(struct fixture *fixture, const char *name, const char *unit);
void fixture_point(struct fixture_series *series, int64_t step, int64_t time_us, double value);
/* So many points, of so many segments; some steps are equal, some values not finite. Times grow by 1 at least, unless
 * the clock is set back now and then. */
void fixture_grow(struct fixture *fixture, struct fixture_series *series, size_t points, unsigned segments,
                  bool clock_set);
/* Writes chunks and roll-ups of the first `sealed` points, and the tail's blocks of the rest. Once for all series. */
void fixture_write(struct fixture *fixture, const struct fixture_shape *shape);

void fixture_sql(struct fixture *fixture, const char *sql);
struct store_reader *fixture_reader(struct fixture *fixture);
void fixture_close_reader(struct fixture *fixture);

#endif
