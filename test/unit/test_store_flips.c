/* A thousand copies of a run.db, each with a few bytes changed: nothing falls over, nothing is deleted, what can be
 * read is right, and what cannot is counted. */
#include "logged.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPIES 1000

/* ---- files ---- */

/* Removes all that begins with run.db. */
static void clear(struct run_folder *run)
{
    DIR *entries = opendir(run->path);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));)
        if (strncmp(entry->d_name, "run.db", 6) == 0)
            unlinkat(run->run_fd, entry->d_name, 0);
    closedir(entries);
}

/* Mostly a byte or a few, now and then a whole sector. */
static void damage(struct logged *logged, struct buf *bytes)
{
    if (logged_random(logged, 20) == 0) {
        size_t sector = logged_random(logged, (unsigned)(bytes->size / 512));
        memset(bytes->data + sector * 512, logged_random(logged, 2) ? 0 : 0xff, 512);
        return;
    }
    for (unsigned i = 1 + logged_random(logged, 4); i > 0; i--)
        bytes->data[logged_random(logged, (unsigned)bytes->size)] ^= (char)(1 << logged_random(logged, 8));
}

/* ---- what is read ---- */

struct reading {
    const struct logged *logged;
    size_t at[8]; /* of each series: behind the last one that was given */
    uint64_t given, wrong;
};

static bool same(const struct check_point *logged, const struct store_point *point)
{
    return logged->step == point->step && logged->time_us == point->time_us &&
           memcmp(&logged->value, &point->value, sizeof point->value) == 0;
}

/* It is one that was logged, and comes behind those before it. */
static int take(void *context, const struct store_point *point)
{
    struct reading *reading = context;
    bool known = strncmp(point->series, "series/", 7) == 0;
    uint32_t id = known ? (uint32_t)(point->series[7] - '0') : UINT32_MAX;
    reading->given++;
    if (id >= reading->logged->count || point->series[8]) {
        reading->wrong++;
        return 0;
    }
    const struct logged_series *series = &reading->logged->series[id];
    size_t at = reading->at[id];
    while (at < series->count && !same(&series->point[at], point))
        at++;
    if (at == series->count)
        reading->wrong++;
    else
        reading->at[id] = at + 1;
    return 0;
}

static bool is_expected(int code)
{
    return code == 0 || code == ERR_DAMAGED || code == ERR_FORMAT || code == ERR_VERSION || code == ERR_MISSING;
}

static void history(struct store_reader *reader, const struct store_history_ask *ask)
{
    struct buf out;
    struct err err = {0};
    buf_init(&out);
    int code = store_history(reader, ask, &out, &err);
    if (!is_expected(code) && code != ERR_FULL)
        fail_msg("%d: %s", code, err.text);
    json_t *json = code ? NULL : json_loadb(out.data, out.size, 0, NULL);
    if (!code && !json)
        fail_msg("not JSON: %.300s", buf_string(&out));
    json_decref(json);
    buf_finish(&out);
}

static void histories(struct logged *logged, struct store_reader *reader)
{
    static const char *const globs[] = {"series/1", "series/*"};
    struct store_history_ask ask = {.globs = globs, .globs_count = 2, .points = 20};
    history(reader, &ask);
    ask = (struct store_history_ask){.globs = globs,
                                     .globs_count = 1,
                                     .by_time = logged_random(logged, 2),
                                     .has_from = true,
                                     .has_to = true,
                                     .points = 1 + logged_random(logged, 100)};
    const struct logged_series *series = &logged->series[1];
    const struct check_point *first = &series->point[logged_random(logged, (unsigned)series->count)];
    ask.from = ask.by_time ? first->time_us : first->step;
    ask.to = ask.from + (ask.by_time ? 100000000 : 300);
    history(reader, &ask);
}

/* The names and counts of the series are as they were. */
static bool knows_its_series(struct logged *logged)
{
    char path[96];
    sqlite3 *db;
    sqlite3_stmt *look = NULL;
    uint32_t sound = 0;
    snprintf(path, sizeof path, "%s/run.db", logged->run->path);
    sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    sqlite3_prepare_v2(db, "SELECT id,name,count FROM series ORDER BY id", -1, &look, NULL);
    while (look && sqlite3_step(look) == SQLITE_ROW && sound < logged->count) {
        char name[24];
        snprintf(name, sizeof name, "series/%u", sound);
        const char *stored = (const char *)sqlite3_column_text(look, 1);
        if (sqlite3_column_int64(look, 0) != sound || !stored || strcmp(stored, name) != 0 ||
            sqlite3_column_int64(look, 2) != (int64_t)logged->series[sound].count)
            break;
        sound++;
    }
    sqlite3_finalize(look);
    sqlite3_close(db);
    return sound == logged->count;
}

static int64_t sum_of(struct run_folder *run, const char *sql)
{
    char path[96];
    sqlite3 *db;
    sqlite3_stmt *look = NULL;
    int64_t sum = -1;
    snprintf(path, sizeof path, "%s/run.db", run->path);
    sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    if (sqlite3_prepare_v2(db, sql, -1, &look, NULL) == SQLITE_OK && sqlite3_step(look) == SQLITE_ROW)
        sum = sqlite3_column_int64(look, 0);
    sqlite3_finalize(look);
    sqlite3_close(db);
    return sum;
}

