/* The store as its callers see it: what is committed, what is given back. */
#include "test_store.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static void an_empty_run(void **state)
{
    struct run_folder *run = *state;
    struct store_begin begin;
    run_open(run);
    assert_string_equal(run->notice, "");
    assert_int_equal(store_begin(run->store, &begin, NULL), 0);
    assert_int_equal(begin.position.ordinal, 0);
    assert_int_equal(begin.next_ticket, 1);
    struct store_commit commit = run_commit(run, NULL, 0);
    assert_int_equal(commit.stored.ordinal, 0);
    assert_int_equal(commit.points, 0);
    assert_int_equal(run_verify(run).records, 0);
    assert_string_equal(run_page(run, 0, 0, 0),
                        "{\"records\":[],\"next\":null,\"head\":{\"sequence\":0,\"hash\":"
                        "\"0000000000000000000000000000000000000000000000000000000000000000\"}}");
}

static void declare_two(struct run_folder *run)
{
    struct record loss = series_record(0, "train/loss", "nats"), rate = series_record(1, "rate", "");
    run_declare(run, &loss);
    run_declare(run, &rate);
}

static void points_come_back_in_order(void **state)
{
    struct run_folder *run = *state;
    run_train(run);
    declare_two(run);
    run_open(run);
    for (int64_t step = 0; step < 50; step++) {
        run_step(run, step, 2, (double)step);
        if (step % 10 == 3)
            run_commit(run, NULL, 0);
    }
    journal_scalar_at(&run->writer, 1, -7, -0.0);
    struct store_commit commit = run_commit(run, NULL, 0);
    assert_int_equal(commit.points, 6 * 2 + 1);
    struct run_points points = run_points(run);
    assert_int_equal(points.count, 101);
    for (size_t i = 0; i < 100; i++) {
        assert_string_equal(points.point[i].series, i < 50 ? "train/loss" : "rate");
        assert_int_equal(points.point[i].step, i % 50);
    }
    assert_int_equal(points.point[100].step, -7);
    assert_true(signbit(points.point[100].value));
    free(points.point);
    assert_int_equal(store_series_count(run->store, 1), 51);
    assert_int_equal(store_series_count(run->store, 2), 0);
}

/* ---- replay ---- */

struct given {
    enum record_kind kind[64];
    struct buf bytes; /* each record as it was given, one after the other, ids and all */
    uint32_t count;
};

static void keep(void *context, const struct record *record)
{
    struct given *given = context;
    assert_true(given->count < 64);
    given->kind[given->count++] = record->kind;
    assert_int_equal(record->replayed, record->kind != RECORD_SCALAR_AT && record->kind != RECORD_CHECKPOINT);
    assert_int_equal(record_encode(&given->bytes, record), 0);
}

static struct given replay(struct run_folder *run)
{
    struct given given = {0};
    struct err err = {0};
    assert_int_equal(store_replay(run->store, keep, &given, &err), 0);
    return given;
}

/* Walks the records that were given. */
static bool next(const struct given *given, size_t *at, struct record *record)
{
    size_t skip;
    if (*at >= given->bytes.size)
        return false;
    long size = record_decode((const uint8_t *)given->bytes.data + *at, given->bytes.size - *at, record, &skip);
    assert_true(size > 0);
    *at += (size_t)size;
    return true;
}

/* The n-th record of a kind, by what it declares: step, time and flags are those of its segment. */
static void assert_given(const struct given *given, uint32_t n, struct record expected)
{
    struct record *record = test_calloc(1, sizeof *record);
    size_t at = 0;
    while (next(given, &at, record)) {
        if (record->kind != expected.kind || n-- > 0)
            continue;
        record->flags = expected.flags = 0;
        record->step = expected.step;
        record->time_ns = expected.time_ns;
        assert_true(record_same(record, &expected));
        test_free(record);
        return;
    }
    fail_msg("no such record of kind %d", (int)expected.kind);
}

