#include "logged.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* In front of the C library's own: nothing of this is to outlive the machine, and thousands of syncs take minutes. */
__attribute__((visibility("default"))) int fsync(int fd)
{
    (void)fd;
    return 0;
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

#define TIME_0 INT64_C(1700000000000000)

int logged_setup(void **state)
{
    struct logged *logged = test_calloc(1, sizeof *logged);
    void *run;
    assert_int_equal(run_setup(&run), 0);
    *logged = (struct logged){.run = run, .seed = 1, .time_us = TIME_0};
    run_train(run);
    *state = logged;
    return 0;
}

int logged_teardown(void **state)
{
    struct logged *logged = *state;
    void *run = logged->run;
    for (uint32_t i = 0; i < logged->count; i++)
        free(logged->series[i].point);
    free(logged->series);
    test_free(logged);
    return run_teardown(&run);
}

unsigned logged_random(struct logged *logged, unsigned n)
{
    return (unsigned)rand_r(&logged->seed) % n;
}

void logged_declare(struct logged *logged, uint32_t series, unsigned rate)
{
    uint32_t count = logged->count + series;
    logged->series = realloc(logged->series, count * sizeof *logged->series);
    assert_non_null(logged->series);
    for (uint32_t i = logged->count; i < count; i++) {
        char name[24];
        snprintf(name, sizeof name, "series/%u", i);
        struct record record = series_record(i, name, "");
        run_declare(logged->run, &record);
        logged->series[i] = (struct logged_series){.rate = rate ? rate : 1 + logged_random(logged, 1000)};
    }
    logged->count = count;
}

void logged_keep(struct logged *logged, uint32_t id, int64_t step, int64_t time_us, double value)
{
    struct logged_series *series = &logged->series[id];
    if (series->count == series->capacity) {
        series->capacity = series->capacity ? series->capacity * 2 : 256;
        series->point = realloc(series->point, series->capacity * sizeof *series->point);
        assert_non_null(series->point);
    }
    series->point[series->count++] = (struct check_point){.step = step, .time_us = time_us, .value = value};
    logged->points++;
}

void logged_point(struct logged *logged, uint32_t series, int64_t step, int64_t time_us, double value)
{
    struct record record = {.kind = RECORD_SCALAR_AT, .step = step, .time_ns = time_us * 1000};
    record.scalar.series = series;
    record.scalar.value = value;
    run_put(logged->run, &record);
    logged_keep(logged, series, step, time_us, value);
}

/* Mostly what losses are, now and then what a loss should not be. */
static double any_value(struct logged *logged)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 0, -0.0, 1.7e308, -1.7e308, 5e-324};
    if (logged_random(logged, 50) == 0)
        return odd[logged_random(logged, sizeof odd / sizeof *odd)];
    return (double)(float)(2 + logged_random(logged, 100000) * 1e-5);
}

static void log_now(struct logged *logged, uint32_t series, int64_t step)
{
    struct journal_writer *writer = &logged->run->writer;
    double value = any_value(logged);
    if (writer->step != step || !writer->step_open)
        journal_step(writer, step);
    journal_scalar(writer, series, value);
    logged_keep(logged, series, step, writer->step_time_ns / 1000, value);
}

void logged_step(struct logged *logged, int64_t step)
{
    journal_step(&logged->run->writer, step);
    for (uint32_t i = 0; i < logged->count; i++)
        log_now(logged, i, step);
    journal_publish(&logged->run->writer);
}

/* Times of their own go forwards, stand still, and are set back now and then. */
static int64_t any_time(struct logged *logged)
{
    unsigned how = logged_random(logged, 100);
    logged->time_us += how == 0 ? -3600000000 : how < 10 ? 0 : 50000 + logged_random(logged, 1000);
    return logged->time_us;
}

