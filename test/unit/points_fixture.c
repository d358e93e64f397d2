#include "points_fixture.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/pyramid.h"
#include "store/schema.h"
#include "store/tail.h"
#include "temp.h"

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct err err = {0};
    assert_non_null(fixture);
    log_set(-1, LOG_ERROR);
    fixture->random = 88172645463325252u;
    strcpy(fixture->path, "/tmp/trimtab-points-XXXXXX");
    assert_non_null(mkdtemp(fixture->path));
    assert_int_equal(
        db_open(&fixture->db, fixture->path, DB_NAME, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL, &err), 0);
    if (schema_migrate(fixture->db, &err))
        fail_msg("%s", err.text);
    fixture_sql(fixture, "PRAGMA synchronous=OFF");
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    fixture_close_reader(fixture);
    sqlite3_close(fixture->db);
    for (uint32_t i = 0; i < fixture->series_count; i++)
        free(fixture->series[i].point);
    free(fixture->series);
    temp_remove(AT_FDCWD, fixture->path);
    free(fixture);
    return 0;
}

uint64_t fixture_random(struct fixture *fixture, uint64_t below)
{
    fixture->random ^= fixture->random << 13;
    fixture->random ^= fixture->random >> 7;
    fixture->random ^= fixture->random << 17;
    return fixture->random % below;
}

void fixture_sql(struct fixture *fixture, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(fixture->db, sql, NULL, NULL, &why))
        fail_msg("%s: %s", sql, why);
}

struct store_reader *fixture_reader(struct fixture *fixture)
{
    struct err err = {0};
    if (!fixture->reader && store_reader_open(&fixture->reader, fixture->path, false, &err))
        fail_msg("%s", err.text);
    return fixture->reader;
}

void fixture_close_reader(struct fixture *fixture)
{
    store_reader_close(fixture->reader);
    fixture->reader = NULL;
}

/* ---- points ---- */

struct fixture_series *fixture_add(struct fixture *fixture, const char *name, const char *unit)
{
    fixture->series = realloc(fixture->series, (fixture->series_count + 1) * sizeof *fixture->series);
    assert_non_null(fixture->series);
    struct fixture_series *series = &fixture->series[fixture->series_count];
    *series = (struct fixture_series){0};
    snprintf(series->name, sizeof series->name, "%s", name);
    char *sql = sqlite3_mprintf("INSERT INTO series(id,name,unit,count) VALUES(%d,%Q,%Q,0)", fixture->series_count++,
                                name, unit);
    fixture_sql(fixture, sql);
    sqlite3_free(sql);
    return series;
}

void fixture_point(struct fixture_series *series, int64_t step, int64_t time_us, double value)
{
    const struct fixture_point *last = series->count ? &series->point[series->count - 1] : NULL;
    uint32_t segment = last ? last->segment + (step < last->step) : 0;
    if (series->count == series->capacity) {
        series->capacity = series->capacity ? series->capacity * 2 : 1024;
        series->point = realloc(series->point, series->capacity * sizeof *series->point);
        assert_non_null(series->point);
    }
    series->point[series->count++] =
        (struct fixture_point){.step = step, .time_us = time_us, .value = value, .segment = segment};
}

static double some_value(struct fixture *fixture)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e308, -1e308, 5e-324};
    return fixture_random(fixture, 50) ? 2 + 0.001 * (double)fixture_random(fixture, 1000)
                                       : odd[fixture_random(fixture, 8)];
}

void fixture_grow(struct fixture *fixture, struct fixture_series *series, size_t points, unsigned segments,
                  bool clock_set)
{
    const struct fixture_point *last = series->count ? &series->point[series->count - 1] : NULL;
    int64_t step = last ? last->step : -50, time_us = last ? last->time_us : 1700000000000000;
    for (size_t i = 0; i < points; i++) {
        step += (int64_t)fixture_random(fixture, 3);
        time_us += 1 + (int64_t)fixture_random(fixture, 100000);
        if (i && segments > 1 && fixture_random(fixture, points / (segments - 1) + 1) == 0)
            step -= 1 + (int64_t)fixture_random(fixture, 1 + points / segments);
        if (clock_set && fixture_random(fixture, 500) == 0)
            time_us -= (int64_t)fixture_random(fixture, 20000000);
        fixture_point(series, step, time_us, some_value(fixture));
    }
}

