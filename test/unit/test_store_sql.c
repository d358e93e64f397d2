/* Queries: the points that a query gives are those that a walk over all of them gives; and a query changes nothing. */
#include "points_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "channel/record.h"
#include "no_memory.h"

static const struct fixture_shape sound = {.chunk_points = 400, .page_buckets = 40};

/* ---- asking ---- */

/* What came of a query: each cell as text with a `|` behind it, each row with a line feed. */
struct answer {
    char *text;
    size_t size, rows;
    FILE *out;
    bool lost;
};

static int add_columns(void *context, const char *const *names, int count)
{
    struct answer *answer = context;
    (void)answer;
    for (int i = 0; i < count; i++)
        assert_true(names[i][0] != '\0');
    return 0;
}

static int add_row(void *context, const struct store_cell *cells, int count)
{
    struct answer *answer = context;
    for (int i = 0; i < count; i++) {
        if (cells[i].kind == STORE_CELL_INTEGER)
            fprintf(answer->out, "%lld", (long long)cells[i].integer);
        else if (cells[i].kind == STORE_CELL_NUMBER)
            fprintf(answer->out, "%.17g", cells[i].number + 0.0); /* a table of rows forgets the sign of 0 */
        else if (cells[i].kind != STORE_CELL_NULL)
            fprintf(answer->out, "%.*s", (int)cells[i].text.size, cells[i].text.data);
        fputc('|', answer->out);
    }
    fputc('\n', answer->out);
    answer->rows++;
    return 0;
}

static int try_sql(struct fixture *fixture, const char *sql, struct answer *answer, struct err *err)
{
    *answer = (struct answer){0};
    answer->out = open_memstream(&answer->text, &answer->size);
    assert_non_null(answer->out);
    struct store_sql_ask ask = {.sql = sql, .columns = add_columns, .row = add_row, .context = answer};
    int code = store_sql(fixture_reader(fixture), &ask, err);
    fclose(answer->out);
    answer->lost = ask.lost;
    return code;
}

static struct answer sql(struct fixture *fixture, const char *sql)
{
    struct answer answer;
    struct err err = {0};
    if (try_sql(fixture, sql, &answer, &err))
        fail_msg("%s: %s", sql, err.text);
    return answer;
}

static void assert_answer(struct fixture *fixture, const char *query, const char *expected)
{
    struct answer answer = sql(fixture, query);
    assert_string_equal(answer.text, expected);
    free(answer.text);
}

static void assert_refused(struct fixture *fixture, const char *query, int code, const char *word)
{
    struct answer answer;
    struct err err = {0};
    assert_int_equal(try_sql(fixture, query, &answer, &err), code);
    if (!strstr(err.text, word))
        fail_msg("%s: %s", query, err.text);
    free(answer.text);
}

/* ---- points ---- */