void logged_steps(struct logged *logged, unsigned steps, unsigned back)
{
    for (unsigned n = 0; n < steps; n++) {
        if (logged_random(logged, 10000) < back)
            logged->step -= 1 + logged_random(logged, 300);
        else
            logged->step += logged_random(logged, 3);
        bool at = logged_random(logged, 4) == 0;
        for (uint32_t i = 0; i < logged->count; i++)
            if (logged_random(logged, 1000) >= logged->series[i].rate)
                continue;
            else if (at)
                logged_point(logged, i, logged->step, any_time(logged), any_value(logged));
            else
                log_now(logged, i, logged->step);
        journal_publish(&logged->run->writer);
    }
}

/* ---- what is stored ---- */

static void compare(const struct check_series *stored, const struct logged_series *series, bool so_far)
{
    if (so_far ? stored->count > series->count : stored->count != series->count)
        fail_msg("%s: %zu points were logged, %zu are stored", stored->name, series->count, stored->count);
    for (size_t i = 0; i < stored->count; i++) {
        const struct check_point *a = &series->point[i], *b = &stored->point[i];
        if (a->step != b->step || a->time_us != b->time_us || memcmp(&a->value, &b->value, sizeof a->value) != 0)
            fail_msg("%s: point %zu is not the one that was logged", stored->name, i);
    }
}

struct check logged_check(struct logged *logged, unsigned allow)
{
    char path[96];
    struct check check;
    snprintf(path, sizeof path, "%s/run.db", logged->run->path);
    if (!check_run(&check, path, allow)) {
        char why[sizeof check.why];
        memcpy(why, check.why, sizeof why);
        check_finish(&check);
        fail_msg("%s", why);
    }
    assert_int_equal(check.series_count, logged->count);
    for (uint32_t i = 0; i < logged->count && !(allow & CHECK_HOLES); i++)
        compare(&check.series[i], &logged->series[i], allow & CHECK_SO_FAR);
    return check;
}

void logged_assert_stored(struct logged *logged, unsigned allow)
{
    struct check check = logged_check(logged, allow);
    check_finish(&check);
}

void logged_commit_and_die(struct logged *logged, unsigned commits)
{
    struct store_commit commit;
    int status;
    assert_null(logged->run->store);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int code = run_try_open(logged->run, NULL);
        for (unsigned i = 0; i < commits && !code; i++)
            code = run_try_commit(logged->run, NULL, 0, &commit);
        _exit(code ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- again and again ---- */

struct buf logged_contents(struct logged *logged, const char *name)
{
    struct buf bytes;
    struct stat status;
    buf_init(&bytes);
    int fd = openat(logged->run->run_fd, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &status) == 0 && buf_reserve(&bytes, (size_t)status.st_size + 1));
    assert_int_equal(read(fd, bytes.data, (size_t)status.st_size), status.st_size);
    bytes.size = (size_t)status.st_size;
    close(fd);
    return bytes;
}

void logged_begin_again(struct logged *logged, const struct buf *base)
{
    int run_fd = logged->run->run_fd;
    int fd = openat(run_fd, "run.db", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, base->data, base->size), 0);
    close(fd);
    unlinkat(run_fd, "run.db-wal", 0);
    unlinkat(run_fd, "run.db-shm", 0);
}

void logged_segments(struct logged *logged, int segments)
{
    for (int i = 0; i < segments; i++) {
        logged->step -= 50;
        for (int k = 0; k < 4; k++, logged->step += 20)
            logged_point(logged, 0, logged->step, logged->time_us, (double)logged->step / 3);
        for (int k = 0; k < 10; k++, logged->time_us += 1000)
            logged_point(logged, 1, logged->time_us, logged->time_us, k);
    }
}

struct buf logged_base(struct logged *logged, const char *change)
{
    logged_declare(logged, 2, 0);
    run_open(logged->run);
    logged_segments(logged, 2 * ROLLUP_PAGE_BUCKETS - 30); /* the next page of each level will be full soon */
    run_commit(logged->run, NULL, 0);
    for (int i = 0; i < 3; i++) {
        logged_point(logged, 1, logged->time_us, logged->time_us, i);
        run_commit(logged->run, NULL, 0);
    }
    run_close(logged->run, true);
    run_sql(logged->run, change);
    logged_segments(logged, 60);
    return logged_contents(logged, "run.db");
}