/* ---- rows ---- */

static void insert(struct fixture *fixture, const char *sql, const int64_t *integers, int count, const struct buf *data)
{
    sqlite3_stmt *add;
    assert_int_equal(sqlite3_prepare_v2(fixture->db, sql, -1, &add, NULL), SQLITE_OK);
    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(add, i + 1, integers[i]);
    if (data)
        sqlite3_bind_blob(add, count + 1, data->data, (int)data->size, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(add), SQLITE_DONE);
    sqlite3_finalize(add);
}

/* False: it was left as it is. */
static bool damage(struct fixture *fixture, struct buf *data, unsigned of_100)
{
    if (fixture_random(fixture, 100) >= of_100)
        return false;
    data->data[8 + fixture_random(fixture, data->size - 8)] ^= (char)(1 + fixture_random(fixture, 255));
    return true;
}

/* How many points from `from` on make one piece: of one segment, at most `most`. */
static uint32_t piece_of(const struct fixture_series *series, size_t from, size_t end, uint32_t most)
{
    uint32_t count = 0;
    while (from + count < end && count < most && series->point[from + count].segment == series->point[from].segment)
        count++;
    return count;
}

static void cut(const struct fixture_series *series, size_t from, uint32_t count, struct points *points)
{
    points->count = 0;
    assert_true(points_reserve(points, count));
    for (size_t i = from; i < from + count; i++)
        points_add(points, series->point[i].step, series->point[i].time_us, series->point[i].value);
}

static void write_chunk(struct fixture *fixture, uint32_t id, size_t from, const struct points *points,
                        const struct fixture_shape *shape)
{
    struct fixture_series *series = &fixture->series[id];
    struct buf data;
    uint32_t last = points->count - 1;
    int64_t least_us = points->time_us[0], most_us = least_us;
    for (uint32_t i = 0; i <= last; i++) {
        least_us = points->time_us[i] < least_us ? points->time_us[i] : least_us;
        most_us = points->time_us[i] > most_us ? points->time_us[i] : most_us;
    }
    buf_init(&data);
    chunk_encode(&data, blob_place(id, 0, from), points);
    bool lost = damage(fixture, &data, shape->chunks_damaged);
    for (size_t i = from; i <= from + last; i++)
        series->point[i].lost = lost;
    const int64_t row[] = {id,
                           series->point[from].segment,
                           (int64_t)from,
                           points->count,
                           points->step[0],
                           points->step[last],
                           least_us,
                           most_us};
    insert(fixture,
           "INSERT INTO chunks(series,segment,sequence,points,first_step,last_step,least_us,most_us,data)"
           " VALUES(?,?,?,?,?,?,?,?,?)",
           row, 8, &data);
    buf_finish(&data);
}

static void write_page(struct fixture *fixture, uint32_t id, uint32_t level, size_t sequence,
                       const struct bucket *buckets, uint32_t count, const struct fixture_shape *shape)
{
    struct buf data;
    int64_t points = 0;
    if (fixture_random(fixture, 100) < shape->pages_missing)
        return;
    for (uint32_t i = 0; i < count; i++)
        points += (int64_t)buckets[i].count;
    buf_init(&data);
    rollup_encode(&data, blob_place(id, level, sequence), buckets, count);
    damage(fixture, &data, shape->pages_damaged);
    insert(fixture, "INSERT INTO rollups(series,level,sequence,points,data) VALUES(?,?,?,?,?)",
           (const int64_t[]){id, level, (int64_t)sequence, points}, 4, &data);
    buf_finish(&data);
}