static void make_run(struct fixture *fixture, const struct fixture_shape *shape)
{
    static const struct {
        size_t points, sealed;
        unsigned segments;
    } kinds[] = {{3000, 2500, 1}, {2000, 2000, 5}, {1000, 0, 3}, {1, 1, 1}, {0, 0, 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s/s%zu", i % 2 ? "train" : "val", i);
        struct fixture_series *series = fixture_add(fixture, name, "nats");
        fixture_grow(fixture, series, kinds[i].points, kinds[i].segments, true);
        series->sealed = kinds[i].sealed;
    }
    fixture_write(fixture, shape);
}

static int64_t first_of_later(const struct fixture_series *series, size_t at)
{
    int64_t least = INT64_MAX;
    for (size_t i = at + 1; i < series->count; i++)
        if (series->point[i].segment > series->point[i - 1].segment && series->point[i].step < least)
            least = series->point[i].step;
    return least;
}

/* The same points as a table of rows: what SQLite makes of these is what it should make of ours. */
static void copy_points(struct fixture *fixture)
{
    sqlite3_stmt *add;
    fixture_sql(fixture, "CREATE TABLE plain(series TEXT, segment INTEGER, step INTEGER, time REAL, value REAL,"
                         " superseded INTEGER); BEGIN");
    assert_int_equal(sqlite3_prepare_v2(fixture->db, "INSERT INTO plain VALUES(?,?,?,?,?,?)", -1, &add, NULL),
                     SQLITE_OK);
    for (uint32_t id = 0; id < fixture->series_count; id++)
        for (size_t i = 0; i < fixture->series[id].count; i++) {
            const struct fixture_point *point = &fixture->series[id].point[i];
            if (point->lost)
                continue;
            sqlite3_bind_text(add, 1, fixture->series[id].name, -1, SQLITE_STATIC);
            sqlite3_bind_int64(add, 2, point->segment);
            sqlite3_bind_int64(add, 3, point->step);
            sqlite3_bind_double(add, 4, (double)point->time_us / 1e6);
            sqlite3_bind_double(add, 5, point->value);
            sqlite3_bind_int(add, 6, first_of_later(&fixture->series[id], i) <= point->step);
            assert_int_equal(sqlite3_step(add), SQLITE_DONE);
            sqlite3_reset(add);
        }
    sqlite3_finalize(add);
    fixture_sql(fixture, "COMMIT");
}

/* The query with %s for the table, over both. */
static void assert_same(struct fixture *fixture, const char *query)
{
    char *of_ours = sqlite3_mprintf(query, "scalars"), *of_plain = sqlite3_mprintf(query, "main.plain");
    struct answer ours = sql(fixture, of_ours), plain = sql(fixture, of_plain);
    if (ours.rows != plain.rows || strcmp(ours.text, plain.text) != 0)
        fail_msg("%s: %zu rows, not %zu", of_ours, ours.rows, plain.rows);
    free(ours.text);
    free(plain.text);
    sqlite3_free(of_ours);
    sqlite3_free(of_plain);
}

static void add_bound(struct fixture *fixture, sqlite3_str *where, const struct fixture_point *point)
{
    static const char *const operators[] = {"=", "<", "<=", ">", ">=", "!=", "IS"};
    static const char *const names[] = {"train/s1", "val/s0", "val/s2", "nothing"};
    static const char *const patterns[] = {"*1", "val/*", "TRAIN/*", "*"};
    const char *operator= operators[fixture_random(fixture, 7)];
    switch (fixture_random(fixture, 7)) {
    case 0:
        sqlite3_str_appendf(where, " AND series %s %Q", operator, names[fixture_random(fixture, 4)]);
        break;
    case 1:
        sqlite3_str_appendf(where, " AND series GLOB %Q", patterns[fixture_random(fixture, 4)]);
        break;
    case 2:
        sqlite3_str_appendf(where, " AND series LIKE %Q", fixture_random(fixture, 2) ? "TRAIN/%" : "%2");
        break;
    case 3:
        sqlite3_str_appendf(where, " AND segment %s %d", operator,(int) fixture_random(fixture, 4));
        break;
    case 4:
        sqlite3_str_appendf(where, " AND step %s %lld%s", operator, point->step,
                            fixture_random(fixture, 3) ? "" : ".5");
        break;
    case 5:
        sqlite3_str_appendf(where, " AND time %s %!.17g", operator,(double) point->time_us / 1e6);
        break;
    default:
        sqlite3_str_appendf(where, fixture_random(fixture, 2) ? " AND value < 2.5" : " AND step %s '%lld'", operator,
                            point->step);
        break;
    }
}

static void bounds_of_any_kind(void **state)
{
    struct fixture *fixture = *state;
    make_run(fixture, &sound);
    copy_points(fixture);
    for (int round = 0; round < 400; round++) {
        const struct fixture_series *series = &fixture->series[fixture_random(fixture, 3)];
        sqlite3_str *where = sqlite3_str_new(NULL); /* a format: the table's name is put in */
        sqlite3_str_appendall(where, "SELECT * FROM %s WHERE 1");
        for (uint64_t i = 1 + fixture_random(fixture, 3); i > 0; i--) {
            size_t at = fixture_random(fixture, series->count);
            sqlite3_str *bound = sqlite3_str_new(NULL);
            add_bound(fixture, bound, &series->point[at]);
            char *text = sqlite3_str_finish(bound);
            for (const char *c = text; *c; c++)
                sqlite3_str_appendchar(where, *c == '%' ? 2 : 1, *c);
            sqlite3_free(text);
        }
        char *query = sqlite3_str_finish(where);
        assert_same(fixture, query);
        sqlite3_free(query);
    }
}

static void joins_groups_and_orders(void **state)
{
    struct fixture *fixture = *state;
    make_run(fixture, &sound);
    copy_points(fixture);
    assert_same(fixture,
                "SELECT series, segment, count(*), min(step), max(time), sum(superseded) FROM %s GROUP BY 1,2");
    assert_same(fixture,
                "SELECT * FROM %s WHERE series IN ('train/s1','val/s2') ORDER BY time DESC, step, value LIMIT 50");
    assert_same(fixture, "SELECT count(*) FROM %s WHERE value IS NULL");
    assert_same(fixture, "SELECT value FROM %s WHERE value > 1e300 OR value < -1e300");
    assert_same(fixture,
                "SELECT step, value FROM %s WHERE step = (SELECT max(step) FROM main.plain) OR step = -1000000");
    struct answer ours = sql(fixture, "SELECT count(*), sum(a.step) FROM scalars a JOIN scalars b ON a.step = b.step"
                                      " WHERE a.series = 'val/s0' AND b.series = 'train/s1'");
    struct answer plain = sql(fixture, "SELECT count(*), sum(a.step) FROM plain a JOIN plain b ON a.step = b.step"
                                       " WHERE a.series = 'val/s0' AND b.series = 'train/s1'");
    assert_string_equal(ours.text, plain.text);
    assert_true(ours.text[0] != '0');
    free(ours.text);
    free(plain.text);
    assert_answer(fixture, "SELECT count(*), count(DISTINCT rowid) FROM scalars", "6001|6001|\n");
}

static int count_columns(void *context, const char *const *names, int count)
{
    (void)names;
    *(int *)context = count;
    return 0;
}

/* A query with bounds does not come to what lies outside: that it is damaged there is not noticed. */
static void only_what_is_asked_for_is_decoded(void **state)
{
    struct fixture *fixture = *state;
    struct fixture_series *series = fixture_add(fixture, "a", "");
    for (int64_t i = 0; i < 10000; i++)
        fixture_point(series, i, 1000000 * i, (double)i);
    series->sealed = series->count;
    fixture_write(fixture, &sound);
    fixture_sql(fixture, "UPDATE chunks SET data=zeroblob(30) WHERE last_step<4000 OR first_step>6000");
    assert_answer(fixture, "SELECT count(*), sum(value) FROM scalars WHERE step BETWEEN 4900 AND 5100",
                  "201|1005000|\n");
    assert_answer(fixture, "SELECT count(*) FROM scalars WHERE time BETWEEN 4900 AND 5100", "201|\n");
    assert_answer(fixture, "SELECT count(*) FROM scalars WHERE series='b'", "0|\n");
    struct answer few = sql(fixture, "SELECT count(*) FROM scalars WHERE step BETWEEN 4900 AND 5100");
    assert_false(few.lost);
    free(few.text);
    struct answer all = sql(fixture, "SELECT count(*) FROM scalars");
    assert_true(atoi(all.text) < 3000 && atoi(all.text) > 1000);
    assert_true(all.lost);
    free(all.text);
}

static void damaged_points(void **state)
{
    struct fixture *fixture = *state;
    const struct fixture_shape damaged = {
        .chunk_points = 100, .page_buckets = 10, .chunks_damaged = 20, .blocks_damaged = 20};
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "s%d", i);
        struct fixture_series *series = fixture_add(fixture, name, "");
        fixture_grow(fixture, series, 3000, 1, true);
        series->sealed = 1500;
    }
    fixture_write(fixture, &damaged);
    copy_points(fixture);
    assert_same(fixture, "SELECT series, segment, step, time, value FROM %s");
}

