#include "store/curve.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/refold.h"
#include "store/repair.h"
#include "store/state.h"

void curves_finish(struct curves *curves)
{
    for (uint32_t i = 0; i < curves->count; i++) {
        points_finish(&curves->curve[i].open);
        pyramid_destroy(curves->curve[i].pyramid);
    }
    free(curves->curve);
    free(curves->damaged);
    *curves = (struct curves){0};
}

static bool make_room(struct curves *curves, uint32_t id)
{
    if (id < curves->count)
        return true;
    uint32_t count = curves->count ? curves->count : 16;
    while (count <= id)
        count *= 2;
    struct curve *curve = realloc(curves->curve, count * sizeof *curve);
    if (!curve)
        return false;
    memset(curve + curves->count, 0, (count - curves->count) * sizeof *curve);
    curves->curve = curve;
    curves->count = count;
    return true;
}

/* ---- sealing ---- */

/* Its sealed end, its segment and its last step, as its last chunk tells. */
static int wake(struct store *store, uint32_t id, struct err *err)
{
    struct curve *curve = &store->curves.curve[id];
    sqlite3_stmt *look = store->statement[STATEMENT_CHUNK_LAST];
    sqlite3_bind_int64(look, 1, id);
    int code = db_step(look, err);
    curve->last_step = INT64_MIN;
    if (code > 0) {
        curve->sequence = db_unsigned(look, 0) + db_unsigned(look, 1);
        curve->segment = (uint32_t)db_unsigned(look, 2);
        curve->last_step = sqlite3_column_int64(look, 3);
        sqlite3_reset(look);
    }
    curve->awake = code >= 0;
    return code < 0 ? code : 0;
}

static void span(const struct points *points, int64_t *least, int64_t *most)
{
    *least = *most = points->time_us[0];
    for (uint32_t i = 1; i < points->count; i++) {
        int64_t time_us = points->time_us[i];
        *least = time_us < *least ? time_us : *least;
        *most = time_us > *most ? time_us : *most;
    }
}

static int write_chunk(struct store *store, uint32_t id, struct err *err)
{
    struct curve *curve = &store->curves.curve[id];
    const struct points *open = &curve->open;
    int64_t least_us, most_us;
    buf_clear(&store->bytes);
    chunk_encode(&store->bytes, blob_place(id, 0, curve->sequence), open);
    if (store->bytes.failed)
        return err_set(err, ERR_NOMEM, "no memory for points");
    span(open, &least_us, &most_us);
    sqlite3_stmt *write = store->statement[STATEMENT_CHUNK];
    sqlite3_bind_int64(write, 1, id);
    sqlite3_bind_int64(write, 2, curve->segment);
    db_bind_unsigned(write, 3, curve->sequence);
    sqlite3_bind_int64(write, 4, open->count);
    sqlite3_bind_int64(write, 5, open->step[0]);
    sqlite3_bind_int64(write, 6, open->step[open->count - 1]);
    sqlite3_bind_int64(write, 7, least_us);
    sqlite3_bind_int64(write, 8, most_us);
    db_bind_bytes(write, 9, store->bytes.data, store->bytes.size);
    return db_run(write, err);
}

/* Before its first chunk since it was loaded is written: the pyramid as far as it goes. */
static int begin_pyramid(struct store *store, uint32_t id, struct err *err)
{
    struct curve *curve = &store->curves.curve[id];
    curve->pyramid = pyramid_create(id);
    if (!curve->pyramid)
        return err_set(err, ERR_NOMEM, "no memory for roll-ups");
    if (!curve->sequence || repair_has(&store->repair, id))
        return 0;
    return refold_pyramid(store, curve->pyramid, curve->sequence, err);
}

static int seal(struct store *store, uint32_t id, struct err *err)
{
    struct curve *curve = &store->curves.curve[id];
    int code = 0;
    if (!curve->open.count)
        return 0;
    if (!curve->pyramid)
        code = begin_pyramid(store, id, err);
    if (!code)
        code = write_chunk(store, id, err);
    if (!code)
        code = pyramid_add(store, curve->pyramid, curve->sequence, &curve->open, err);
    store->curves.open -= curve->open.count;
    curve->sequence += curve->open.count;
    curve->open.count = curve->written = 0;
    return code;
}

