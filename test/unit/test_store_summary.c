/* Runs in the folders beside: read whatever has become of them, and left as they were. */
#include "test_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "channel/liveness.h"
#include "no_memory.h"
#include "store/summary.h"
#include "temp.h"

#define NOBODY 65534

enum { RUNS_MAX = 4 };

/* A folder of runs; the test is the trainer of some. */
struct beside {
    struct temp *temp;
    struct run_folder run[RUNS_MAX];
    int count;
    struct buf out;
};

static int setup(void **state)
{
    struct beside *beside = test_calloc(1, sizeof *beside);
    void *temp;
    assert_int_equal(temp_setup(&temp), 0);
    beside->temp = temp;
    assert_int_equal(chmod(beside->temp->path, 0755), 0);
    buf_init(&beside->out);
    *state = beside;
    return 0;
}

static int teardown(void **state)
{
    struct beside *beside = *state;
    void *temp = beside->temp;
    for (int i = 0; i < beside->count; i++)
        run_unmake(&beside->run[i]);
    buf_finish(&beside->out);
    test_free(beside);
    return temp_teardown(&temp);
}

static struct run_folder *add_run(struct beside *beside, const char *name)
{
    assert_true(beside->count < RUNS_MAX);
    struct run_folder *run = &beside->run[beside->count++];
    int size = snprintf(run->path, sizeof run->path, "%s/%s", beside->temp->path, name);
    assert_true(size > 0 && (size_t)size < sizeof run->path);
    run_make(run);
    return run;
}

/* ---- what happens in a run ---- */

static void declare_settings(struct run_folder *run)
{
    struct record lr = setting_record(4, "lr", 0.25, 0);
    struct record note = {.kind = RECORD_SETTING}, schedule = {.kind = RECORD_SETTING}, amp = {.kind = RECORD_SETTING};
    note.setting = (struct record_setting){.id = 5,
                                           .name = text_from("note"),
                                           .type = VALUE_STRING,
                                           .value = {.type = VALUE_STRING, .text = text_from("a \"b\"")}};
    schedule.setting = (struct record_setting){.id = 6,
                                               .name = text_from("schedule"),
                                               .type = VALUE_CHOICE,
                                               .choices = 2,
                                               .value = value_integer(VALUE_CHOICE, 1)};
    schedule.setting.choice[0] = text_from("cosine");
    schedule.setting.choice[1] = text_from("constant");
    amp.setting = (struct record_setting){
        .id = 7, .name = text_from("amp"), .type = VALUE_BOOL, .value = value_integer(VALUE_BOOL, 1)};
    run_declare(run, &lr);
    run_declare(run, &note);
    run_declare(run, &schedule);
    run_declare(run, &amp);
}

static void declare(struct run_folder *run)
{
    struct record named = run_record("gpt", 77), loss = series_record(0, "train/loss", "nats"),
                  odd = series_record(1, "odd", ""), never = series_record(2, "never", "");
    struct record seed = {.kind = RECORD_CONFIG}, words = {.kind = RECORD_CONFIG};
    named.run.total_steps = 2000;
    named.run.started_ns = INT64_C(1700000000500000000);
    seed.config.name = text_from("seed");
    seed.config.json = text_from("{ \"a\": 1 }");
    words.config.name = text_from("words");
    words.config.json = text_from("no JSON");
    run_declare(run, &named);
    run_declare(run, &loss);
    run_declare(run, &odd);
    run_declare(run, &never);
    declare_settings(run);
    run_declare(run, &seed);
    run_declare(run, &words);
}

static void put_state(struct run_folder *run, enum run_state state, int64_t step)
{
    struct record record = {.kind = RECORD_STATE, .step = step, .time_ns = clock_real_ns()};
    record.state.state = state;
    run_put(run, &record);
}

/* 412 steps, in the journal. */
static void train(struct run_folder *run)
{
    run_train(run);
    declare(run);
    put_state(run, RUN_RUNNING, 0);
    for (int64_t step = 0; step < 412; step++)
        run_step(run, step, 1, 1 / (double)(step + 1));
    journal_scalar_at(&run->writer, 1, 411, NAN);
    journal_publish(&run->writer);
}

