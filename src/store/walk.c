#include "store/walk.h"

#include <stdlib.h>

#include "store/blob.h"
#include "store/db.h"
#include "store/pyramid.h"
#include "store/reader.h"

_Static_assert(ROLLUP_LEVELS == 7, "the reader has a statement for each level");

struct walk_page {
    struct bucket bucket[ROLLUP_PAGE_BUCKETS];
    uint64_t sequence, points; /* as its row says */
    uint32_t count;            /* 0: it cannot be had */
};

int walk_level(uint64_t points, uint64_t buckets)
{
    int level = ROLLUP_LEVELS - 1;
    while (level >= 0 && points / buckets < rollup_points((uint32_t)level))
        level--;
    return level;
}

int walk_init(struct walk *walk, struct shelf *shelf, struct err *err)
{
    *walk = (struct walk){.shelf = shelf, .page = calloc(ROLLUP_LEVELS, sizeof *walk->page)};
    return walk->page ? 0 : err_set(err, ERR_NOMEM, "no memory to read points");
}

void walk_finish(struct walk *walk)
{
    free(walk->page);
    *walk = (struct walk){0};
}

/* ---- folding ---- */

/* Where the answer's bucket that has this sequence ends: they divide the stretch evenly. */
static uint64_t end_of_bucket(const struct walk *walk, uint64_t sequence)
{
    uint64_t count = walk->to - walk->from;
    uint64_t next = (sequence - walk->from) * walk->buckets / count + 1;
    return walk->from + (next * count + walk->buckets - 1) / walk->buckets;
}

static int give(struct walk *walk)
{
    if (!walk->open.count)
        return 0;
    struct bucket done = walk->open;
    walk->open = (struct bucket){0};
    return walk->each(walk->context, &done);
}

/* What comes next begins at this sequence. */
static int make_way(struct walk *walk, uint64_t sequence)
{
    if (walk->open.count && sequence < walk->open_end)
        return 0;
    walk->open_end = end_of_bucket(walk, sequence);
    return give(walk);
}

static int add_bucket(struct walk *walk, uint64_t sequence, const struct bucket *bucket)
{
    int code = make_way(walk, sequence);
    bucket_merge(&walk->open, bucket);
    return code;
}

static int add_points(void *context, const struct place *place, const struct points *points, uint32_t first,
                      uint32_t end)
{
    struct walk *walk = context;
    int code = 0;
    while (first < end && !code) {
        code = make_way(walk, place->sequence + first);
        uint64_t room = walk->open_end - (place->sequence + first);
        uint32_t take = room < end - first ? (uint32_t)room : end - first;
        bucket_add(&walk->open, points, first, first + take);
        first += take;
    }
    return code;
}

/* ---- points ---- */

int walk_points(struct shelf *shelf, const struct places *places, uint64_t from, uint64_t to,
                int (*each)(void *context, const struct place *place, const struct points *points, uint32_t first,
                            uint32_t end),
                void *context, struct err *err)
{
    int code = 0;
    for (size_t i = places_find(places, from); i < places->count && places->place[i].sequence < to && !code; i++) {
        const struct place *place = &places->place[i];
        const struct points *points;
        code = shelf_take(shelf, places, place, &points, err);
        uint32_t first = from > place->sequence ? (uint32_t)(from - place->sequence) : 0;
        uint32_t end = to - place->sequence < place->points ? (uint32_t)(to - place->sequence) : place->points;
        if (code == ERR_DAMAGED)
            code = 0;
        else if (!code)
            code = each(context, place, points, first, end);
    }
    return code;
}

/* ---- roll-ups ---- */

