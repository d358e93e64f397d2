#include "test_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static struct buf page;

int run_setup(void **state)
{
    struct run_folder *run = test_calloc(1, sizeof *run);
    strcpy(run->path, "/tmp/test-store-XXXXXX");
    assert_non_null(mkdtemp(run->path));
    run_make(run);
    *state = run;
    return 0;
}

void run_make(struct run_folder *run)
{
    log_set(-1, LOG_ERROR);
    mkdir(run->path, 0700);
    run->run_fd = open(run->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(run->run_fd, "journal", 0700), 0);
    assert_int_equal(mkdirat(run->run_fd, "journal/0", 0700), 0);
    run->journal_fd = openat(run->run_fd, "journal/0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(run->journal_fd >= 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void run_unmake(struct run_folder *run)
{
    store_reader_close(run->reader);
    store_close(run->store, false);
    run_train_end(run, false);
    run_forget(run);
    close(run->journal_fd);
    close(run->run_fd);
    buf_finish(&page);
}

int run_teardown(void **state)
{
    struct run_folder *run = *state;
    run_unmake(run);
    int code = nftw(run->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    test_free(run);
    return code;
}

/* ---- the trainer ---- */

static int restate(void *context, struct buf *out)
{
    struct run_folder *run = context;
    for (uint32_t i = 0; i < run->declarations; i++)
        buf_add(out, run->declared[i].data, run->declared[i].size);
    return out->failed ? ERR_NOMEM : 0;
}

void run_train(struct run_folder *run)
{
    struct err err;
    struct incarnation incarnation = {{0}};
    run->ordinal++;
    memcpy(incarnation.bytes, &run->ordinal, sizeof run->ordinal);
    incarnation.bytes[15] = (uint8_t)(0xff - run->ordinal); /* the order of names is not that of ordinals */
    if (run->declarations == 0) {
        struct record record = run_record("test", 4242);
        run_declare(run, &record);
    }
    assert_int_equal(journal_writer_init(&run->writer, run->journal_fd, &incarnation, run->ordinal, restate, run, &err),
                     0);
    run->writer.limits.free_percent = 0;
}

void run_forget(struct run_folder *run)
{
    for (uint32_t i = 0; i < run->declarations; i++)
        buf_finish(&run->declared[i]);
    run->declarations = 0;
}

void run_train_end(struct run_folder *run, bool in_good_order)
{
    if (!run->writer.base)
        return;
    if (in_good_order)
        journal_writer_finish(&run->writer);
    else
        journal_writer_abandon(&run->writer);
    run->writer.base = NULL;
}

void run_put(struct run_folder *run, const struct record *record)
{
    assert_int_equal(journal_put(&run->writer, record), 0);
}

static bool same_kind_and_name(const struct buf *bytes, const struct record *record)
{
    struct record *other = test_calloc(1, sizeof *other);
    size_t skip;
    assert_true(record_decode((const uint8_t *)bytes->data, bytes->size, other, &skip) > 0);
    bool same = other->kind == record->kind;
    if (same && record->kind == RECORD_SETTING)
        same = other->setting.id == record->setting.id;
    else if (same && record->kind == RECORD_SERIES)
        same = other->series.id == record->series.id;
    else if (same && record->kind == RECORD_ACTION)
        same = other->action.id == record->action.id;
    test_free(other);
    return same;
}

void run_declare(struct run_folder *run, const struct record *record)
{
    uint32_t at = 0;
    while (at < run->declarations && !same_kind_and_name(&run->declared[at], record))
        at++;
    assert_true(at < RUN_DECLARATIONS_MAX);
    if (at == run->declarations)
        buf_init(&run->declared[run->declarations++]);
    struct record *restated = test_calloc(1, sizeof *restated);
    *restated = *record;
    restated->flags = RECORD_RESTATED;
    buf_clear(&run->declared[at]);
    assert_int_equal(record_encode(&run->declared[at], restated), 0);
    test_free(restated);
    if (run->writer.base)
        run_put(run, record);
}

struct record series_record(uint32_t id, const char *name, const char *unit)
{
    struct record record = {.kind = RECORD_SERIES};
    record.series.id = id;
    record.series.name = text_from(name);
    record.series.unit = text_from(unit);
    return record;
}

struct record setting_record(uint32_t id, const char *name, double value, uint64_t revision)
{
    struct record record = {.kind = RECORD_SETTING};
    record.setting.id = id;
    record.setting.name = text_from(name);
    record.setting.type = VALUE_DOUBLE;
    record.setting.value = value_double(value);
    record.setting.revision = revision;
    return record;
}

struct record run_record(const char *name, int64_t pid)
{
    struct record record = {.kind = RECORD_RUN};
    record.run.name = text_from(name);
    record.run.pid = pid;
    return record;
}

void run_step(struct run_folder *run, int64_t step, uint32_t series, double value)
{
    journal_step(&run->writer, step);
    for (uint32_t i = 0; i < series; i++)
        journal_scalar(&run->writer, i, value);
    journal_publish(&run->writer);
}

/* ---- the store ---- */

int run_try_open(struct run_folder *run, struct err *err)
{
    struct store_options options = {.run = run->path, .run_fd = run->run_fd, .journal_fd = run->journal_fd};
    return store_open(&run->store, &options, run->notice, err);
}

void run_open(struct run_folder *run)
{
    struct err err = {0};
    if (run_try_open(run, &err))
        fail_msg("%s", err.text);
}

void run_close(struct run_folder *run, bool ended)
{
    store_reader_close(run->reader);
    run->reader = NULL;
    store_close(run->store, ended);
    run->store = NULL;
}

int run_try_commit(struct run_folder *run, const struct store_row *rows, size_t count, struct store_commit *commit)
{
    struct err err = {0};
    *commit = (struct store_commit){.rows = rows, .rows_count = count};
    if (!run->writer.base)
        commit->gone_ordinal = run->ordinal;
    return store_commit(run->store, commit, &err);
}

struct store_commit run_commit(struct run_folder *run, const struct store_row *rows, size_t count)
{
    struct store_commit commit;
    do
        assert_int_equal(run_try_commit(run, rows, count, &commit), 0);
    while (commit.more);
    return commit;
}

struct store_row accepted(uint64_t ticket, enum code code, const char *canonical)
{
    return (struct store_row){.kind = STORE_ROW_ACCEPTED,
                              .time_ns = 1700000000123456789,
                              .ticket = ticket,
                              .code = code,
                              .actor = "anna",
                              .address = "127.0.0.1:50312",
                              .canonical = canonical,
                              .reason = "loss plateaus",
                              .role = ROLE_ADMIN,
                              .deadline_ns = INT64_MAX,
                              .until_step = MAILBOX_NO_STEP};
}

struct store_row judged(uint64_t ticket, enum outcome_kind outcome)
{
    return (struct store_row){.kind = STORE_ROW_OUTCOME,
                              .time_ns = 1700000001000000000,
                              .ticket = ticket,
                              .outcome = outcome,
                              .error = outcome == OUTCOME_LOST ? ERROR_LOST : ERROR_EXPIRED,
                              .detail = "it was too late"};
}

struct store_row said_row(uint64_t number)
{
    return (struct store_row){.kind = STORE_ROW_SAID,
                              .time_ns = 1700000002000000000,
                              .ticket = number,
                              .level = 2,
                              .step_known = true,
                              .step = 412,
                              .actor = "anna",
                              .detail = "it looks odd"};
}

/* ---- what is stored ---- */

struct store_reader *run_reader(struct run_folder *run)
{
    struct err err = {0};
    if (!run->reader && store_reader_open(&run->reader, run->path, false, &err))
        fail_msg("%s", err.text);
    return run->reader;
}

struct store_verdict run_verify(struct run_folder *run)
{
    struct store_verdict verdict;
    struct err err = {0};
    if (store_verify(run_reader(run), &verdict, &err))
        fail_msg("%s", err.text);
    return verdict;
}

const char *run_page(struct run_folder *run, int64_t from, int64_t limit, int64_t ticket)
{
    struct err err = {0};
    buf_clear(&page);
    if (store_audit_page(run_reader(run), from, limit, ticket, &page, &err))
        fail_msg("%s", err.text);
    return buf_string(&page);
}

static int add_point(void *context, const struct store_point *stored)
{
    struct run_points *points = context;
    if (points->count == points->capacity) {
        points->capacity = points->capacity ? points->capacity * 2 : 1024;
        points->point = realloc(points->point, points->capacity * sizeof *points->point);
        assert_non_null(points->point);
    }
    struct run_point *point = &points->point[points->count++];
    *point = (struct run_point){.step = stored->step, .value = stored->value};
    snprintf(point->series, sizeof point->series, "%s", stored->series);
    return 0;
}

struct run_points run_points(struct run_folder *run)
{
    struct run_points points = {0};
    struct store_points_ask ask = {.superseded = true, .each = add_point, .context = &points};
    struct err err = {0};
    if (store_points(run_reader(run), &ask, &err))
        fail_msg("%s", err.text);
    assert_int_equal(ask.lost, 0);
    assert_int_equal(ask.total, points.count);
    return points;
}

int64_t run_sql(struct run_folder *run, const char *sql)
{
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t value = 0;
    const char *rest = sql;
    snprintf(path, sizeof path, "%s/run.db", run->path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (; *rest; sqlite3_finalize(statement)) {
        if (sqlite3_prepare_v2(db, rest, -1, &statement, &rest))
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        if (statement && sqlite3_step(statement) == SQLITE_ROW)
            value = sqlite3_column_int64(statement, 0);
    }
    sqlite3_close(db);
    return value;
}

bool run_has(struct run_folder *run, const char *name)
{
    return faccessat(run->run_fd, name, F_OK, 0) == 0;
}

int run_count(struct run_folder *run, const char *folder, const char *prefix)
{
    char path[128];
    int count = 0;
    snprintf(path, sizeof path, "%s/%s", run->path, folder);
    DIR *entries = opendir(path);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));)
        count += entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(entries);
    return count;
}
