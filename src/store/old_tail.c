/* The format of a blob:
 *   u8 'P', u8 version (1), u16 0, u32 points, u32 CRC-32C of all that follows, u32 0; then of each point
 *   varint  series << 1 | moved
 *   varint  step - the step before it, zigzag          } only where moved is 1; the first counts from step 0,
 *   varint  time in ns - the time before it, zigzag    } time 0
 *   8 bytes bits of the value */
#include "store/old_tail.h"

#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/log.h"
#include "store/column.h"
#include "store/db.h"
#include "store/state.h"
#include "store/varint.h"

#define HEADER 16u
#define SLICE_BYTES (4u * 1024 * 1024)

struct cursor {
    const uint8_t *at, *end;
    uint64_t step, time_ns;
};

int old_tail_load(struct store *store, struct err *err)
{
    int64_t tables;
    int code = db_integer(store->db, "SELECT count(*) FROM sqlite_schema WHERE name='tail_2'", &tables, err);
    store->has_old_tail = !code && tables;
    return code;
}

static bool take_moved(struct cursor *cursor)
{
    uint64_t step, time_ns;
    if (!varint_take(&cursor->at, cursor->end, &step) || !varint_take(&cursor->at, cursor->end, &time_ns))
        return false;
    cursor->step += unzigzag(step);
    cursor->time_ns += unzigzag(time_ns);
    return true;
}

static bool is_sound(struct text blob)
{
    const char *bytes = blob.data;
    uint32_t crc;
    if (blob.size < HEADER || bytes[0] != 'P' || bytes[1] != 1)
        return false;
    memcpy(&crc, bytes + 8, 4);
    return crc == crc32c(0, bytes + HEADER, blob.size - HEADER);
}

/* Up to where it is sound. */
static int convert_blob(struct store *store, struct text blob, bool *sound, struct err *err)
{
    struct cursor cursor = {(const uint8_t *)blob.data + HEADER, (const uint8_t *)blob.data + blob.size, 0, 0};
    uint64_t head;
    int code = 0;
    *sound = is_sound(blob);
    while (*sound && cursor.at < cursor.end && !code) {
        double value;
        *sound = varint_take(&cursor.at, cursor.end, &head) && (!(head & 1) || take_moved(&cursor)) &&
                 cursor.end - cursor.at >= 8 && head >> 1 < store->catalog.series_names.count;
        if (!*sound)
            return 0;
        memcpy(&value, cursor.at, 8);
        cursor.at += 8;
        code =
            curves_add(store, (uint32_t)(head >> 1), (int64_t)cursor.step, (int64_t)cursor.time_ns / 1000, value, err);
    }
    return code;
}

/* The next blob; *bytes 0: there is none. One that is damaged is kept as a block of the tail that cannot be read. */
static int convert_next(struct store *store, size_t *bytes, struct err *err)
{
    sqlite3_stmt *look;
    int64_t id = 0;
    bool sound = true;
    *bytes = 0;
    int code = db_prepare(store->db, &look, "SELECT id,rows FROM tail_2 ORDER BY id LIMIT 1", err);
    if (!code)
        code = db_step(look, err);
    if (code > 0) {
        struct text blob = db_bytes(look, 1);
        id = sqlite3_column_int64(look, 0);
        *bytes = blob.size + 1;
        code = convert_blob(store, blob, &sound, err);
    }
    sqlite3_finalize(look);
    char sql[160];
    if (!code && !sound) {
        log_line(LOG_WARNING, "run.db: the points of block %lld are damaged; they are kept, and missing",
                 (long long)id);
        snprintf(sql, sizeof sql,
                 "INSERT INTO tail SELECT min(0,(SELECT ifnull(min(id),0) FROM tail))-1,points,rows FROM tail_2"
                 " WHERE id=%lld",
                 (long long)id);
        code = db_exec(store->db, sql, err);
    }
    snprintf(sql, sizeof sql, "DELETE FROM tail_2 WHERE id=%lld", (long long)id);
    return code || !*bytes ? code : db_exec(store->db, sql, err);
}

int old_tail_convert(struct store *store, bool *more, struct err *err)
{
    size_t bytes = 1, sum = 0;
    int code = 0;
    while (!code && bytes && sum < SLICE_BYTES) {
        code = convert_next(store, &bytes, err);
        sum += bytes;
    }
    *more = bytes != 0;
    if (!code && !bytes)
        code = db_exec(store->db, "DROP TABLE tail_2", err);
    store->has_old_tail = bytes != 0;
    return code;
}