static struct record choice_record(void)
{
    struct record record = {.kind = RECORD_SETTING};
    record.setting = (struct record_setting){.id = 7,
                                             .name = text_from("schedule"),
                                             .doc = text_from("how lr falls"),
                                             .type = VALUE_CHOICE,
                                             .choices = 2,
                                             .value = value_integer(VALUE_CHOICE, 1)};
    record.setting.choice[0] = text_from("cosine");
    record.setting.choice[1] = text_from("constant");
    return record;
}

static struct record text_record(const char *value)
{
    struct record record = {.kind = RECORD_SETTING};
    record.setting.id = 3;
    record.setting.name = text_from("prompt");
    record.setting.type = VALUE_STRING;
    record.setting.value = (struct value){.type = VALUE_STRING, .text = text_from(value)};
    return record;
}

static struct record action_record(void)
{
    struct record record = {.kind = RECORD_ACTION};
    record.action.id = 5;
    record.action.name = text_from("generate");
    record.action.params = 1;
    record.action.param[0].name = text_from("length");
    record.action.param[0].value = value_integer(VALUE_INT, 160);
    return record;
}

static struct record config_record(const char *json)
{
    struct record record = {.kind = RECORD_CONFIG};
    record.config.name = text_from("seed");
    record.config.json = text_from(json);
    return record;
}

static struct record state_record(enum run_state state)
{
    struct record record = {.kind = RECORD_STATE, .step = 12, .time_ns = 34};
    record.state.state = state;
    record.state.ticket = 9;
    return record;
}

static struct record checkpoint_record(const char *id)
{
    struct record record = {.kind = RECORD_CHECKPOINT, .step = 4, .time_ns = 5};
    record.checkpoint.id = text_from(id);
    record.checkpoint.path = text_from("/somewhere");
    record.checkpoint.bytes = UINT64_MAX;
    return record;
}

static struct record effect_record(uint32_t setting, struct value value, uint64_t revision, uint64_t ticket)
{
    struct record record = {.kind = RECORD_EFFECT, .step = 20, .time_ns = 21};
    record.effect.setting = setting;
    record.effect.value = value;
    record.effect.revision = revision;
    record.effect.ticket = ticket;
    return record;
}

/* What a trainer with ids of its own declares: 40 and 41 come to be 0 and 1. */
static void declare_all(struct run_folder *run)
{
    struct record records[] = {run_record("gpt", 77),
                               series_record(40, "loss", "nats"),
                               series_record(41, "é", ""),
                               setting_record(9, "lr", 0.5, 2),
                               choice_record(),
                               text_record("once"),
                               action_record(),
                               config_record("{\"a\":1}")};
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        run_declare(run, &records[i]);
    struct record more[] = {state_record(RUN_PAUSED), checkpoint_record("first"), checkpoint_record("second"),
                            effect_record(9, value_double(0.25), 3, 17),
                            effect_record(3, text_record("upon a time").setting.value, 1, 18)};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        run_put(run, &more[i]);
    journal_scalar_at(&run->writer, 41, 99, NAN);
}

static void assert_all_given(const struct given *given)
{
    static const enum record_kind order[] = {RECORD_RUN,    RECORD_STATE,     RECORD_CONFIG,     RECORD_SERIES,
                                             RECORD_SERIES, RECORD_SETTING,   RECORD_SETTING,    RECORD_SETTING,
                                             RECORD_ACTION, RECORD_SCALAR_AT, RECORD_CHECKPOINT, RECORD_CHECKPOINT};
    assert_int_equal(given->count, sizeof order / sizeof *order);
    assert_memory_equal(given->kind, order, sizeof order);
    assert_given(given, 0, run_record("gpt", 77));
    assert_given(given, 0, state_record(RUN_PAUSED));
    assert_given(given, 0, config_record("{\"a\":1}"));
    assert_given(given, 0, series_record(0, "loss", "nats"));
    assert_given(given, 1, series_record(1, "é", ""));
    struct record lr = setting_record(0, "lr", 0.25, 3), schedule = choice_record(),
                  prompt = text_record("upon a time");
    schedule.setting.id = 1;
    prompt.setting.id = 2;
    prompt.setting.revision = 1;
    assert_given(given, 0, lr);
    assert_given(given, 1, schedule);
    assert_given(given, 2, prompt);
    struct record action = action_record();
    action.action.id = 0;
    assert_given(given, 0, action);
    assert_given(given, 0, checkpoint_record("first"));
    assert_given(given, 1, checkpoint_record("second"));
}