/* ---- what else there is ---- */

static void views_have_the_names_of_tables(void **state)
{
    struct fixture *fixture = *state;
    fixture_point(fixture_add(fixture, "loss", "nats"), 5, 1700000000000000, 2.5);
    fixture_write(fixture, &sound);
    fixture_sql(fixture,
                "INSERT INTO series VALUES(9,'nan','',1,3,1700000000123456789,x'000000000000f87f');"
                "INSERT INTO messages VALUES(1,3,'it is odd',412,1700000000123456789,'anna',7);"
                "INSERT INTO config VALUES('seed','1'),('name','\"x\"'),('odd','{');"
                "INSERT INTO checkpoints VALUES(1,'a','/tmp/a',10,7,1700000000000000000);"
                "INSERT INTO audit(sequence,time_ns,ticket,record,code,actor,role,address,request,reason,previous,hash)"
                " VALUES(1,1700000000000000000,1,'accepted',16,'anna','admin','unix','{\"code\":16}','tea','','');"
                "INSERT INTO audit(sequence,time_ns,ticket,record,outcome,error,step,detail,vals,previous,hash)"
                " VALUES(2,1700000001000000000,1,'outcome','applied',0,7,'','{\"changed\":true}','','');"
                "INSERT INTO gaps VALUES(1,10,0,1,2,'no room',1700000000000000000);"
                "INSERT INTO state VALUES(1,4,99,1700000000000000000,0)");
    assert_answer(fixture, "SELECT * FROM series WHERE id=9", "9|nan||1|3|1700000000.123456||\n");
    assert_answer(fixture, "SELECT step,time,level,text,by FROM messages",
                  "412|1700000000.123456|error|it is odd|anna|\n");
    assert_answer(fixture, "SELECT name,value FROM config", "seed|1|\nname|x|\nodd|{|\n");
    assert_answer(fixture, "SELECT name,path,bytes,step FROM checkpoints", "a|/tmp/a|10|7|\n");
    assert_answer(fixture, "SELECT ticket,name,actor,reason,request->>'code' FROM requests", "1|pause|anna|tea|16|\n");
    assert_answer(fixture, "SELECT ticket,outcome,error,step,vals FROM outcomes", "1|applied||7|{\"changed\":true}|\n");
    assert_answer(fixture, "SELECT scalars,reason,time FROM gaps", "10|no room|1700000000|\n");
    assert_answer(fixture, "SELECT count(*) FROM run", "0|\n");
    assert_answer(fixture, "SELECT count(*) FROM settings", "0|\n");
    assert_answer(fixture, "SELECT name, value FROM series JOIN scalars USING (value) WHERE 0", "");
    /* the tables themselves, by their full names */
    assert_answer(fixture, "SELECT time_ns FROM main.messages", "1700000000123456789|\n");
    assert_answer(fixture, "SELECT count(*) FROM main.audit", "2|\n");
}

