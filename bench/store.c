/* store.c: what it takes to keep points, and to ask for them. In one process, one after the other: the store as the
 * server uses it (a journal is read and committed), and plain SQLite rows of the same points, as most would keep them.
 *
 * usage: store FOLDER POINTS ROWS   FOLDER is empty; ROWS points go into the plain rows
 * Prints `name value` lines. Times are CPU time of this thread unless the name says wall. */
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "channel/journal_writer.h"
#include "store/store.h"

enum { SERIES = 16, TURN_STEPS = 24000 }; /* about 6 MiB of journal */

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "store: %s: %s\n", what, why);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

/* ---- the points: float32 losses with noise, a step each 50 ms with 1 ms of noise ---- */

struct noise {
    uint64_t state;
};

static double uniform(struct noise *noise)
{
    noise->state = noise->state * 6364136223846793005u + 1442695040888963407u;
    return (double)(noise->state >> 11) * 0x1p-53;
}

/* The sum of four uniform numbers: near enough to normal; mean 0, deviation 1. */
static double normal(struct noise *noise)
{
    return (uniform(noise) + uniform(noise) + uniform(noise) + uniform(noise) - 2) * 1.7320508;
}

struct source {
    struct noise noise;
    int64_t step, time_ns;
    double base;
};

static void next_step(struct source *source)
{
    source->step++;
    source->time_ns += 50000000 + (int64_t)(1e6 * normal(&source->noise));
    source->base = 1 + 4 * exp(-1e-6 * (double)source->step);
}

static double next_value(struct source *source)
{
    return (double)(float)(source->base + 0.3 * normal(&source->noise));
}

/* ---- the store ---- */

struct subject {
    const char *path;
    int run_fd, journal_fd;
    struct journal_writer writer;
    struct store *store;
    double cpu, wall, most;
    uint64_t points;
};

static int restate(void *context, struct buf *out)
{
    struct record record = {.kind = RECORD_RUN, .flags = RECORD_RESTATED};
    char name[16];
    (void)context;
    record.run.name = text_from("bench");
    int code = record_encode(out, &record);
    for (uint32_t i = 0; i < SERIES && !code; i++) {
        snprintf(name, sizeof name, "train/%u", i);
        record = (struct record){.kind = RECORD_SERIES, .flags = RECORD_RESTATED};
        record.series.id = i;
        record.series.name = text_from(name);
        code = record_encode(out, &record);
    }
    return code;
}

static void begin_run(struct subject *run)
{
    struct err err;
    struct incarnation incarnation = {{1}};
    char notice[480];
    run->run_fd = open(run->path, O_RDONLY | O_DIRECTORY);
    mkdirat(run->run_fd, "journal", 0700);
    mkdirat(run->run_fd, "journal/0", 0700);
    run->journal_fd = openat(run->run_fd, "journal/0", O_RDONLY | O_DIRECTORY);
    if (run->journal_fd < 0)
        fail("cannot make a run", run->path);
    if (journal_writer_init(&run->writer, run->journal_fd, &incarnation, 1, restate, NULL, &err))
        fail("journal", err.text);
    struct store_options options = {.run = run->path, .run_fd = run->run_fd, .journal_fd = run->journal_fd};
    if (store_open(&run->store, &options, notice, &err))
        fail("store", err.text);
}