/* A page whose buckets are not what its row says is none. */
static int read_page(const struct walk *walk, int level, sqlite3_stmt *row, struct err *err)
{
    struct walk_page *page = &walk->page[level];
    struct text data = db_bytes(row, 2);
    uint64_t points = 0, most = rollup_points((uint32_t)level);
    page->sequence = db_unsigned(row, 0);
    page->points = db_unsigned(row, 1);
    int code = rollup_decode(page->bucket, &page->count,
                             blob_place(walk->places->series, (uint32_t)level, page->sequence), data.data, data.size);
    if (code == ERR_NOMEM)
        return err_set(err, code, "no memory to read points");
    for (uint32_t i = 0; i < page->count && !code; i++) {
        code = page->bucket[i].count && page->bucket[i].count <= most ? 0 : ERR_DAMAGED;
        points += page->bucket[i].count;
    }
    if (code || points != page->points)
        page->count = 0;
    return 0;
}

static int walk_stretch(struct walk *walk, int level, uint64_t from, uint64_t to, struct err *err);

/* What of the page lies in [*at, to); *at moves on. */
static int walk_page(struct walk *walk, int level, const struct walk_page *page, uint64_t *at, uint64_t to,
                     struct err *err)
{
    uint64_t sequence = page->sequence;
    int code = 0;
    for (uint32_t i = 0; i < page->count && sequence < to && !code; i++) {
        const struct bucket *bucket = &page->bucket[i];
        uint64_t end = sequence + bucket->count;
        if (sequence >= *at && end <= to)
            code = add_bucket(walk, sequence, bucket);
        else if (end > *at)
            code = walk_stretch(walk, level - 1, *at, end < to ? end : to, err);
        *at = end > *at ? end : *at;
        sequence = end;
    }
    return code;
}

static sqlite3_stmt *find_pages(struct walk *walk, int level, uint64_t from, uint64_t to, int *code, struct err *err)
{
    enum reader_statement which = (enum reader_statement)(READER_ROLLUPS_0 + level);
    sqlite3_stmt *look = reader_statement(walk->shelf->reader, which, code, err);
    uint64_t before =
        ROLLUP_PAGE_BUCKETS * rollup_points((uint32_t)level); /* a page that begins there ends at `from` */
    if (*code)
        return NULL;
    sqlite3_bind_int64(look, 1, walk->places->series);
    sqlite3_bind_int64(look, 2, level);
    db_bind_unsigned(look, 3, from >= before ? from - before + 1 : 0);
    db_bind_unsigned(look, 4, to);
    return look;
}

/* Pages come in order; what they leave out is for the level below. */
static int walk_pages(struct walk *walk, int level, uint64_t from, uint64_t to, struct err *err)
{
    struct walk_page *page = &walk->page[level];
    uint64_t at = from;
    int code, found = 0;
    sqlite3_stmt *look = find_pages(walk, level, from, to, &code, err);
    while (!code && at < to && (found = db_step(look, err)) > 0) {
        uint64_t end = db_unsigned(look, 0) + db_unsigned(look, 1);
        if (end <= at || end > PLACES_SEQUENCE_MAX)
            continue;
        code = read_page(walk, level, look, err);
        if (!code && page->count && page->sequence > at) {
            code = walk_stretch(walk, level - 1, at, page->sequence, err);
            at = page->sequence;
        }
        if (!code)
            code = walk_page(walk, level, page, &at, to, err);
    }
    sqlite3_reset(look);
    if (!code && found < 0 && found != ERR_DAMAGED)
        code = found;
    return !code && at < to ? walk_stretch(walk, level - 1, at, to, err) : code;
}

static int walk_stretch(struct walk *walk, int level, uint64_t from, uint64_t to, struct err *err)
{
    return level < 0 ? walk_points(walk->shelf, walk->places, from, to, add_points, walk, err)
                     : walk_pages(walk, level, from, to, err);
}

int walk_fold(struct walk *walk, struct err *err)
{
    walk->open = (struct bucket){0};
    int code = walk->from < walk->to ? walk_stretch(walk, walk->level, walk->from, walk->to, err) : 0;
    return code ? code : give(walk);
}
