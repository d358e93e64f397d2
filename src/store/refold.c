#include "store/refold.h"

#include <stdlib.h>

#include "store/blob.h"
#include "store/db.h"
#include "store/state.h"

/* Buckets, or points, become larger buckets. */
struct gather {
    const struct refold *to;
    uint32_t folds; /* of what comes in, in one bucket */
    uint32_t folded;
    struct bucket open;
    uint64_t sequence;
};

static int gather_flush(struct gather *gather, struct err *err)
{
    struct bucket bucket = gather->open;
    gather->open.count = 0;
    gather->folded = 0;
    return bucket.count ? gather->to->each(gather->to->context, gather->sequence, &bucket, err) : 0;
}

static int gather_begin(struct gather *gather, uint64_t sequence, int64_t step, struct err *err)
{
    const struct bucket *open = &gather->open;
    if (open->count && gather->sequence + open->count == sequence && step >= open->last_step)
        return 0;
    int code = gather_flush(gather, err);
    gather->open = (struct bucket){0};
    gather->sequence = sequence;
    return code;
}

static int gather_bucket(void *context, uint64_t sequence, const struct bucket *bucket, struct err *err)
{
    struct gather *gather = context;
    int code = gather_begin(gather, sequence, bucket->first_step, err);
    if (code)
        return code;
    bucket_merge(&gather->open, bucket);
    return ++gather->folded == ROLLUP_FOLD ? gather_flush(gather, err) : 0;
}

static int gather_points(void *context, uint64_t sequence, const struct points *points, struct err *err)
{
    struct gather *gather = context;
    for (uint32_t i = 0; i < points->count;) {
        int code = gather_begin(gather, sequence + i, points->step[i], err);
        uint32_t room = ROLLUP_POINTS - (uint32_t)gather->open.count, left = points->count - i;
        uint32_t take = room < left ? room : left;
        if (code)
            return code;
        bucket_add(&gather->open, points, i, i + take);
        i += take;
        if (gather->open.count == ROLLUP_POINTS && (code = gather_flush(gather, err)))
            return code;
    }
    return 0;
}

/* A statement of this call's own: calls for other levels nest. */
static int look_from(const struct refold *refold, sqlite3_stmt **look, const char *sql, uint32_t level, uint64_t from,
                     uint64_t to, struct err *err)
{
    int code = db_prepare(refold->store->db, look, sql, err);
    if (code)
        return code;
    sqlite3_bind_int64(*look, 1, refold->series);
    sqlite3_bind_int64(*look, 2, level);
    db_bind_unsigned(*look, 3, from);
    db_bind_unsigned(*look, 4, to);
    return 0;
}

/* Rows whose points lie in the range, in order: sequence, points, data. */
static const char chunks_sql[] =
    "SELECT sequence,points,data FROM chunks WHERE series=?1 AND ?2=0 AND sequence<?4"
    " AND sequence>=(SELECT ifnull(max(sequence),0) FROM chunks WHERE series=?1 AND sequence<=?3) ORDER BY sequence";
static const char pages_sql[] =
    "SELECT sequence,points,data FROM rollups WHERE series=?1 AND level=?2 AND sequence<?4 AND sequence>="
    "(SELECT ifnull(max(sequence),0) FROM rollups WHERE series=?1 AND level=?2 AND sequence<=?3) ORDER BY sequence";

/* The points of chunks, in order; `points` lives during the call. */
typedef int each_points_fn(void *context, uint64_t sequence, const struct points *points, struct err *err);

static int from_chunks(const struct refold *refold, uint64_t from, uint64_t to, each_points_fn *each, void *context,
                       struct err *err)
{
    struct points points = {0};
    sqlite3_stmt *look;
    int code = look_from(refold, &look, chunks_sql, 0, from, to, err);
    while (!code && (code = db_step(look, err)) > 0) {
        uint64_t sequence = db_unsigned(look, 0);
        struct text data = db_bytes(look, 2);
        code = chunk_decode(&points, blob_place(refold->series, 0, sequence), data.data, data.size);
        if (code == ERR_NOMEM)
            err_set(err, code, "no memory to read points");
        else
            code = 0;
        uint64_t skip = from > sequence ? from - sequence : 0, end = to - sequence;
        end = end < points.count ? end : points.count;
        if (code || skip >= end)
            continue;
        const struct points part = {points.step + skip, points.time_us + skip, points.value + skip,
                                    (uint32_t)(end - skip), 0};
        code = each(context, sequence + skip, &part, err);
    }
    sqlite3_finalize(look);
    points_finish(&points);
    return code;
}

static int from_below(const struct refold *refold, uint32_t level, uint64_t from, uint64_t to, struct err *err)
{
    struct gather gather = {.to = refold};
    struct refold below = {.store = refold->store, .series = refold->series, .each = gather_bucket, .context = &gather};
    int code = level ? refold_each(&below, level - 1, from, to, err)
                     : from_chunks(refold, from, to, gather_points, &gather, err);
    return code ? code : gather_flush(&gather, err);
}