static void replay_gives_what_was_declared(void **state)
{
    struct run_folder *run = *state;
    run_train(run);
    declare_all(run);
    run_open(run);
    run_commit(run, NULL, 0);
    struct given before = replay(run);
    assert_all_given(&before);
    run_close(run, false);
    run_open(run);
    struct given after = replay(run);
    assert_int_equal(after.bytes.size, before.bytes.size);
    assert_memory_equal(after.bytes.data, before.bytes.data, before.bytes.size);
    buf_finish(&before.bytes);
    buf_finish(&after.bytes);
    assert_int_equal(run_sql(run, "SELECT count(*) FROM effects WHERE setting=0"), 2);
    assert_int_equal(run_sql(run, "SELECT ticket FROM settings WHERE name='lr'"), 17);
}

/* A NaN among the last points and a value that is not the declaration's type or choice. */
static void odd_values(void **state)
{
    struct run_folder *run = *state;
    struct record bad_type = effect_record(9, value_integer(VALUE_INT, 1), 9, 1);
    struct record bad_choice = effect_record(7, value_integer(VALUE_CHOICE, 5), 9, 1);
    struct record unknown = effect_record(1000, value_double(1), 9, 1);
    struct record nan_value = effect_record(9, value_double(NAN), 4, 19);
    struct record far = series_record(UINT32_MAX, "far", "");
    run_train(run);
    declare_all(run);
    run_put(run, &nan_value);
    run_put(run, &bad_type);
    run_put(run, &bad_choice);
    run_put(run, &unknown);
    run_put(run, &far);
    journal_scalar_at(&run->writer, UINT32_MAX, 1, 1);
    journal_scalar_at(&run->writer, 77, 1, 1);
    run_open(run);
    assert_int_equal(run_commit(run, NULL, 0).points, 1);
    run_close(run, false);
    run_open(run);
    struct given given = replay(run);
    assert_given(&given, 0, setting_record(0, "lr", NAN, 4));
    struct record schedule = choice_record();
    schedule.setting.id = 1;
    assert_given(&given, 1, schedule);
    struct record *record = test_calloc(1, sizeof *record);
    for (size_t at = 0; next(&given, &at, record);)
        if (record->kind == RECORD_SCALAR_AT)
            assert_true(record->scalar.series == 1 && record->step == 99 && isnan(record->scalar.value));
    test_free(record);
    buf_finish(&given.bytes);
}

static void texts_in_the_audit(void **state)
{
    struct run_folder *run = *state;
    struct record note = text_record("once"), outcome = {.kind = RECORD_OUTCOME, .step = 3};
    struct store_row row = accepted(1, CODE_SET, "{\"code\":20,\"settings\":{\"prompt\":\"a\\\"b\"}}");
    outcome.outcome.ticket = 1;
    outcome.outcome.outcome = OUTCOME_APPLIED;
    outcome.outcome.pause_step = INT64_MIN;
    outcome.outcome.items = 1;
    outcome.outcome.item[0] = (struct record_item){.setting = note.setting.id,
                                                   .old = note.setting.value,
                                                   .requested = text_record("a\"b\n").setting.value,
                                                   .effective = text_record("é").setting.value,
                                                   .revision = 1};
    run_train(run);
    run_declare(run, &note);
    run_put(run, &outcome);
    run_open(run);
    run_commit(run, &row, 1);
    const char *page = run_page(run, 0, 0, 1);
    assert_non_null(strstr(page, "\"request\":{\"code\":20,\"settings\":{\"prompt\":\"a\\\"b\"}}"));
    assert_non_null(strstr(page, "\"values\":{\"settings\":{\"prompt\":{\"old\":\"once\",\"requested\":\"a\\\"b\\n\","
                                 "\"effective\":\"é\",\"revision\":1}}}"));
    assert_int_equal(run_verify(run).bad_sequence, 0);
}

