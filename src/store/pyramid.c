#include "store/pyramid.h"

#include <assert.h>
#include <stdlib.h>

#include "store/blob.h"
#include "store/db.h"
#include "store/state.h"

static_assert(ROLLUP_FOLD == 1u << 2, "rollup_points shifts by it");

struct pyramid *pyramid_create(uint32_t series)
{
    struct pyramid *pyramid = calloc(1, sizeof *pyramid);
    if (pyramid)
        pyramid->series = series;
    return pyramid;
}

void pyramid_destroy(struct pyramid *pyramid)
{
    if (!pyramid)
        return;
    for (uint32_t i = 0; i < ROLLUP_LEVELS; i++)
        free(pyramid->level[i].page);
    free(pyramid);
}

int pyramid_write(struct store *store, struct pyramid *pyramid, uint32_t level, struct err *err)
{
    struct pyramid_level *at = &pyramid->level[level];
    if (!at->count)
        return 0;
    buf_clear(&store->bytes);
    rollup_encode(&store->bytes, blob_place(pyramid->series, level, at->sequence), at->page, at->count);
    if (store->bytes.failed)
        return err_set(err, ERR_NOMEM, "no memory for roll-ups");
    sqlite3_stmt *write = store->statement[STATEMENT_ROLLUP];
    sqlite3_bind_int64(write, 1, pyramid->series);
    sqlite3_bind_int64(write, 2, level);
    db_bind_unsigned(write, 3, at->sequence);
    db_bind_unsigned(write, 4, at->end - at->sequence);
    db_bind_bytes(write, 5, store->bytes.data, store->bytes.size);
    at->count = 0;
    return db_run(write, err);
}

static bool has_room(struct pyramid_level *at)
{
    if (at->count < at->capacity)
        return true;
    uint32_t capacity = at->capacity ? at->capacity * 4 : 16;
    struct bucket *page = realloc(at->page, capacity * sizeof *page);
    if (!page)
        return false;
    at->page = page;
    at->capacity = capacity;
    return true;
}

int pyramid_put(struct store *store, struct pyramid *pyramid, uint32_t level, uint64_t sequence,
                const struct bucket *bucket, struct err *err)
{
    struct pyramid_level *at = &pyramid->level[level];
    int code = 0;
    if (at->count && at->end != sequence)
        code = pyramid_write(store, pyramid, level, err);
    if (!code && !has_room(at))
        code = err_set(err, ERR_NOMEM, "no memory for roll-ups");
    if (code)
        return code;
    if (!at->count)
        at->sequence = sequence;
    at->page[at->count++] = *bucket;
    at->end = sequence + bucket->count;
    return at->count == ROLLUP_PAGE_BUCKETS ? pyramid_write(store, pyramid, level, err) : 0;
}

/* The open bucket goes into the page of its level and into the level above. */
static int close_bucket(struct store *store, struct pyramid *pyramid, uint32_t level, struct err *err)
{
    struct pyramid_level *at = &pyramid->level[level];
    struct bucket bucket = at->open;
    uint64_t sequence = at->open_sequence;
    at->open.count = 0;
    at->folded = 0;
    int code = bucket.count ? pyramid_put(store, pyramid, level, sequence, &bucket, err) : 0;
    bool folds = bucket.count && level + 1 < ROLLUP_LEVELS;
    return !code && folds ? pyramid_fold(store, pyramid, level + 1, sequence, &bucket, err) : code;
}

/* Does what comes next belong to the bucket that is open? */
static bool goes_on(const struct pyramid_level *at, uint64_t sequence, int64_t step)
{
    return at->open.count && at->open_sequence + at->open.count == sequence && step >= at->open.last_step;
}

/* Makes sure that what comes next can be added to the open bucket. */
static int make_way(struct store *store, struct pyramid *pyramid, uint32_t level, uint64_t sequence, int64_t step,
                    struct err *err)
{
    struct pyramid_level *at = &pyramid->level[level];
    if (goes_on(at, sequence, step))
        return 0;
    int code = close_bucket(store, pyramid, level, err);
    at->open = (struct bucket){0};
    at->open_sequence = sequence;
    at->folded = 0;
    return code;
}

int pyramid_fold(struct store *store, struct pyramid *pyramid, uint32_t level, uint64_t sequence,
                 const struct bucket *bucket, struct err *err)
{
    struct pyramid_level *at = &pyramid->level[level];
    int code = sequence < at->paged ? 0 : make_way(store, pyramid, level, sequence, bucket->first_step, err);
    if (code || sequence < at->paged)
        return code;
    bucket_merge(&at->open, bucket);
    return ++at->folded == ROLLUP_FOLD ? close_bucket(store, pyramid, level, err) : 0;
}

int pyramid_add(struct store *store, struct pyramid *pyramid, uint64_t sequence, const struct points *points,
                struct err *err)
{
    struct bucket *open = &pyramid->level[0].open;
    int code = 0;
    for (uint32_t from = 0; from < points->count && !code;) {
        code = make_way(store, pyramid, 0, sequence + from, points->step[from], err);
        uint32_t room = ROLLUP_POINTS - (uint32_t)open->count, left = points->count - from;
        uint32_t take = room < left ? room : left;
        if (code)
            return code;
        bucket_add(open, points, from, from + take);
        from += take;
        if (open->count == ROLLUP_POINTS)
            code = close_bucket(store, pyramid, 0, err);
    }
    return code;
}