struct page {
    uint32_t level, count; /* buckets; 0: it is not what its row says */
    uint64_t sequence, end;
    struct bucket bucket[ROLLUP_PAGE_BUCKETS];
};

static int read_page(struct page *page, uint32_t series, sqlite3_stmt *look, struct err *err)
{
    uint32_t place = blob_place(series, page->level, page->sequence);
    struct text data = db_bytes(look, 2);
    uint64_t points = 0;
    if (rollup_decode(page->bucket, &page->count, place, data.data, data.size) == ERR_NOMEM)
        return err_set(err, ERR_NOMEM, "no memory to read roll-ups");
    for (uint32_t i = 0; i < page->count; i++)
        points += page->bucket[i].count;
    if (points != page->end - page->sequence)
        page->count = 0;
    return 0;
}

/* What lies in the range; of a bucket that does only in part, from the level below. */
static int from_page(const struct refold *refold, const struct page *page, uint64_t from, uint64_t to, struct err *err)
{
    uint64_t at = page->sequence;
    int code = page->count ? 0 : from_below(refold, page->level, from, to, err);
    for (uint32_t i = 0; i < page->count && at < to && !code; i++) {
        uint64_t end = at + page->bucket[i].count;
        if (at >= from && end <= to)
            code = refold->each(refold->context, at, &page->bucket[i], err);
        else if (end > from)
            code = from_below(refold, page->level, at > from ? at : from, end < to ? end : to, err);
        at = end;
    }
    return code;
}

static int from_pages(const struct refold *refold, struct page *page, uint64_t from, uint64_t to, struct err *err)
{
    sqlite3_stmt *look;
    int code = look_from(refold, &look, pages_sql, page->level, from, to, err);
    while (!code && (code = db_step(look, err)) > 0) {
        page->sequence = db_unsigned(look, 0);
        page->end = page->sequence + db_unsigned(look, 1);
        code = page->end > from ? read_page(page, refold->series, look, err) : 0;
        if (code || page->end <= from)
            continue;
        if (page->sequence > from) {
            code = from_below(refold, page->level, from, page->sequence, err);
            from = page->sequence;
        }
        if (!code)
            code = from_page(refold, page, from, page->end < to ? page->end : to, err);
        from = page->end;
    }
    sqlite3_finalize(look);
    return !code && from < to ? from_below(refold, page->level, from, to, err) : code;
}

int refold_each(const struct refold *refold, uint32_t level, uint64_t from, uint64_t to, struct err *err)
{
    struct page *page = malloc(sizeof *page);
    if (!page)
        return err_set(err, ERR_NOMEM, "no memory for roll-ups");
    page->level = level;
    int code = from_pages(refold, page, from, to, err);
    free(page);
    return code;
}

/* ---- a pyramid ---- */

struct raise {
    struct store *store;
    struct pyramid *pyramid;
    uint32_t level;
};

static int raise_bucket(void *context, uint64_t sequence, const struct bucket *bucket, struct err *err)
{
    struct raise *raise = context;
    return pyramid_fold(raise->store, raise->pyramid, raise->level, sequence, bucket, err);
}

static int raise_points(void *context, uint64_t sequence, const struct points *points, struct err *err)
{
    struct raise *raise = context;
    return pyramid_add(raise->store, raise->pyramid, sequence, points, err);
}

static int page_end(struct store *store, uint32_t series, uint32_t level, uint64_t *end, struct err *err)
{
    sqlite3_stmt *look = store->statement[STATEMENT_ROLLUP_END];
    sqlite3_bind_int64(look, 1, series);
    sqlite3_bind_int64(look, 2, level);
    int code = db_step(look, err);
    *end = code > 0 ? db_unsigned(look, 0) : 0;
    sqlite3_reset(look);
    return code < 0 ? code : 0;
}

int refold_pyramid(struct store *store, struct pyramid *pyramid, uint64_t end, struct err *err)
{
    struct pyramid_level *level = pyramid->level;
    int code = 0;
    for (uint32_t i = 0; i < ROLLUP_LEVELS && !code; i++)
        code = page_end(store, pyramid->series, i, &level[i].paged, err);
    for (uint32_t i = ROLLUP_LEVELS - 1; i > 0 && !code; i--) {
        struct raise raise = {store, pyramid, i};
        struct refold below = {.store = store, .series = pyramid->series, .each = raise_bucket, .context = &raise};
        if (level[i].paged < level[i - 1].paged)
            code = refold_each(&below, i - 1, level[i].paged, level[i - 1].paged, err);
    }
    struct raise raise = {store, pyramid, 0};
    const struct refold points = {.store = store, .series = pyramid->series};
    return !code && level[0].paged < end ? from_chunks(&points, level[0].paged, end, raise_points, &raise, err) : code;
}