/* The longest first, until half of what may be open is left: what lags keeps its chunk open. */
static int seal_longest(struct store *store, struct err *err)
{
    struct curves *curves = &store->curves;
    int code = 0;
    while (curves->open > CURVES_OPEN_MOST / 2 && !code) {
        uint32_t most = 0;
        for (uint32_t i = 0; i < curves->count; i++)
            most = curves->curve[i].open.count > most ? curves->curve[i].open.count : most;
        for (uint32_t i = 0; i < curves->count && !code; i++)
            if (curves->curve[i].open.count > most / 2)
                code = seal(store, i, err);
    }
    return code;
}

/* ---- points ---- */

/* What is rare: the first point of a series, of a segment, of a chunk. */
static int begin_point(struct store *store, uint32_t id, int64_t step, struct err *err)
{
    int code = 0;
    if (!make_room(&store->curves, id))
        return err_set(err, ERR_NOMEM, "no memory for points");
    struct curve *curve = &store->curves.curve[id];
    if (!curve->awake)
        code = wake(store, id, err);
    bool back = step < curve->last_step;
    if (!code && (back || curve->open.count == CHUNK_POINTS))
        code = seal(store, id, err);
    if (back)
        curve->segment++;
    if (!code && !points_reserve(&curve->open, 1))
        code = err_set(err, ERR_NOMEM, "no memory for points");
    return code;
}

int curves_add(struct store *store, uint32_t id, int64_t step, int64_t time_us, double value, struct err *err)
{
    struct curves *curves = &store->curves;
    struct curve *curve = id < curves->count ? &curves->curve[id] : NULL;
    if (!curve || !curve->awake || step < curve->last_step || curve->open.count == curve->open.capacity) {
        int code = begin_point(store, id, step, err);
        if (code)
            return code;
        curve = &curves->curve[id];
    }
    points_add(&curve->open, step, time_us, value);
    curve->last_step = step;
    curves->open++;
    return 0;
}

/* ---- the tail ---- */

static void put(struct store *store, uint32_t id, uint32_t from)
{
    struct curve *curve = &store->curves.curve[id];
    if (curve->open.count > from)
        tail_add(&store->tail, id, curve->segment, curve->sequence + from, &curve->open, from);
    curve->written = curve->open.count;
}

static int write_block(struct store *store, uint64_t points, struct err *err)
{
    struct tail *tail = &store->tail;
    if (tail->bytes.failed)
        return err_set(err, ERR_NOMEM, "no memory for points");
    if (!tail->runs)
        return 0;
    tail_seal(tail);
    sqlite3_stmt *write = store->statement[STATEMENT_TAIL];
    db_bind_unsigned(write, 1, points);
    db_bind_bytes(write, 2, tail->bytes.data, tail->bytes.size);
    store->curves.blocks++;
    store->curves.tail_points += points;
    return db_run(write, err);
}

static int set_aside(struct store *store, int64_t block, struct err *err)
{
    sqlite3_stmt *move;
    int code = db_prepare(store->db, &move, "UPDATE tail SET id=min(0,(SELECT min(id) FROM tail))-1 WHERE id=?1", err);
    if (!code) {
        sqlite3_bind_int64(move, 1, block);
        code = db_run(move, err);
    }
    sqlite3_finalize(move);
    return code;
}

static int write_all_open(struct store *store, struct err *err)
{
    struct curves *curves = &store->curves;
    int code = 0;
    for (uint32_t i = 0; i < curves->damaged_count && !code; i++)
        code = set_aside(store, curves->damaged[i], err);
    for (uint32_t i = 0; i < curves->count; i++)
        put(store, i, 0);
    curves->blocks = 0;
    curves->tail_points = 0;
    curves->rewrite = curves->mend = false;
    curves->damaged_count = 0;
    if (!code)
        code = db_run(store->statement[STATEMENT_TAIL_CLEAR], err);
    return code ? code : write_block(store, curves->open, err);
}

