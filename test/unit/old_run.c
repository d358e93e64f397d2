#include "old_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "store/column.h"

static const char schema_2[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE position(id INTEGER PRIMARY KEY CHECK(id=1), incarnation TEXT NOT NULL, ordinal INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, offset INTEGER NOT NULL);"
    "INSERT INTO position VALUES(1,'00000000000000000000000000000000',0,0,0);"
    "CREATE TABLE trainers(ordinal INTEGER PRIMARY KEY, incarnation TEXT NOT NULL, run BLOB NOT NULL);"
    "CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id=1), state INTEGER NOT NULL, step INTEGER, time_ns INTEGER,"
    " ticket INTEGER);"
    "CREATE TABLE config(name TEXT PRIMARY KEY, json TEXT NOT NULL);"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT NOT NULL, count INTEGER NOT NULL,"
    " step INTEGER, time_ns INTEGER, value);"
    "CREATE TABLE settings(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declaration BLOB NOT NULL, value,"
    " revision INTEGER NOT NULL, ticket INTEGER NOT NULL);"
    "CREATE TABLE actions(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declaration BLOB NOT NULL);"
    "CREATE TABLE effects(id INTEGER PRIMARY KEY, setting INTEGER NOT NULL, step INTEGER, time_ns INTEGER, value,"
    " revision INTEGER, ticket INTEGER, overrides INTEGER);"
    "CREATE TABLE checkpoints(id INTEGER PRIMARY KEY, name TEXT NOT NULL, path TEXT NOT NULL, bytes INTEGER,"
    " step INTEGER, time_ns INTEGER);"
    "CREATE TABLE messages(id INTEGER PRIMARY KEY, level INTEGER, text TEXT NOT NULL, step INTEGER, time_ns INTEGER,"
    " by TEXT NOT NULL);"
    "CREATE TABLE gaps(id INTEGER PRIMARY KEY, scalars INTEGER, others INTEGER, from_step INTEGER, to_step INTEGER,"
    " reason TEXT NOT NULL, time_ns INTEGER);"
    "CREATE TABLE tail(id INTEGER PRIMARY KEY, points INTEGER NOT NULL, rows BLOB NOT NULL);"
    "CREATE TABLE audit(sequence INTEGER PRIMARY KEY, time_ns INTEGER, ticket INTEGER NOT NULL, record TEXT NOT NULL,"
    " code INTEGER, actor TEXT, role TEXT, address TEXT, request TEXT, reason TEXT, deadline_ns INTEGER,"
    " until_step INTEGER, outcome TEXT, error INTEGER, step INTEGER, detail TEXT, vals TEXT,"
    " previous TEXT NOT NULL, hash TEXT NOT NULL);"
    "CREATE INDEX audit_ticket ON audit(ticket, record);"
    "CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id=1), sequence INTEGER NOT NULL, hash TEXT NOT NULL);"
    "INSERT INTO head VALUES(1,0,'0000000000000000000000000000000000000000000000000000000000000000');"
    "CREATE TABLE early(ticket INTEGER PRIMARY KEY, outcome BLOB NOT NULL);"
    "ALTER TABLE messages ADD COLUMN said INTEGER;"
    "CREATE UNIQUE INDEX messages_said ON messages(said) WHERE said IS NOT NULL;"
    "PRAGMA application_id=1953655149;PRAGMA user_version=2;PRAGMA journal_mode=WAL";

/* ---- a blob of the format before this one ---- */

struct blob {
    struct buf bytes;
    uint32_t points;
    int64_t step, time_ns;
};

static void put_varint(struct buf *bytes, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_u8(bytes, (uint8_t)(v | 0x80));
    buf_u8(bytes, (uint8_t)v);
}

static void blob_add(struct blob *blob, uint32_t series, int64_t step, int64_t time_ns, double value)
{
    uint64_t bits;
    bool moved = step != blob->step || time_ns != blob->time_ns;
    memcpy(&bits, &value, 8);
    put_varint(&blob->bytes, (uint64_t)series << 1 | moved);
    if (moved) {
        put_varint(&blob->bytes, zigzag((uint64_t)step - (uint64_t)blob->step));
        put_varint(&blob->bytes, zigzag((uint64_t)time_ns - (uint64_t)blob->time_ns));
    }
    buf_u64(&blob->bytes, bits);
    blob->step = step;
    blob->time_ns = time_ns;
    blob->points++;
}

static struct buf blob_sealed(const struct blob *blob)
{
    struct buf sealed;
    buf_init(&sealed);
    buf_add(&sealed, "P\1\0", 4);
    buf_u32(&sealed, blob->points);
    buf_u32(&sealed, crc32c(0, blob->bytes.data, blob->bytes.size));
    buf_u32(&sealed, 0);
    buf_add(&sealed, blob->bytes.data, blob->bytes.size);
    assert_false(sealed.failed);
    return sealed;
}

/* ---- a run.db ---- */

static void write_blob(struct old_run *old, int id, const struct buf *bytes, uint32_t points)
{
    sqlite3_stmt *write;
    assert_int_equal(sqlite3_prepare_v2(old->db, "INSERT INTO tail VALUES(?1,?2,?3)", -1, &write, NULL), SQLITE_OK);
    sqlite3_bind_int64(write, 1, id);
    sqlite3_bind_int64(write, 2, points);
    sqlite3_bind_blob64(write, 3, bytes->data ? bytes->data : "", bytes->size, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(write), SQLITE_DONE);
    sqlite3_finalize(write);
}

/* `kept`: it will be read. */
static void add_point(struct old_run *old, struct blob *blob, uint32_t series, int64_t step, int64_t time_us, bool kept)
{
    static const double odd[] = {NAN, INFINITY, -0.0, 1.5e300};
    unsigned at = logged_random(old->logged, 400);
    double value = at < 4 ? odd[at] : sqrt(at) + (double)step;
    blob_add(blob, series, step, time_us * 1000 + 7, value);
    old->logged_points[series]++;
    old->last[series] = (struct check_point){.step = step, .time_us = time_us, .value = value};
    if (kept)
        logged_keep(old->logged, series, step, time_us, value);
    else
        old->lost++;
}

/* Points as they came, now and then from an earlier step on. */
static void make_blob(struct old_run *old, int id, unsigned steps)
{
    struct logged *logged = old->logged;
    struct blob blob = {.step = 0};
    buf_init(&blob.bytes);
    bool kept = id != OLD_DAMAGED_CRC && id != OLD_DAMAGED_HEAD;
    for (unsigned i = 0; i < steps; i++) {
        logged->step = logged_random(logged, 3000) ? logged->step + 1 : logged->step - 500;
        logged->time_us += 20000 + logged_random(logged, 999);
        if (id == OLD_DAMAGED_INSIDE && i == steps / 2) {
            blob_add(&blob, OLD_SERIES, logged->step, logged->time_us * 1000, 1); /* there is no such series */
            kept = false;
        }
        for (uint32_t s = 0; s < OLD_SERIES; s++)
            if (logged_random(logged, 8) < 2 * s + 1)
                add_point(old, &blob, s, logged->step, logged->time_us, kept);
    }
    struct buf sealed = blob_sealed(&blob);
    if (id == OLD_DAMAGED_CRC)
        sealed.data[sealed.size / 2] ^= 1;
    if (id == OLD_DAMAGED_HEAD)
        sealed.data[1] = 9;
    if (id == OLD_EMPTY)
        sealed.size = 0;
    write_blob(old, id, &sealed, blob.points);
    old->damaged += id == OLD_DAMAGED_CRC || id == OLD_DAMAGED_INSIDE || id == OLD_DAMAGED_HEAD || id == OLD_EMPTY;
    buf_finish(&sealed);
    buf_finish(&blob.bytes);
}

static void make_series(struct old_run *old)
{
    for (uint32_t i = 0; i < OLD_SERIES; i++) {
        sqlite3_stmt *write;
        char name[24];
        snprintf(name, sizeof name, "series/%u", i);
        const struct check_point *last = &old->last[i];
        assert_int_equal(
            sqlite3_prepare_v2(old->db, "INSERT INTO series VALUES(?1,?2,'',?3,?4,?5,?6)", -1, &write, NULL),
            SQLITE_OK);
        sqlite3_bind_int64(write, 1, i);
        sqlite3_bind_text(write, 2, name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(write, 3, (int64_t)old->logged_points[i]);
        sqlite3_bind_int64(write, 4, last->step);
        sqlite3_bind_int64(write, 5, last->time_us * 1000 + 7);
        if (isnan(last->value))
            sqlite3_bind_blob(write, 6, &last->value, 8, SQLITE_STATIC);
        else
            sqlite3_bind_double(write, 6, last->value);
        assert_int_equal(sqlite3_step(write), SQLITE_DONE);
        sqlite3_finalize(write);
    }
}

struct old_run old_run_make(struct logged *logged, unsigned blobs, unsigned steps)
{
    struct old_run old = {.logged = logged};
    char path[96];
    snprintf(path, sizeof path, "%s/run.db", logged->run->path);
    assert_int_equal(sqlite3_open(path, &old.db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old.db, schema_2, NULL, NULL, NULL), SQLITE_OK);
    logged_declare(logged, OLD_SERIES, 300);
    for (unsigned id = 1; id <= blobs; id++)
        make_blob(&old, (int)id, id == OLD_EMPTY ? 0 : steps);
    make_series(&old);
    sqlite3_close(old.db);
    return old;
}