static void commit(struct subject *run, bool finish)
{
    struct err err;
    double cpu = seconds(CLOCK_THREAD_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    struct store_commit commit = {.finish = finish};
    do {
        if (store_commit(run->store, &commit, &err))
            fail("commit", err.text);
        run->points += commit.points;
    } while (commit.more);
    double took = seconds(CLOCK_MONOTONIC) - wall;
    run->wall += took;
    run->cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    run->most = took > run->most ? took : run->most;
}

/* With the source's time, not the clock's. */
static void put_step(struct subject *run, const struct source *source)
{
    struct journal_writer *writer = &run->writer;
    struct record step = {.kind = RECORD_STEP, .step = source->step, .time_ns = source->time_ns};
    if (journal_put(writer, &step))
        fail("journal", "it is full");
    writer->step = source->step;
    writer->step_time_ns = source->time_ns;
    writer->step_open = true;
}

static void fill(struct subject *run, struct source *source, uint64_t points)
{
    begin_run(run);
    for (uint64_t done = 0; done < points;) {
        for (int i = 0; i < TURN_STEPS && done < points; i++) {
            next_step(source);
            put_step(run, source);
            for (uint32_t series = 0; series < SERIES; series++, done++)
                journal_scalar(&run->writer, series, next_value(source));
            journal_publish(&run->writer);
        }
        commit(run, false);
    }
    journal_writer_finish(&run->writer);
    commit(run, true);
    double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    store_close(run->store, true);
    run->cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

/* Ten transactions a second of a usual training: two steps in each. CPU time a transaction, with its share of the
 * checkpoints. */
static double small_commits(const char *path, struct source *source)
{
    enum { COMMITS = 600 };
    struct subject run = {.path = path};
    begin_run(&run);
    for (int i = 0; i < COMMITS; i++) {
        for (int step = 0; step < 2; step++) {
            next_step(source);
            put_step(&run, source);
            for (uint32_t series = 0; series < SERIES; series++)
                journal_scalar(&run.writer, series, next_value(source));
            journal_publish(&run.writer);
        }
        commit(&run, false);
    }
    journal_writer_finish(&run.writer);
    commit(&run, true);
    store_close(run.store, true);
    return run.cpu / COMMITS;
}

static double file_bytes(const char *folder, const char *name)
{
    char path[4096];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &status) == 0 ? (double)status.st_size : 0;
}

/* ---- questions ---- */

/* What the kernel holds of the file is given up: the next read comes from the disk. */
static void forget_pages(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
        fail("cannot drop the pages of", path);
    close(fd);
}

static void ask(struct store_reader *reader, unsigned series, struct buf *out)
{
    struct err err;
    char name[16];
    const char *const globs[] = {name};
    const struct store_history_ask ask = {.globs = globs, .globs_count = 1, .points = 2000};
    snprintf(name, sizeof name, "train/%u", series);
    buf_clear(out);
    if (store_history(reader, &ask, out, &err))
        fail("history", err.text);
}

static struct store_reader *open_reader(const char *folder)
{
    struct err err;
    struct store_reader *reader;
    if (store_reader_open(&reader, folder, false, &err))
        fail("reader", err.text);
    return reader;
}

/* 2,000 buckets of each series: cold, by a reader that was opened anew, and warm. Wall time, the answer's JSON text
 * included. */
static void measure_asks(const char *folder)
{
    struct buf out;
    buf_init(&out);
    for (unsigned i = 0; i < SERIES; i++) {
        forget_pages(folder, "run.db");
        double began = seconds(CLOCK_MONOTONIC);
        struct store_reader *reader = open_reader(folder);
        ask(reader, i, &out);
        printf("ask_cold_ms %.3f\n", 1e3 * (seconds(CLOCK_MONOTONIC) - began));
        ask(reader, i, &out);
        began = seconds(CLOCK_MONOTONIC);
        ask(reader, i, &out);
        printf("ask_warm_ms %.3f\n", 1e3 * (seconds(CLOCK_MONOTONIC) - began));
        store_reader_close(reader);
    }
    printf("answer_bytes %zu\n", out.size);
    buf_finish(&out);
}

/* ---- plain rows ---- */

static sqlite3 *rows_open(const char *folder)
{
    char path[4096];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/rows.db", folder);
    if (sqlite3_open(path, &db) ||
        sqlite3_exec(db,
                     "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
                     "CREATE TABLE IF NOT EXISTS points(series INTEGER,step INTEGER,time REAL,value REAL);"
                     "CREATE INDEX IF NOT EXISTS points_at ON points(series,step)",
                     NULL, NULL, NULL))
        fail("rows", sqlite3_errmsg(db));
    return db;
}

static void rows_add(sqlite3_stmt *add, const struct source *source, uint32_t series, double value)
{
    sqlite3_bind_int64(add, 1, series);
    sqlite3_bind_int64(add, 2, source->step);
    sqlite3_bind_double(add, 3, 1e-9 * (double)source->time_ns);
    sqlite3_bind_double(add, 4, value);
    if (sqlite3_step(add) != SQLITE_DONE)
        fail("rows", sqlite3_errmsg(sqlite3_db_handle(add)));
    sqlite3_reset(add);
}

/* As many points a transaction as the store takes. */
static void rows_fill(const char *folder, struct source *source, uint64_t points, double *cpu, double *wall)
{
    sqlite3 *db = rows_open(folder);
    sqlite3_stmt *add;
    double values[SERIES];
    sqlite3_prepare_v2(db, "INSERT INTO points VALUES(?1,?2,?3,?4)", -1, &add, NULL);
    for (uint64_t done = 0; done < points;) {
        double cpu_began = seconds(CLOCK_THREAD_CPUTIME_ID), wall_began = seconds(CLOCK_MONOTONIC), made = 0;
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        for (int i = 0; i < TURN_STEPS && done < points; i++) {
            double making = seconds(CLOCK_MONOTONIC);
            next_step(source);
            for (uint32_t series = 0; series < SERIES; series++)
                values[series] = next_value(source);
            made += seconds(CLOCK_MONOTONIC) - making;
            for (uint32_t series = 0; series < SERIES; series++, done++)
                rows_add(add, source, series, values[series]);
        }
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        *cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_began - made;
        *wall += seconds(CLOCK_MONOTONIC) - wall_began - made;
    }
    sqlite3_finalize(add);
    sqlite3_close(db);
}

static double rows_ask(const char *folder, int64_t steps)
{
    sqlite3 *db = rows_open(folder);
    sqlite3_stmt *ask;
    int rows = 0;
    double began = seconds(CLOCK_MONOTONIC);
    sqlite3_prepare_v2(db,
                       "SELECT min(step),max(step),min(time),max(time),count(*),min(value),max(value),avg(value)"
                       " FROM points WHERE series=3 GROUP BY step*2000/?1",
                       -1, &ask, NULL);
    sqlite3_bind_int64(ask, 1, steps + 1);
    while (sqlite3_step(ask) == SQLITE_ROW)
        rows++;
    double took = seconds(CLOCK_MONOTONIC) - began;
    sqlite3_finalize(ask);
    sqlite3_close(db);
    if (rows < 1999)
        fail("rows", "the query did not give 2,000 buckets");
    return took;
}

static void measure_rows(const char *folder, uint64_t points)
{
    struct source source = {.noise = {7}, .time_ns = INT64_C(1750000000000000000)};
    double cpu = 0, wall = 0;
    rows_fill(folder, &source, points, &cpu, &wall);
    printf("rows_points %llu\n", (unsigned long long)points);
    printf("rows_ingest_ns %.1f\n", 1e9 * cpu / (double)points);
    printf("rows_ingest_rate %.0f\n", (double)points / wall);
    printf("rows_bytes %.3f\n", file_bytes(folder, "rows.db") / (double)points);
    rows_ask(folder, source.step);
    printf("rows_ask_ms %.3f\n", 1e3 * rows_ask(folder, source.step));
}

int main(int count, char **word)
{
    if (count != 4)
        fail("usage", "store FOLDER POINTS ROWS");
    struct subject run = {.path = word[1]};
    struct source source = {.noise = {7}, .time_ns = INT64_C(1750000000000000000)};
    uint64_t rows = strtoull(word[3], NULL, 10);
    char small[4096];
    fill(&run, &source, strtoull(word[2], NULL, 10));
    printf("points %llu\n", (unsigned long long)run.points);
    printf("ingest_ns %.1f\n", 1e9 * run.cpu / (double)run.points);
    printf("ingest_rate %.0f\n", (double)run.points / run.wall);
    printf("longest_commit_wall_ms %.1f\n", 1e3 * run.most);
    printf("bytes %.3f\n", file_bytes(run.path, "run.db") / (double)run.points);
    measure_asks(run.path);
    if (rows)
        measure_rows(run.path, rows);
    snprintf(small, sizeof small, "%s/small", run.path);
    mkdir(small, 0700);
    printf("small_commit_us %.1f\n", 1e6 * small_commits(small, &source));
    return 0;
}