static void end_in_good_order(struct run_folder *run)
{
    struct record end = {.kind = RECORD_END, .step = 412, .time_ns = clock_real_ns()};
    end.end.state = RUN_FINISHED;
    run_put(run, &end);
    run_train_end(run, true);
}

/* A whole life, of which run.db holds all. */
static void live_a_life(struct run_folder *run)
{
    train(run);
    end_in_good_order(run);
    run_open(run);
    run_commit(run, NULL, 0);
    run_close(run, true);
}

/* ---- another process, which serves, trains, or was killed while it did ---- */

struct other {
    struct run_folder *run;
    bool stores, exclusive, serves, trains;
    pid_t pid;
};

static bool holds(const struct run_folder *run, const char *name)
{
    struct holder self = {.pid = getpid()};
    int fd = lock_take(run->run_fd, name, NULL, NULL);
    return fd >= 0 && lock_name(fd, &self, NULL) == 0;
}

static bool opens(const struct other *other)
{
    struct run_folder *run = other->run;
    struct store_commit commit = {0};
    struct store_options options = {
        .run = run->path, .run_fd = run->run_fd, .journal_fd = run->journal_fd, .exclusive = other->exclusive};
    return store_open(&run->store, &options, run->notice, NULL) == 0 && store_commit(run->store, &commit, NULL) == 0;
}