static int write_new(struct store *store, struct err *err)
{
    const struct catalog *catalog = &store->catalog;
    uint64_t points = 0;
    for (uint32_t i = 0; i < catalog->dirty_count; i++) {
        uint32_t id = catalog->dirty[i];
        if (id >= store->curves.count)
            continue;
        const struct curve *curve = &store->curves.curve[id];
        points += curve->open.count - curve->written;
        put(store, id, curve->written);
    }
    return write_block(store, points, err);
}

int curves_save(struct store *store, struct err *err)
{
    struct curves *curves = &store->curves;
    int code = curves->open > CURVES_OPEN_MOST ? seal_longest(store, err) : 0;
    if (code)
        return code;
    tail_clear(&store->tail);
    bool mostly_sealed = curves->tail_points > 2 * curves->open + CHUNK_POINTS;
    bool mend = curves->mend && store->catalog.dirty_count > 0;
    bool all = curves->blocks >= CURVES_BLOCKS_MOST || mostly_sealed || curves->rewrite || mend;
    return all ? write_all_open(store, err) : write_new(store, err);
}

/* ---- loading ---- */

/* The points of a run that are not sealed. Points that are missing before them were damaged; open ones follow each
 * other all the same, which makes the blocks' numbers void. */
static int load_run(struct store *store, const struct tail_run *run, bool *sound, struct err *err)
{
    *sound = *sound && run->series < store->catalog.series_names.count;
    if (run->series >= store->catalog.series_names.count)
        return 0;
    if (!make_room(&store->curves, run->series))
        return err_set(err, ERR_NOMEM, "no memory for points");
    struct curve *curve = &store->curves.curve[run->series];
    int code = curve->awake ? 0 : wake(store, run->series, err);
    uint64_t end = curve->sequence + curve->open.count;
    if (code || run->sequence + run->points <= end)
        return code;
    bool hole = run->sequence > end;
    if (hole && !curve->open.count)
        curve->sequence = run->sequence;
    store->curves.mend |= hole && curve->open.count;
    uint32_t before = curve->open.count;
    code = tail_points(run, hole ? 0 : (uint32_t)(end - run->sequence), &curve->open);
    store->curves.open += curve->open.count - before;
    curve->written = curve->open.count;
    curve->segment = run->segment;
    if (curve->open.count)
        curve->last_step = curve->open.step[curve->open.count - 1];
    *sound = *sound && !code;
    return code == ERR_NOMEM ? err_set(err, code, "no memory for points") : 0;
}

static int load_block(struct store *store, struct text block, bool *sound, struct err *err)
{
    struct tail_cursor cursor;
    struct tail_run run;
    int code = 0, more = tail_open(&cursor, block.data, block.size);
    *sound = true;
    if (!more)
        while (!code && (more = tail_next(&cursor, &run)) > 0)
            code = load_run(store, &run, sound, err);
    *sound = *sound && more >= 0;
    return code;
}

static int add_damaged(struct curves *curves, int64_t block, struct err *err)
{
    if (curves->damaged_count == curves->damaged_capacity) {
        uint32_t capacity = curves->damaged_capacity ? curves->damaged_capacity * 2 : 16;
        int64_t *damaged = realloc(curves->damaged, capacity * sizeof *damaged);
        if (!damaged)
            return err_set(err, ERR_NOMEM, "no memory for points");
        curves->damaged = damaged;
        curves->damaged_capacity = capacity;
    }
    curves->damaged[curves->damaged_count++] = block;
    log_line(LOG_WARNING, "run.db: block %lld of the newest points is damaged; it is kept, its points are missing",
             (long long)block);
    return 0;
}

int curves_load(struct store *store, struct err *err)
{
    sqlite3_stmt *look;
    struct curves *curves = &store->curves;
    curves_finish(curves);
    int code = db_prepare(store->db, &look, "SELECT id,points,data FROM tail WHERE id>0 ORDER BY id", err);
    while (!code && (code = db_step(look, err)) > 0) {
        bool sound;
        curves->blocks++;
        curves->tail_points += db_unsigned(look, 1);
        code = load_block(store, db_bytes(look, 2), &sound, err);
        if (!code && !sound)
            code = add_damaged(curves, sqlite3_column_int64(look, 0), err);
    }
    sqlite3_finalize(look);
    curves->mend |= curves->damaged_count > 0;
    return code;
}