static void add_setting(struct fixture *fixture, uint32_t id, struct value min, struct value max)
{
    struct record record = {.kind = RECORD_SETTING};
    struct buf bytes = {0}, sql = {0};
    record.setting = (struct record_setting){.id = id, .type = min.type, .bounded = true, .min = min, .max = max};
    record.setting.value = min.type == VALUE_INT ? value_integer(VALUE_INT, 1) : value_double(1);
    assert_int_equal(record_encode(&bytes, &record), 0);
    buf_printf(&sql, "INSERT INTO settings VALUES(%u,'setting %u',x'", id, id);
    for (size_t i = 0; i < bytes.size; i++)
        buf_printf(&sql, "%02x", (unsigned char)bytes.data[i]);
    buf_text(&sql, "',1,0,0)");
    buf_char(&sql, '\0');
    fixture_sql(fixture, sql.data);
    buf_finish(&bytes);
    buf_finish(&sql);
}

static void a_bound_that_is_none_is_null(void **state)
{
    struct fixture *fixture = *state;
    fixture_write(fixture, &sound);
    add_setting(fixture, 1, value_double(0), value_double(INFINITY));
    add_setting(fixture, 2, value_double(-INFINITY), value_double(5));
    add_setting(fixture, 3, value_integer(VALUE_INT, 1), value_integer(VALUE_INT, INT64_MAX));
    add_setting(fixture, 4, value_integer(VALUE_INT, INT64_MIN), value_integer(VALUE_INT, 8));
    add_setting(fixture, 5, value_double(0.5), value_double(2));
    assert_answer(fixture, "SELECT id, min, max FROM settings ORDER BY id", "1|0||\n2||5|\n3|1||\n4||8|\n5|0.5|2|\n");
}

