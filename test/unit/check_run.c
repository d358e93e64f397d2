#include "check_run.h"

#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/blob.h"
#include "store/tail.h"

static bool wrong(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct check *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(check->why, sizeof check->why, format, args);
    va_end(args);
    return false;
}

void check_finish(struct check *check)
{
    for (uint32_t i = 0; i < check->series_count; i++)
        free(check->series[i].point);
    free(check->series);
    *check = (struct check){0};
}

static void add(struct check_series *series, struct check_point point)
{
    if (series->count == series->capacity) {
        series->capacity = series->capacity ? series->capacity * 2 : 1024;
        series->point = realloc(series->point, series->capacity * sizeof *series->point);
        if (!series->point)
            abort();
    }
    series->point[series->count++] = point;
}

/* ---- rows ---- */

struct rows {
    struct check *check;
    sqlite3 *db;
    sqlite3_stmt *row;
    bool sound;
};

static uint64_t unsigned_at(struct rows *rows, int column)
{
    return (uint64_t)sqlite3_column_int64(rows->row, column);
}

/* Calls `each` for the rows of a query, while it says true. */
static bool each_row(struct check *check, sqlite3 *db, const char *sql, bool (*each)(struct rows *rows))
{
    struct rows rows = {check, db, NULL, true};
    if (sqlite3_prepare_v2(db, sql, -1, &rows.row, NULL))
        return wrong(check, "%s: %s", sql, sqlite3_errmsg(db));
    int code = SQLITE_DONE;
    while (rows.sound && (code = sqlite3_step(rows.row)) == SQLITE_ROW)
        rows.sound = each(&rows);
    if (rows.sound && code != SQLITE_DONE)
        rows.sound = wrong(check, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_finalize(rows.row);
    return rows.sound;
}

static bool take_integrity(struct rows *rows)
{
    const char *text = (const char *)sqlite3_column_text(rows->row, 0);
    return strcmp(text, "ok") == 0 || wrong(rows->check, "integrity_check: %s", text);
}

static bool take_series(struct rows *rows)
{
    struct check *check = rows->check;
    uint64_t id = unsigned_at(rows, 0);
    if (id != check->series_count)
        return wrong(check, "series %llu is not in its place", (unsigned long long)id);
    check->series = realloc(check->series, (check->series_count + 1) * sizeof *check->series);
    if (!check->series)
        abort();
    struct check_series *series = &check->series[check->series_count++];
    *series = (struct check_series){.logged = unsigned_at(rows, 2)};
    snprintf(series->name, sizeof series->name, "%s", (const char *)sqlite3_column_text(rows->row, 1));
    return true;
}

/* ---- points ---- */

/* A point that comes next; its place and segment are what they must be. */
static bool take_point(struct check *check, struct check_series *series, struct check_point point)
{
    const struct check_point *last = series->count ? &series->point[series->count - 1] : NULL;
    uint64_t expected = last ? last->sequence + 1 : 0;
    uint32_t segment = last ? last->segment + (point.step < last->step) : 0;
    if (point.sequence != expected && (!(check->allow & CHECK_HOLES) || point.sequence < expected))
        return wrong(check, "%s: point %llu comes where %llu is due", series->name, (unsigned long long)point.sequence,
                     (unsigned long long)expected);
    if (point.segment != segment && (point.sequence == expected || point.segment < segment))
        return wrong(check, "%s: point %llu is said to be of segment %u, but it is of %u", series->name,
                     (unsigned long long)point.sequence, point.segment, segment);
    add(series, point);
    return true;
}

static bool take_points(struct check *check, struct check_series *series, const struct points *points,
                        uint64_t sequence, uint32_t segment)
{
    for (uint32_t i = 0; i < points->count; i++)
        if (!take_point(
                check, series,
                (struct check_point){sequence + i, points->step[i], points->time_us[i], points->value[i], segment}))
            return false;
    return true;
}

/* series, sequence, segment, points, first_step, last_step, least_us, most_us, data */
static bool chunk_fits(struct rows *rows, const struct points *points)
{
    int64_t least = points->time_us[0], most = least;
    for (uint32_t i = 0; i < points->count; i++) {
        least = points->time_us[i] < least ? points->time_us[i] : least;
        most = points->time_us[i] > most ? points->time_us[i] : most;
        if (i && points->step[i] < points->step[i - 1])
            return false;
    }
    return points->count == unsigned_at(rows, 3) && points->step[0] == sqlite3_column_int64(rows->row, 4) &&
           points->step[points->count - 1] == sqlite3_column_int64(rows->row, 5) &&
           least == sqlite3_column_int64(rows->row, 6) && most == sqlite3_column_int64(rows->row, 7);
}

static bool take_chunk(struct rows *rows)
{
    struct check *check = rows->check;
    uint64_t id = unsigned_at(rows, 0), sequence = unsigned_at(rows, 1);
    struct points points = {0};
    if (id >= check->series_count)
        return wrong(check, "a chunk of series %llu", (unsigned long long)id);
    struct check_series *series = &check->series[id];
    int code = chunk_decode(&points, blob_place((uint32_t)id, 0, sequence), sqlite3_column_blob(rows->row, 8),
                            (size_t)sqlite3_column_bytes(rows->row, 8));
    bool sound = code ? (check->allow & CHECK_HOLES) != 0 : chunk_fits(rows, &points);
    if (!sound)
        wrong(check, "%s: the chunk at %llu is not what its row says", series->name, (unsigned long long)sequence);
    else if (!code)
        sound = take_points(check, series, &points, sequence, (uint32_t)unsigned_at(rows, 2));
    series->sealed = sequence + unsigned_at(rows, 3);
    series->chunks++;
    check->chunks++;
    points_finish(&points);
    return sound;
}

/* ---- the tail ---- */

static bool take_run(struct check *check, const struct tail_run *run)
{
    struct points points = {0};
    if (run->series >= check->series_count)
        return wrong(check, "a run of series %u", run->series);
    struct check_series *series = &check->series[run->series];
    uint64_t end = series->count ? series->point[series->count - 1].sequence + 1 : 0;
    end = end > series->sealed ? end : series->sealed;
    if (run->sequence + run->points <= end)
        return true;
    uint32_t skip = run->sequence < end ? (uint32_t)(end - run->sequence) : 0;
    if (tail_points(run, skip, &points))
        return wrong(check, "%s: a run of the tail cannot be read", series->name);
    bool sound = points.count == run->points - skip || wrong(check, "%s: a run's points", series->name);
    sound = sound && take_points(check, series, &points, run->sequence + skip, run->segment);
    check->open += points.count;
    points_finish(&points);
    return sound;
}

/* id, points, data */
static bool take_block(struct rows *rows)
{
    struct check *check = rows->check;
    struct tail_cursor cursor;
    struct tail_run run;
    uint64_t points = 0;
    int code;
    if (sqlite3_column_int64(rows->row, 0) < 0) {
        check->damaged_blocks++;
        return (check->allow & (CHECK_HOLES | CHECK_LOST)) || wrong(check, "a block of the tail was set aside");
    }
    if (tail_open(&cursor, sqlite3_column_blob(rows->row, 2), (size_t)sqlite3_column_bytes(rows->row, 2)))
        return wrong(check, "a block of the tail is damaged");
    while ((code = tail_next(&cursor, &run)) > 0) {
        points += run.points;
        if (!take_run(check, &run))
            return false;
    }
    check->blocks++;
    check->tail_points += points;
    return (!code && points == unsigned_at(rows, 1)) || wrong(check, "a block of the tail is not what its row says");
}

/* id, count, step, time_ns, value */
static bool take_last(struct rows *rows)
{
    struct check *check = rows->check;
    const struct check_series *series = &check->series[unsigned_at(rows, 0)];
    if (!series->count || (check->allow & (CHECK_HOLES | CHECK_LOST)))
        return true;
    const struct check_point *last = &series->point[series->count - 1];
    double value = sqlite3_column_double(rows->row, 4);
    bool number = sqlite3_column_type(rows->row, 4) != SQLITE_BLOB;
    if (unsigned_at(rows, 1) != series->count || sqlite3_column_int64(rows->row, 2) != last->step ||
        sqlite3_column_int64(rows->row, 3) / 1000 != last->time_us ||
        (number ? value != last->value : !isnan(last->value)))
        return wrong(check, "%s: its row tells another last point, or of %llu points where %zu are", series->name,
                     (unsigned long long)series->logged, series->count);
    return true;
}

/* ---- roll-ups ---- */

/* The place of a sequence number among the points, or of the first behind it. */
static size_t place_of(const struct check_series *series, uint64_t sequence)
{
    size_t low = 0, high = series->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->point[middle].sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool all_there(const struct check_series *series, uint64_t from, uint64_t to)
{
    size_t first = place_of(series, from), last = place_of(series, to);
    return last - first == to - from;
}

static bool same_value(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool mean_fits(const struct bucket *bucket, long double sum)
{
    long double finite = (long double)(bucket->count - bucket->nonfinite);
    long double scale = fmaxl(fabsl(bucket->min), fabsl(bucket->max));
    return bucket->count == bucket->nonfinite ? bucket->mean == 0 : fabsl(sum / finite - bucket->mean) <= 1e-9L * scale;
}

/* The fold of the points that it stands for, one by one. */
static bool bucket_fits(const struct check_point *point, const struct bucket *bucket)
{
    const struct check_point *last = point + bucket->count - 1;
    uint64_t nonfinite = 0;
    double min = 0, max = 0;
    long double sum = 0;
    for (uint64_t i = 0; i < bucket->count; i++) {
        double value = point[i].value;
        if (!isfinite(value)) {
            nonfinite++;
            continue;
        }
        min = i == nonfinite || value < min ? value : min;
        max = i == nonfinite || value > max ? value : max;
        sum += value;
    }
    return bucket->first_step == point->step && bucket->last_step == last->step && bucket->first_us == point->time_us &&
           bucket->last_us == last->time_us && bucket->nonfinite == nonfinite && bucket->min == min &&
           bucket->max == max && same_value(bucket->last, last->value) && mean_fits(bucket, sum);
}

static uint64_t most_of(uint32_t level)
{
    uint64_t most = ROLLUP_POINTS;
    while (level--)
        most *= ROLLUP_FOLD;
    return most;
}

/* Where the bucket that begins at `place` ends, if nothing cuts it short. */
static size_t bucket_end(const struct check_series *series, size_t place, uint32_t level)
{
    size_t end = place + most_of(level) < series->count ? place + most_of(level) : series->count;
    uint32_t segment = series->point[place].segment;
    if (series->point[end - 1].segment == segment)
        return end;
    size_t low = place, high = end - 1; /* low is of the segment, high is not */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (series->point[middle].segment == segment)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static bool take_bucket(struct check *check, struct check_series *series, uint32_t level, uint64_t sequence,
                        const struct bucket *bucket)
{
    if (bucket->count > most_of(level))
        return wrong(check, "%s: a bucket of level %u with %llu points", series->name, level,
                     (unsigned long long)bucket->count);
    if (sequence + bucket->count > series->sealed)
        return wrong(check, "%s: a bucket of level %u at %llu is of points that are not sealed", series->name, level,
                     (unsigned long long)sequence);
    if (!all_there(series, sequence, sequence + bucket->count))
        return (check->allow & CHECK_HOLES) || wrong(check, "%s: a bucket of points that are missing", series->name);
    const struct check_point *point = series->point + place_of(series, sequence);
    size_t place = (size_t)(point - series->point);
    if (point[bucket->count - 1].segment != point->segment)
        return wrong(check, "%s: a bucket of level %u at %llu spans segments", series->name, level,
                     (unsigned long long)sequence);
    if (!bucket_fits(point, bucket))
        return wrong(check, "%s: the bucket of level %u at %llu (%llu points) is not the fold of its points",
                     series->name, level, (unsigned long long)sequence, (unsigned long long)bucket->count);
    if (place + bucket->count < bucket_end(series, place, level)) {
        if (!(check->allow & (CHECK_SEAMS | CHECK_HOLES)))
            return wrong(check, "%s: the bucket of level %u at %llu is short", series->name, level,
                         (unsigned long long)sequence);
        check->short_buckets++;
    }
    return true;
}

static bool page_follows(struct check *check, struct check_series *series, uint32_t level, uint64_t sequence)
{
    uint64_t due = series->paged[level];
    if (sequence == due)
        return true;
    if (sequence > due && !all_there(series, due, sequence) && (check->allow & CHECK_HOLES))
        return true;
    check->missing_pages++;
    return (sequence > due && (check->allow & CHECK_SEAMS)) ||
           wrong(check, "%s: a page of level %u begins at %llu, the one before ends at %llu", series->name, level,
                 (unsigned long long)sequence, (unsigned long long)due);
}

/* series, level, sequence, points, data */
static bool take_page(struct rows *rows)
{
    static const char no_sense[] = "%s: the page of level %u at %llu is not what its row says";
    struct check *check = rows->check;
    struct bucket bucket[ROLLUP_PAGE_BUCKETS];
    uint32_t count, level = (uint32_t)unsigned_at(rows, 1);
    uint64_t id = unsigned_at(rows, 0), sequence = unsigned_at(rows, 2), at = sequence;
    if (id >= check->series_count || level >= ROLLUP_LEVELS)
        return wrong(check, "a page of series %llu, level %u", (unsigned long long)id, level);
    struct check_series *series = &check->series[id];
    if (!page_follows(check, series, level, sequence))
        return false;
    if (rollup_decode(bucket, &count, blob_place((uint32_t)id, level, sequence), sqlite3_column_blob(rows->row, 4),
                      (size_t)sqlite3_column_bytes(rows->row, 4)))
        return wrong(check, no_sense, series->name, level, (unsigned long long)sequence);
    for (uint32_t i = 0; i < count; at += bucket[i++].count)
        if (!take_bucket(check, series, level, at, &bucket[i]))
            return false;
    if (at - sequence != unsigned_at(rows, 3))
        return wrong(check, no_sense, series->name, level, (unsigned long long)sequence);
    if (count < ROLLUP_PAGE_BUCKETS && !(check->allow & (CHECK_SEAMS | CHECK_HOLES)))
        return wrong(check, "%s: the page of level %u at %llu is not full", series->name, level,
                     (unsigned long long)sequence);
    series->paged[level] = at;
    series->pages[level]++;
    check->pages++;
    return true;
}

/* Behind the last page of a level lies less than one; and of each level below a bucket that is open may be another. */
static bool pages_reach(struct check *check, const struct check_series *series, uint32_t level)
{
    uint32_t buckets = 0, most = ROLLUP_PAGE_BUCKETS + level;
    size_t sealed = place_of(series, series->sealed);
    for (size_t at = place_of(series, series->paged[level]); at < sealed && buckets <= most; buckets++)
        at = bucket_end(series, at, level);
    bool exact = !(check->allow & (CHECK_SEAMS | CHECK_HOLES));
    uint64_t page = ROLLUP_PAGE_BUCKETS * most_of(level);
    if ((exact && buckets > most) || series->sealed >= series->paged[level] + 2 * page)
        return wrong(check, "%s: the pages of level %u end at %llu, the chunks at %llu", series->name, level,
                     (unsigned long long)series->paged[level], (unsigned long long)series->sealed);
    return true;
}

static bool check_tables(struct check *check, sqlite3 *db)
{
    static const struct {
        const char *sql;
        bool (*each)(struct rows *rows);
    } tables[] = {
        {"PRAGMA integrity_check", take_integrity},
        {"SELECT id,name,count FROM series ORDER BY id", take_series},
        {"SELECT series,sequence,segment,points,first_step,last_step,least_us,most_us,data FROM chunks"
         " ORDER BY series,sequence",
         take_chunk},
        {"SELECT id,points,data FROM tail ORDER BY id", take_block},
        {"SELECT id,count,step,time_ns,value FROM series", take_last},
        {"SELECT series,level,sequence,points,data FROM rollups ORDER BY series,level,sequence", take_page},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (!each_row(check, db, tables[i].sql, tables[i].each))
            return false;
    for (uint32_t i = 0; i < check->series_count; i++) {
        check->points += check->series[i].count;
        for (uint32_t level = 0; level < ROLLUP_LEVELS && !(check->allow & CHECK_SO_FAR); level++)
            if (!pages_reach(check, &check->series[i], level))
                return false;
    }
    return true;
}

bool check_run(struct check *check, const char *path, unsigned allow)
{
    sqlite3 *db;
    *check = (struct check){.allow = allow};
    bool sound = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                 sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
    if (!sound)
        wrong(check, "%s: %s", path, sqlite3_errmsg(db));
    sound = sound && check_tables(check, db);
    sqlite3_close(db);
    return sound;
}