static void be_other(const struct other *other, int told)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bool ready = (!other->serves || holds(other->run, "lock")) && (!other->trains || holds(other->run, "trainer")) &&
                 (!other->stores || opens(other));
    if (!ready || write(told, "r", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static void begin_other(struct other *other)
{
    int told[2];
    char ready;
    assert_int_equal(pipe(told), 0);
    other->pid = fork();
    assert_true(other->pid >= 0);
    if (other->pid == 0)
        be_other(other, told[1]);
    close(told[1]);
    assert_int_equal(read(told[0], &ready, 1), 1);
    close(told[0]);
}

static void kill_other(struct other *other)
{
    assert_int_equal(kill(other->pid, SIGKILL), 0);
    assert_int_equal(waitpid(other->pid, NULL, 0), other->pid);
}

/* ---- what is said of it, and that nothing was touched ---- */

static void add_trace(struct buf *trace, int fd, const char *name)
{
    struct stat status;
    char bytes[4096];
    ssize_t got;
    assert_int_equal(fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
    buf_printf(trace, "%s %llu %lld %lld.%09ld\n", name, (unsigned long long)status.st_ino, (long long)status.st_size,
               (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    int file = S_ISREG(status.st_mode) ? openat(fd, name, O_RDONLY) : -1;
    while (file >= 0 && (got = read(file, bytes, sizeof bytes)) > 0)
        buf_add(trace, bytes, (size_t)got);
    if (file >= 0)
        close(file);
}

/* All that lies in the folder: names, times, contents. */
static struct buf trace_of(const char *path)
{
    struct buf trace;
    struct dirent **entries;
    buf_init(&trace);
    int count = scandir(path, &entries, NULL, alphasort);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(count >= 0 && fd >= 0);
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, "..") != 0)
            add_trace(&trace, fd, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    close(fd);
    return trace;
}

/* Zero-terminated; lives until the next call. */
static const char *summary_of(struct beside *beside, const char *path)
{
    struct err err = {0};
    struct buf before = trace_of(path);
    buf_clear(&beside->out);
    if (store_summary(path, &beside->out, &err))
        fail_msg("%s", err.text);
    struct buf after = trace_of(path);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    buf_finish(&before);
    buf_finish(&after);
    return buf_string(&beside->out);
}

static void assert_summary(struct beside *beside, const struct run_folder *run, const char *state, bool live)
{
    char expected[1000];
    snprintf(expected, sizeof expected,
             "{\"name\":\"gpt\",\"folder\":\"%s\",\"state\":\"%s\",\"live\":%s,\"started\":1700000000.500000,"
             "\"step\":%d,\"total\":2000,\"last\":{\"train/loss\":%.17g,\"odd\":\"NaN\"},"
             "\"settings\":{\"lr\":0.25,\"note\":\"a \\\"b\\\"\",\"schedule\":\"constant\",\"amp\":true},"
             "\"config\":{\"seed\":{\"a\":1},\"words\":\"no JSON\"}}",
             run->path, state, live ? "true" : "false", strcmp(state, "finished") == 0 ? 412 : 411, 1.0 / 412);
    assert_string_equal(summary_of(beside, run->path), expected);
}

static void assert_error(struct beside *beside, const char *path, const char *sentence)
{
    char expected[800];
    snprintf(expected, sizeof expected, "{\"folder\":\"%s\",\"error\":\"%s\"}", path, sentence);
    assert_string_equal(summary_of(beside, path), expected);
}

/* ---- runs that can be read ---- */

static void an_ended_run(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    live_a_life(run);
    assert_summary(beside, run, "finished", false);
}

/* A server that ended before its trainer: run.db stays in WAL mode, without a -wal. */
static void a_closed_run(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a#%b");
    struct other trainer = {.run = run, .trains = true};
    train(run);
    run_open(run);
    run_commit(run, NULL, 0);
    run_close(run, false);
    assert_false(run_has(run, "run.db-wal"));
    begin_other(&trainer);
    assert_summary(beside, run, "running", true);
    kill_other(&trainer);
    assert_summary(beside, run, "lost", false);
}

static void a_live_run(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    struct other server = {.run = run, .serves = true, .stores = true}, trainer = {.run = run, .trains = true};
    train(run);
    begin_other(&trainer);
    begin_other(&server);
    assert_true(run_has(run, "run.db-shm"));
    assert_summary(beside, run, "running", true);
    kill_other(&trainer);
    assert_summary(beside, run, "lost", true);
    kill_other(&server);
    assert_true(run_has(run, "run.db-wal")); /* all of it stands there */
    assert_summary(beside, run, "lost", false);
}

/* On a file system that is not local there is no -shm, and the server lets nobody else in. */
static void an_exclusive_server(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    struct other server = {.run = run, .serves = true, .stores = true, .exclusive = true};
    train(run);
    begin_other(&server);
    assert_false(run_has(run, "run.db-shm"));
    int64_t before_ns = clock_monotonic_ns();
    assert_error(beside, run->path, "its server holds run.db: ask that server");
    assert_true(clock_monotonic_ns() - before_ns < 900000000); /* less than SQLite would wait for a writer */
    kill_other(&server);
    assert_summary(beside, run, "lost", false);
    assert_false(run_has(run, "run.db-shm"));
}

static void states_with_a_trainer_and_without(void **state)
{
    static const struct {
        enum run_state said;
        const char *held, *left;
    } states[] = {
        {RUN_PAUSED, "paused", "lost"}, {RUN_STOPPING, "stopping", "lost"}, {RUN_WAITING, "waiting", "waiting"}};
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    struct other trainer = {.run = run, .trains = true};
    train(run);
    begin_other(&trainer);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        char held[40], left[40];
        put_state(run, states[i].said, 411);
        run_open(run);
        run_commit(run, NULL, 0);
        run_close(run, false);
        snprintf(held, sizeof held, "\"state\":\"%s\",\"live\":true", states[i].held);
        snprintf(left, sizeof left, "\"state\":\"%s\",\"live\":false", states[i].left);
        assert_non_null(strstr(summary_of(beside, run->path), held));
        kill_other(&trainer);
        assert_non_null(strstr(summary_of(beside, run->path), left));
        begin_other(&trainer);
    }
    kill_other(&trainer);
}

static void nothing_has_happened_yet(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    char expected[300];
    run_open(run);
    run_close(run, false);
    snprintf(expected, sizeof expected,
             "{\"name\":\"a\",\"folder\":\"%s\",\"state\":\"waiting\",\"live\":false,\"started\":null,\"step\":null,"
             "\"total\":null,\"last\":{},\"settings\":{},\"config\":{}}",
             run->path);
    assert_string_equal(summary_of(beside, run->path), expected);
}

/* Its schema is brought up to date by its own server alone. */
static void an_older_run(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    live_a_life(run);
    run_sql(run, "DROP INDEX messages_said; ALTER TABLE messages DROP COLUMN said; PRAGMA user_version=1");
    assert_summary(beside, run, "finished", false);
    assert_int_equal(run_sql(run, "PRAGMA user_version"), 1);
}

static int summary_of_nobody(const char *path)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct buf out = {0};
        if (geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
            _exit(100);
        int code = store_summary(path, &out, NULL);
        _exit(code ? 101 : strstr(buf_string(&out), "\"step\":41") ? 0 : strstr(buf_string(&out), "\"error\"") ? 1 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_folder_that_cannot_be_written(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    struct other server = {.run = run, .stores = true};
    train(run);
    begin_other(&server);
    kill_other(&server);
    assert_int_equal(chmod(run->path, 0555), 0);
    assert_int_equal(fchmodat(run->run_fd, "run.db", 0444, 0), 0);
    assert_int_equal(fchmodat(run->run_fd, "run.db-wal", 0444, 0), 0);
    assert_int_equal(fchmodat(run->run_fd, "run.db-shm", 0444, 0), 0);
    assert_int_equal(summary_of_nobody(run->path), 0);
    assert_int_equal(fchmodat(run->run_fd, "run.db-wal", 0400, 0), 0); /* root's */
    assert_int_equal(summary_of_nobody(run->path), geteuid() == 0);
    assert_int_equal(chmod(run->path, 0700), 0);
}

/* ---- runs that cannot ---- */

static void write_file(struct run_folder *run, const char *name, const void *data, size_t size)
{
    int fd = openat(run->run_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, data, size), 0);
    close(fd);
}

static void no_run_db(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    char sentence[200], path[100];
    snprintf(sentence, sizeof sentence, "no server has read it yet: trimtab serve --run %s", run->path);
    assert_error(beside, run->path, sentence);
    write_file(run, "run.db", "", 0);
    assert_error(beside, run->path, sentence);
    snprintf(path, sizeof path, "%s/gone", beside->temp->path);
    buf_clear(&beside->out);
    assert_int_equal(store_summary(path, &beside->out, NULL), 0);
    assert_non_null(strstr(buf_string(&beside->out), "\"error\":\"cannot open the folder: No such file"));
}

static void not_a_database(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    static const char words[] =
        "something else, long enough to be looked at as a database, but it is none, not at all.";
    write_file(run, "run.db", words, sizeof words);
    assert_error(beside, run->path, "run.db: file is not a database");
    assert_int_equal(unlinkat(run->run_fd, "run.db", 0), 0);
    assert_int_equal(mkfifoat(run->run_fd, "run.db", 0600), 0); /* opening it would wait for a writer */
    assert_error(beside, run->path, "run.db is not a file");
    assert_int_equal(unlinkat(run->run_fd, "run.db", 0), 0);
    live_a_life(run);
    assert_int_equal(mkfifoat(run->run_fd, "run.db-wal", 0600), 0);
    assert_error(beside, run->path, "run.db-wal is not a file");
    assert_int_equal(unlinkat(run->run_fd, "run.db-wal", 0), 0);
    assert_int_equal(mkfifoat(run->run_fd, "lock", 0600), 0);
    assert_summary(beside, run, "finished", false);
}

static void newer_or_foreign(void **state)
{
    struct beside *beside = *state;
    struct run_folder *newer = add_run(beside, "newer"), *foreign = add_run(beside, "foreign");
    live_a_life(newer);
    run_sql(newer, "PRAGMA user_version=99");
    assert_non_null(
        strstr(summary_of(beside, newer->path), "\"error\":\"run.db was made by a newer trimtab (schema 99"));
    run_sql(foreign, "CREATE TABLE theirs(a)");
    assert_non_null(strstr(summary_of(beside, foreign->path), "\"error\":\"run.db is another program's database"));
    assert_null(strstr(summary_of(beside, foreign->path), "\"state\""));
}

/* Somebody else's run.db may hold anything that looks like ours. */
static void tables_that_never_end(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    live_a_life(run);
    run_sql(run,
            "DROP TABLE series; CREATE VIEW series AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n)"
            " SELECT i AS id, 'n'||i AS name, '' AS unit, 1 AS count, 1 AS step, 1 AS time_ns, 1 AS value FROM n"
            " WHERE i<0");
    assert_error(beside, run->path, "reading run.db took too long");
}

static void more_than_fits(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    live_a_life(run);
    run_sql(run, "INSERT INTO config SELECT 'large', '\"'||replace(hex(zeroblob(150000)),'0','x')||'\"'");
    assert_error(beside, run->path, "its settings and config are too long for this list");
}

static void many_series(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    live_a_life(run);
    run_sql(run, "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i+1 FROM n WHERE i<99)"
                 " INSERT INTO series SELECT i,'s'||i,'',1,1,1,i FROM n");
    json_t *json = json_loads(summary_of(beside, run->path), 0, NULL);
    assert_int_equal(json_object_size(json_object_get(json, "last")), LIMIT_LAST_LISTED);
    assert_non_null(json_object_get(json_object_get(json, "last"), "s32"));
    assert_null(json_object_get(json_object_get(json, "last"), "s33"));
    json_decref(json);
}

/* A few bytes anywhere in the file are changed: it is read or not, and what is said is sound. */
static void bytes_changed_anywhere(void **state)
{
    struct beside *beside = *state;
    struct run_folder *run = add_run(beside, "a");
    unsigned seed = 7, errors = 0;
    struct stat status;
    live_a_life(run);
    assert_int_equal(fstatat(run->run_fd, "run.db", &status, 0), 0);
    for (int round = 0; round < 200; round++) {
        int fd = openat(run->run_fd, "run.db", O_RDWR);
        uint8_t was[8], is[8];
        off_t at = rand_r(&seed) % (round % 2 ? status.st_size - 8 : 4096);
        assert_int_equal(pread(fd, was, sizeof was, at), sizeof was);
        for (size_t i = 0; i < sizeof is; i++)
            is[i] = (uint8_t)rand_r(&seed);
        assert_int_equal(pwrite(fd, is, sizeof is, at), sizeof is);
        json_t *json = json_loads(summary_of(beside, run->path), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        errors += json_object_get(json, "error") != NULL;
        assert_int_equal(json_object_size(json), json_object_get(json, "error") ? 2 : 10);
        json_decref(json);
        assert_int_equal(pwrite(fd, was, sizeof was, at), sizeof was);
        close(fd);
    }
    assert_true(errors > 10);
    assert_summary(beside, run, "finished", false);
}

/* ---- the list ---- */

static void set_age(const struct run_folder *run, int64_t seconds)
{
    static const char *const parts[] = {"journal/0", "journal", "run.db", "."};
    struct timespec then = {.tv_sec = 1700000000 - seconds};
    struct timespec times[2] = {then, then};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_true(utimensat(run->run_fd, parts[i], times, 0) == 0 || errno == ENOENT);
}

static json_t *runs_beside(struct beside *beside, const char *path)
{
    struct err err = {0};
    buf_clear(&beside->out);
    if (store_runs(path, &beside->out, &err))
        fail_msg("%s", err.text);
    json_t *json = json_loads(buf_string(&beside->out), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static const char *folder_at(const json_t *json, size_t at)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(json, "runs"), at), "folder"));
}

static void newest_first_without_itself(void **state)
{
    struct beside *beside = *state;
    struct run_folder *own = add_run(beside, "own"), *old = add_run(beside, "old"), *young = add_run(beside, "young"),
                      *unread = add_run(beside, "unread");
    char link[100];
    live_a_life(old);
    live_a_life(young);
    run_open(own);
    set_age(young, 10);
    set_age(unread, 20);
    set_age(old, 30);
    assert_int_equal(mkdirat(beside->temp->fd, "notes", 0700), 0); /* no run */
    json_t *json = runs_beside(beside, own->path);
    assert_int_equal(json_array_size(json_object_get(json, "runs")), 3);
    assert_int_equal(json_integer_value(json_object_get(json, "total")), 3);
    assert_string_equal(folder_at(json, 0), young->path);
    assert_string_equal(folder_at(json, 1), unread->path);
    assert_string_equal(folder_at(json, 2), old->path);
    assert_non_null(json_object_get(json_array_get(json_object_get(json, "runs"), 1), "error"));
    json_decref(json);
    snprintf(link, sizeof link, "%s/latest", beside->temp->path);
    assert_int_equal(symlinkat("own", beside->temp->fd, "latest"), 0);
    json = runs_beside(beside, link);
    assert_int_equal(json_array_size(json_object_get(json, "runs")), 3);
    json_decref(json);
}

static void alone(void **state)
{
    struct beside *beside = *state;
    struct run_folder *own = add_run(beside, "own");
    buf_clear(&beside->out);
    assert_int_equal(store_runs(own->path, &beside->out, NULL), 0);
    assert_string_equal(buf_string(&beside->out), "{\"runs\":[],\"total\":0}");
}

static void more_than_are_listed(void **state)
{
    struct beside *beside = *state;
    struct run_folder *own = add_run(beside, "own");
    for (int i = 0; i < LIMIT_RUNS_LISTED + 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "run-%d", i);
        assert_int_equal(mkdirat(beside->temp->fd, name, 0700), 0);
        strcat(name, "/journal");
        assert_int_equal(mkdirat(beside->temp->fd, name, 0700), 0);
        strcat(name, "/0");
        assert_int_equal(mkdirat(beside->temp->fd, name, 0700), 0);
    }
    json_t *json = runs_beside(beside, own->path);
    assert_int_equal(json_array_size(json_object_get(json, "runs")), LIMIT_RUNS_LISTED);
    assert_int_equal(json_integer_value(json_object_get(json, "total")), LIMIT_RUNS_LISTED + 20);
    json_decref(json);
}

static void without_memory(void **state)
{
    struct beside *beside = *state;
    struct run_folder *own = add_run(beside, "own"), *other = add_run(beside, "other");
    live_a_life(other);
    json_t *expected = runs_beside(beside, own->path);
    bool came = true;
    for (long n = 1; came; n++) { /* the first is opendir's: a folder that cannot be opened has no runs */
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        buf_finish(&beside->out);
        buf_text(&beside->out, "before:");
        no_memory_after(n);
        int code = store_runs(own->path, &beside->out, NULL);
        came = no_memory_came();
        assert_true(code == 0 || (came && code == ERR_NOMEM));
        if (code) {
            assert_int_equal(beside->out.size, strlen("before:"));
            continue;
        }
        json_t *json = json_loads(buf_string(&beside->out) + strlen("before:"), 0, NULL);
        if (!json_equal(json, expected))
            fail_msg("%ld: %s", n, buf_string(&beside->out));
        json_decref(json);
    }
    json_decref(expected);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_ended_run),
        TEST(a_closed_run),
        TEST(a_live_run),
        TEST(an_exclusive_server),
        TEST(states_with_a_trainer_and_without),
        TEST(nothing_has_happened_yet),
        TEST(an_older_run),
        TEST(a_folder_that_cannot_be_written),
        TEST(no_run_db),
        TEST(not_a_database),
        TEST(newer_or_foreign),
        TEST(tables_that_never_end),
        TEST(more_than_fits),
        TEST(many_series),
        TEST(bytes_changed_anywhere),
        TEST(newest_first_without_itself),
        TEST(alone),
        TEST(more_than_are_listed),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