static void one_query_that_only_reads(void **state)
{
    struct fixture *fixture = *state;
    fixture_point(fixture_add(fixture, "loss", "nats"), 5, 1700000000000000, 2.5);
    fixture_write(fixture, &sound);
    static const char *const refused[] = {
        "DELETE FROM main.series",
        "INSERT INTO main.messages(text,by) VALUES('a','b')",
        "UPDATE main.series SET name='x'",
        "DROP TABLE main.series",
        "CREATE TABLE x(a)",
        "CREATE TEMP TABLE x(a)",
        "CREATE TEMP VIEW x AS SELECT 1",
        "CREATE VIRTUAL TABLE x USING fts5(a)",
        "DROP VIEW series",
        "ATTACH '/tmp/trimtab-nothing' AS a",
        "DETACH main",
        "PRAGMA journal_mode=DELETE",
        "PRAGMA query_only",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('x')",
        "VACUUM",
        "VACUUM INTO '/tmp/trimtab-nothing'",
        "REINDEX",
        "ANALYZE",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "ALTER TABLE main.series ADD COLUMN x",
        "INSERT INTO scalars VALUES('a',1,1,1,1,1)",
        "DELETE FROM scalars",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_refused(fixture, refused[i], ERR_INVALID, "");
    assert_refused(fixture, "DELETE FROM main.series", ERR_INVALID, "only queries are answered");
    assert_refused(fixture, "SELECT 1; SELECT 2", ERR_INVALID, "one query at a time");
    assert_refused(fixture, "SELECT 1; nonsense", ERR_INVALID, "one query at a time");
    assert_refused(fixture, " ; ", ERR_INVALID, "there is no query");
    assert_refused(fixture, "-- nothing", ERR_INVALID, "there is no query");
    assert_refused(fixture, "SELECT :who", ERR_INVALID, "`:who`");
    assert_refused(fixture, "SELECT x", ERR_INVALID, "no such column: x");
    assert_refused(fixture, "SELEC", ERR_INVALID, "syntax error");
    assert_refused(fixture, "SELECT abs(-9223372036854775808)", ERR_INVALID, "overflow");
    assert_answer(fixture, "SELECT 1; -- and no more\n ;", "1|\n");
    assert_answer(fixture, "WITH a(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM a LIMIT 3) SELECT sum(n) FROM a", "6|\n");
    assert_answer(fixture, "VALUES(1,NULL,'x',2.5)", "1||x|2.5|\n");
    assert_answer(fixture, "SELECT count(*) FROM series", "1|\n");
}

/* A run.db may have been made by anybody: what is in it is only read. */
static void a_hostile_run(void **state)
{
    struct fixture *fixture = *state;
    fixture_point(fixture_add(fixture, "loss", "nats"), 5, 1700000000000000, 2.5);
    fixture_write(fixture, &sound);
    fixture_sql(fixture, "CREATE TABLE scalars(a); CREATE VIEW run AS SELECT 1 AS name;"
                         "CREATE VIEW trap AS SELECT load_extension('x') AS a;"
                         "CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM series; END;"
                         "DROP TABLE checkpoints; CREATE VIEW checkpoints AS SELECT * FROM trap");
    assert_answer(fixture, "SELECT series, step, value FROM scalars", "loss|5|2.5|\n");
    assert_answer(fixture, "SELECT count(*) FROM run", "0|\n");
    assert_refused(fixture, "SELECT * FROM trap", ERR_INVALID, "");
    assert_refused(fixture, "SELECT * FROM checkpoints", ERR_INVALID, "");
}

static volatile sig_atomic_t stop_now;

static int stop_at_100(void *context, const struct store_cell *cells, int count)
{
    (void)cells;
    (void)count;
    stop_now = ++*(int *)context >= 100;
    return 0;
}

static void interrupted(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int count = 0;
    struct store_sql_ask ask = {.sql = "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM a) SELECT n FROM a",
                                .columns = count_columns,
                                .row = stop_at_100,
                                .context = &count,
                                .interrupted = &stop_now};
    assert_int_equal(store_sql(fixture_reader(fixture), &ask, &err), ERR_CLOSED);
    assert_true(count >= 100);
    stop_now = 0;
    assert_answer(fixture, "SELECT 1", "1|\n");
}

static int seven(void *context, const struct store_cell *cells, int count)
{
    (void)context;
    (void)cells;
    return count + 6;
}

static void ended_by_the_caller(void **state)
{
    struct fixture *fixture = *state;
    int columns;
    struct store_sql_ask ask = {.sql = "SELECT 1", .columns = count_columns, .row = seven, .context = &columns};
    assert_int_equal(store_sql(fixture_reader(fixture), &ask, NULL), 7);
    assert_int_equal(columns, 1);
}

/* On one connection, one after the other: the views do not stay. */
static void history_after_a_query(void **state)
{
    struct fixture *fixture = *state;
    struct buf out;
    buf_init(&out);
    make_run(fixture, &sound);
    assert_answer(fixture, "SELECT count(*) FROM series", "5|\n");
    struct store_history_ask ask = {.points = 10};
    assert_int_equal(store_history(fixture_reader(fixture), &ask, &out, NULL), 0);
    assert_non_null(strstr(buf_string(&out), "\"name\":\"val/s0\",\"unit\":\"nats\""));
    assert_answer(fixture, "SELECT count(*) FROM scalars", "6001|\n");
    buf_finish(&out);
}

static void no_memory(void **state)
{
    struct fixture *fixture = *state;
    bool fired = true;
    fixture_grow(fixture, fixture_add(fixture, "s", "nats"), 60, 2, false);
    fixture->series[0].sealed = 40;
    fixture_write(fixture, &sound);
    for (long n = 0; fired; n++) {
        struct err err;
        int rows = 0;
        struct store_sql_ask ask = {.sql = "SELECT s.unit, sum(p.step) FROM series s JOIN scalars p ON"
                                           " p.series=s.name WHERE p.step > 10 GROUP BY s.id",
                                    .columns = count_columns,
                                    .row = stop_at_100,
                                    .context = &rows};
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        no_memory_after(n);
        int code = store_reader_open(&fixture->reader, fixture->path, false, &err);
        if (!code)
            code = store_sql(fixture->reader, &ask, &err);
        fired = no_memory_came();
        assert_true(code == ERR_NOMEM || code == 0);
        fixture_close_reader(fixture);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(bounds_of_any_kind),
        TEST(joins_groups_and_orders),
        TEST(only_what_is_asked_for_is_decoded),
        TEST(damaged_points),
        TEST(views_have_the_names_of_tables),
        TEST(a_bound_that_is_none_is_null),
        TEST(one_query_that_only_reads),
        TEST(a_hostile_run),
        TEST(interrupted),
        TEST(ended_by_the_caller),
        TEST(history_after_a_query),
        TEST(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