struct sum {
    unsigned opened, refused, whole, less, aside, wrong;
};

/* As the command line does, offline. How many points are given; -1: it cannot be told. */
static int64_t read_it(struct logged *logged, struct sum *sum, bool with_histories)
{
    struct store_reader *reader;
    struct err err = {0};
    struct reading reading = {.logged = logged};
    struct store_points_ask ask = {.superseded = true, .each = take, .context = &reading};
    int code = store_reader_open(&reader, logged->run->path, false, &err);
    if (!is_expected(code))
        fail_msg("%d: %s", code, err.text);
    if (code) {
        sum->refused++;
        return -1;
    }
    sum->opened++;
    if (with_histories)
        histories(logged, reader);
    code = store_points(reader, &ask, &err);
    if (!is_expected(code))
        fail_msg("%d: %s", code, err.text);
    store_reader_close(reader);
    if (code || !knows_its_series(logged))
        return code ? -1 : (int64_t)reading.given;
    if (reading.given + ask.lost < logged->points)
        fail_msg("of %llu points %llu were given and %llu are said to be lost", (unsigned long long)logged->points,
                 (unsigned long long)reading.given, (unsigned long long)ask.lost);
    sum->wrong += reading.wrong != 0;
    sum->whole += reading.given == logged->points;
    sum->less += reading.given < logged->points;
    return (int64_t)reading.given;
}

/* ---- what is written ---- */

/* What was moved aside is byte for byte what it was. */
static void assert_kept(struct logged *logged, const struct buf *damaged)
{
    const char *at = strstr(logged->run->notice, "run.db.damaged-");
    char name[64];
    assert_non_null(at);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ";"), at);
    struct buf kept = logged_contents(logged, name);
    if (kept.size != damaged->size || memcmp(kept.data, damaged->data, kept.size) != 0)
        fail_msg("%s is not what it was", name);
    buf_finish(&kept);
}

/* As a server does; it is refused, begun anew beside the old one, or goes on with all that it has. */
static void serve_it(struct logged *logged, const struct buf *damaged, struct sum *sum)
{
    static const char chunks[] = "SELECT total(length(data)) FROM chunks";
    struct run_folder *run = logged->run;
    struct store_commit commit;
    struct err err = {0};
    struct sum after = {0};
    int64_t given = read_it(logged, sum, logged_random(logged, 4) == 0), chunk_bytes = sum_of(run, chunks);
    int code = run_try_open(run, &err);
    if (!is_expected(code))
        fail_msg("%d: %s", code, err.text);
    if (!code) {
        code = run_try_commit(run, NULL, 0, &commit);
        if (!is_expected(code))
            fail_msg("commit: %d", code);
    }
    run_close(run, false);
    if (run_count(run, ".", "run.db.damaged-2")) {
        sum->aside++;
        assert_kept(logged, damaged);
    } else if (given > read_it(logged, &after, false) || chunk_bytes > sum_of(run, chunks)) {
        fail_msg("of %lld points %lld are left", (long long)given, (long long)read_it(logged, &after, false));
    }
    sum->wrong += after.wrong;
}

/* A long segment, short ones, few points; the same each time. */
static void some_steps(struct logged *logged, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        int64_t step = logged->step++;
        logged->time_us += 50000;
        if (step % 10 == 0)
            logged_point(logged, 0, step, logged->time_us, (double)step / 3);
        logged_point(logged, 1, step, logged->time_us, (double)step / 7);
        if (step % 3 == 0)
            logged_point(logged, 2, step - step % 15, logged->time_us, (double)step);
        if (step % 15 == 14)
            logged_point(logged, 2, step - 100, logged->time_us, (double)step);
    }
}

static void a_thousand_copies(void **state)
{
    struct logged *logged = *state;
    struct run_folder *run = logged->run;
    struct sum sum = {0};
    struct store_commit commit = {.finish = true};
    logged_declare(logged, 3, 1000);
    run_open(run);
    some_steps(logged, 5000);
    run_commit(run, NULL, 0);
    for (int i = 0; i < 5; i++) { /* some blocks in the tail */
        some_steps(logged, 20);
        run_commit(run, NULL, 0);
    }
    run_train_end(run, true);
    commit.gone_ordinal = run->ordinal;
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    run_close(run, true);
    assert_int_equal(run_count(run, "journal/0", ""), 0); /* what is damaged does not come again from there */
    struct buf sound = logged_contents(logged, "run.db");
    struct buf damaged = logged_contents(logged, "run.db");
    read_it(logged, &sum, true);
    assert_int_equal(sum.whole, 1);
    for (int i = 0; i < COPIES; i++) {
        memcpy(damaged.data, sound.data, sound.size);
        damage(logged, &damaged);
        clear(run);
        logged_begin_again(logged, &damaged);
        serve_it(logged, &damaged, &sum);
    }
    assert_true(sum.opened > COPIES / 2 && sum.whole > COPIES / 20 && sum.less > COPIES / 10);
    assert_true(sum.aside > COPIES / 50);
    assert_int_equal(sum.wrong, 0);
    clear(run);
    buf_finish(&sound);
    buf_finish(&damaged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_thousand_copies, logged_setup, logged_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