/* Straight from the points: every level by itself. */
static void write_level(struct fixture *fixture, uint32_t id, uint32_t level, struct points *points,
                        const struct fixture_shape *shape)
{
    const struct fixture_series *series = &fixture->series[id];
    struct bucket page[ROLLUP_PAGE_BUCKETS];
    uint32_t count = 0, wanted = 1 + (uint32_t)fixture_random(fixture, shape->page_buckets);
    size_t page_begin = 0;
    for (size_t from = 0; from < series->sealed;) {
        uint32_t most = (uint32_t)rollup_points(level);
        uint32_t taken = piece_of(series, from, series->sealed, most), left = taken;
        if (taken < most && from + taken == series->sealed)
            break; /* not closed yet */
        page[count] = (struct bucket){0};
        for (size_t at = from; left; at += points->count, left -= points->count) {
            cut(series, at, left < CHUNK_POINTS ? left : CHUNK_POINTS, points);
            bucket_add(&page[count], points, 0, points->count);
        }
        from += taken;
        if (++count < wanted)
            continue;
        write_page(fixture, id, level, page_begin, page, count, shape);
        page_begin = from;
        count = 0;
        wanted = 1 + (uint32_t)fixture_random(fixture, shape->page_buckets);
    }
}

static void write_sealed(struct fixture *fixture, uint32_t id, struct points *points, const struct fixture_shape *shape)
{
    const struct fixture_series *series = &fixture->series[id];
    for (size_t from = 0; from < series->sealed; from += points->count) {
        uint32_t most = 1 + (uint32_t)fixture_random(fixture, shape->chunk_points);
        cut(series, from, piece_of(series, from, series->sealed, most), points);
        write_chunk(fixture, id, from, points, shape);
    }
    for (uint32_t level = 0; level < ROLLUP_LEVELS; level++)
        write_level(fixture, id, level, points, shape);
    fixture_sql(fixture, "DELETE FROM rollups WHERE points=0");
}

/* A block with some points of each series; it may begin with points that are in chunks or in the block before. False:
 * there is nothing left. */
static bool write_block(struct fixture *fixture, size_t *done, struct points *points, const struct fixture_shape *shape)
{
    struct tail tail;
    bool lost = fixture_random(fixture, 100) < shape->blocks_damaged;
    int64_t total = 0;
    tail_init(&tail);
    for (uint32_t id = 0; id < fixture->series_count; id++) {
        struct fixture_series *series = &fixture->series[id];
        if (done[id] == series->count || fixture_random(fixture, 4) == 0)
            continue;
        size_t from = done[id];
        while (from && done[id] - from < 20 && series->point[from - 1].segment == series->point[done[id]].segment &&
               fixture_random(fixture, 10))
            from--;
        cut(series, from, piece_of(series, from, series->count, 21 + (uint32_t)fixture_random(fixture, 300)), points);
        tail_add(&tail, id, series->point[from].segment, from, points, 0);
        for (size_t i = lost ? done[id] : from; i < from + points->count; i++)
            series->point[i].lost = i < series->sealed ? series->point[i].lost : lost;
        done[id] = from + points->count;
        total += points->count;
    }
    tail_seal(&tail);
    if (lost && tail.runs)
        tail.bytes.data[TAIL_HEADER] ^= 1;
    if (tail.runs)
        insert(fixture, "INSERT INTO tail(points,data) VALUES(?,?)", &total, 1, &tail.bytes);
    tail_finish(&tail);
    bool more = false;
    for (uint32_t id = 0; id < fixture->series_count; id++)
        more |= done[id] < fixture->series[id].count;
    return more;
}

void fixture_write(struct fixture *fixture, const struct fixture_shape *shape)
{
    struct points points = {0};
    size_t *done = calloc(fixture->series_count, sizeof *done);
    assert_non_null(done);
    fixture_sql(fixture, "BEGIN");
    for (uint32_t id = 0; id < fixture->series_count; id++) {
        write_sealed(fixture, id, &points, shape);
        done[id] = fixture->series[id].sealed;
        insert(fixture, "UPDATE series SET count=?2 WHERE id=?1",
               (const int64_t[]){id, (int64_t)fixture->series[id].count}, 2, NULL);
    }
    while (write_block(fixture, done, &points, shape))
        continue;
    fixture_sql(fixture, "COMMIT");
    points_finish(&points);
    free(done);
}