/* ---- incarnations ---- */

static void another_incarnation_numbers_otherwise(void **state)
{
    struct run_folder *run = *state;
    struct record a = series_record(0, "a", ""), b = series_record(1, "b", "");
    run_train(run);
    run_declare(run, &a);
    run_declare(run, &b);
    run_step(run, 1, 2, 1);
    run_open(run);
    run_commit(run, NULL, 0);
    run_train_end(run, false);
    run_forget(run);
    run_train(run);
    a.series.id = 1;
    b.series.id = 0;
    run_declare(run, &b);
    journal_scalar_at(&run->writer, 1, 2, 2); /* 1 is not declared yet: it must not be taken for the old b */
    run_declare(run, &a);
    run_step(run, 3, 2, 3);
    struct store_commit commit;
    do {
        commit = (struct store_commit){.gone_ordinal = 1};
        assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    } while (commit.more);
    assert_int_equal(commit.stored.ordinal, 2);
    struct run_points points = run_points(run);
    static const char *const names[] = {"a", "a", "b", "b"};
    assert_int_equal(points.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(strcmp(points.point[i].series, names[i]) == 0 && points.point[i].step == (i % 2 ? 3 : 1));
    free(points.point);
    assert_int_equal(run_sql(run, "SELECT count(*) FROM trainers"), 2);
    assert_int_equal(run_sql(run, "SELECT count(*) FROM series"), 2);
}

/* A position in the middle of a segment: the maps come from what lies before it. */
static void reopened_within_a_segment(void **state)
{
    struct run_folder *run = *state;
    struct record a = series_record(5, "a", "");
    run_train(run);
    run_put(run, &a);
    journal_scalar_at(&run->writer, 5, 1, 1);
    run_open(run);
    run_commit(run, NULL, 0);
    run_close(run, false);
    journal_scalar_at(&run->writer, 5, 2, 2);
    run_open(run);
    assert_int_equal(run_commit(run, NULL, 0).points, 1);
    assert_int_equal(store_series_count(run->store, 0), 2);
}

/* ---- the journal is let go only when it is covered ---- */

static int segments(struct run_folder *run)
{
    return run_count(run, "journal/0", "");
}

static void segments_go_when_they_are_covered(void **state)
{
    struct run_folder *run = *state;
    run_train(run);
    declare_two(run);
    for (int64_t step = 0; step < 200000; step++)
        run_step(run, step, 2, 1);
    assert_true(run->writer.sequence >= 4);
    int before = segments(run);
    run_open(run);
    struct store_commit commit;
    assert_int_equal(run_try_commit(run, NULL, 0, &commit), 0);
    assert_true(commit.more); /* 8 MiB are not all of it */
    uint64_t points = commit.points;
    while (commit.more) {
        assert_int_equal(run_try_commit(run, NULL, 0, &commit), 0);
        points += commit.points;
    }
    assert_int_equal(points, 400000);
    run_train_end(run, true);
    commit = (struct store_commit){.gone_ordinal = 1, .finish = true};
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    assert_false(commit.more);
    assert_true(segments(run) < before && segments(run) <= 1);
    struct run_points all = run_points(run);
    assert_int_equal(all.count, 400000);
    for (size_t i = 0; i < all.count; i++)
        assert_int_equal(all.point[i].step, i % 200000);
    free(all.point);
}

/* The loop's own reader may lag behind the store's: what it has not read stays, although it is stored. */
static void a_follower_keeps_the_journal(void **state)
{
    struct run_folder *run = *state;
    struct journal_position nothing = {0};
    run_train(run);
    declare_two(run);
    run_open(run);
    for (int64_t step = 0; step < 400000; step++)
        run_step(run, step, 2, 1);
    int before = segments(run);
    assert_true(before > 2);
    struct store_commit commit = {.follower = &nothing, .finish = true};
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    assert_int_equal(commit.segments_removed, 0);
    struct journal_position third = commit.stored;
    third.sequence = 2;
    commit = (struct store_commit){.follower = &third, .finish = true};
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    assert_int_equal(commit.segments_removed, 2);
    assert_int_equal(segments(run), before - 2);
}

/* A reader that holds an old snapshot keeps the WAL from being brought home: it is synced instead, and the journal does
 * not grow. */
static void a_held_snapshot_does_not_keep_the_journal(void **state)
{
    struct run_folder *run = *state;
    char path[96];
    sqlite3 *db;
    run_train(run);
    declare_two(run);
    run_open(run);
    run_commit(run, NULL, 0);
    snprintf(path, sizeof path, "%s/run.db", run->path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM tail", NULL, NULL, NULL), SQLITE_OK);
    for (int64_t step = 0; step < 400000; step++)
        run_step(run, step, 2, 1);
    int before = segments(run);
    assert_true(before > 2);
    struct store_commit commit = {.finish = true};
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    assert_int_equal(commit.segments_removed, before - 1);
    sqlite3_close(db);
    assert_int_equal(run_sql(run, "SELECT sum(count) FROM series"), 800000);
}

/* 2: whoever opens it makes a -wal and a -shm; 1: not. */
static int file_format(struct run_folder *run)
{
    uint8_t byte = 0;
    int fd = openat(run->run_fd, "run.db", O_RDONLY);
    assert_int_equal(pread(fd, &byte, 1, 18), 1);
    close(fd);
    return byte;
}

static void an_ended_run_is_one_file(void **state)
{
    struct run_folder *run = *state;
    run_train(run);
    declare_two(run);
    run_step(run, 1, 2, 1);
    run_train_end(run, true);
    run_open(run);
    struct store_commit commit = {.gone_ordinal = 1, .finish = true};
    assert_int_equal(store_commit(run->store, &commit, NULL), 0);
    run_close(run, true);
    assert_false(run_has(run, "run.db-wal") || run_has(run, "run.db-shm") || run_has(run, "run.db-journal"));
    assert_int_equal(file_format(run), 1);
    struct run_points points = run_points(run);
    assert_int_equal(points.count, 2);
    free(points.point);
    run_close(run, false);
    run_open(run); /* resumed */
    assert_int_equal(store_series_count(run->store, 0), 1);
}

/* ---- exclusive ---- */

static void exclusive_without_shared_memory(void **state)
{
    struct run_folder *run = *state;
    struct store_options options = {
        .run = run->path, .run_fd = run->run_fd, .journal_fd = run->journal_fd, .exclusive = true};
    struct store_row row = accepted(1, CODE_PAUSE, "{\"code\":16}");
    run_train(run);
    declare_two(run);
    run_step(run, 1, 2, 1);
    assert_int_equal(store_open(&run->store, &options, run->notice, NULL), 0);
    run_commit(run, &row, 1);
    assert_true(run_has(run, "run.db-wal"));
    assert_false(run_has(run, "run.db-shm"));
    assert_int_equal(store_reader_share(&run->reader, run->store, NULL), 0);
    assert_int_equal(run_verify(run).records, 1);
    struct run_points points = run_points(run);
    assert_int_equal(points.count, 2);
    free(points.point);
    run_step(run, 2, 2, 1);
    run_commit(run, NULL, 0);
    run_close(run, false);
    assert_int_equal(store_reader_open(&run->reader, run->path, true, NULL), 0);
    assert_int_equal(run_verify(run).open, 1);
    assert_false(run_has(run, "run.db-shm"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_run),
        TEST(points_come_back_in_order),
        TEST(replay_gives_what_was_declared),
        TEST(odd_values),
        TEST(texts_in_the_audit),
        TEST(another_incarnation_numbers_otherwise),
        TEST(reopened_within_a_segment),
        TEST(segments_go_when_they_are_covered),
        TEST(a_follower_keeps_the_journal),
        TEST(a_held_snapshot_does_not_keep_the_journal),
        TEST(an_ended_run_is_one_file),
        TEST(exclusive_without_shared_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
