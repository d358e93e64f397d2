#include "store/db.h"
#include "store/names.h"
#include "store/reader.h"
#include "store/tail.h"

struct points {
    struct names series;
    int (*each)(void *context, const char *series, int64_t step, int64_t time_ns, double value);
    void *context;
};

static int load_names(struct points *points, sqlite3 *db, struct err *err)
{
    sqlite3_stmt *look;
    int code = db_prepare(db, &look, "SELECT name FROM series ORDER BY id", err);
    while (!code && (code = db_step(look, err)) > 0)
        code = names_add(&points->series, db_text(look, 0)) == NAMES_NONE
                   ? err_set(err, ERR_NOMEM, "no memory for the series")
                   : 0;
    sqlite3_finalize(look);
    return code;
}

/* What `each` returned, or ERR_DAMAGED. */
static int give_blob(struct points *points, struct text blob)
{
    struct tail_cursor cursor;
    struct tail_point point;
    int code = tail_open(&cursor, blob.data, blob.size);
    while (!code && (code = tail_next(&cursor, &point)) > 0) {
        if (point.series >= points->series.count)
            return ERR_DAMAGED;
        code = points->each(points->context, points->series.name[point.series].data, point.step, point.time_ns,
                            point.value);
    }
    return code;
}

static int give_all(struct points *points, sqlite3 *db, struct err *err)
{
    sqlite3_stmt *look;
    int code = db_prepare(db, &look, "SELECT id,rows FROM tail ORDER BY id", err);
    while (!code && (code = db_step(look, err)) > 0) {
        code = give_blob(points, db_bytes(look, 1));
        if (code == ERR_DAMAGED)
            err_set(err, code, "run.db: the points of block %lld are damaged", sqlite3_column_int64(look, 0));
    }
    sqlite3_finalize(look);
    return code;
}

int store_points(struct store_reader *reader,
                 int (*each)(void *context, const char *series, int64_t step, int64_t time_ns, double value),
                 void *context, struct err *err)
{
    struct points points = {.each = each, .context = context};
    int code = reader_begin(reader, err);
    if (code)
        return code;
    code = load_names(&points, reader->db, err);
    if (!code)
        code = give_all(&points, reader->db, err);
    reader_end(reader);
    names_finish(&points.series);
    return code;
}
