/* print_history.c: the reply to history: a row a series, or the buckets and points themselves. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/print.h"
#include "cli/table.h"

enum { SPARKS = 8 };

/* Where things stand in a bucket and in a point; see the protocol. */
enum {
    BUCKET_FROM,
    BUCKET_TO,
    BUCKET_BEGIN,
    BUCKET_END,
    BUCKET_COUNT,
    BUCKET_MIN,
    BUCKET_MAX,
    BUCKET_MEAN,
    BUCKET_LAST,
    BUCKET_NONFINITE,
    BUCKET_SEGMENT
};
enum { POINT_STEP, POINT_TIME, POINT_VALUE, POINT_SEGMENT };

/* A bucket, a point as one, or many of them as one. */
struct fold {
    json_int_t from, to, count, nonfinite, segment;
    double begin, end; /* seconds since the epoch */
    double min, max, mean;
    const json_t *last;
};

static double finite_at(const json_t *row, size_t at)
{
    const json_t *number = json_array_get(row, at);
    return json_is_number(number) ? json_number_value(number) : NAN;
}

static json_int_t integer_at(const json_t *row, size_t at)
{
    return json_integer_value(json_array_get(row, at));
}

static struct fold fold_of_point(const json_t *row)
{
    double value = finite_at(row, POINT_VALUE), time = finite_at(row, POINT_TIME);
    json_int_t step = integer_at(row, POINT_STEP);
    return (struct fold){.from = step,
                         .to = step,
                         .count = 1,
                         .nonfinite = isnan(value),
                         .segment = integer_at(row, POINT_SEGMENT),
                         .begin = time,
                         .end = time,
                         .min = value,
                         .max = value,
                         .mean = value,
                         .last = json_array_get(row, POINT_VALUE)};
}

static struct fold fold_of_bucket(const json_t *row)
{
    return (struct fold){.from = integer_at(row, BUCKET_FROM),
                         .to = integer_at(row, BUCKET_TO),
                         .count = integer_at(row, BUCKET_COUNT),
                         .nonfinite = integer_at(row, BUCKET_NONFINITE),
                         .segment = integer_at(row, BUCKET_SEGMENT),
                         .begin = finite_at(row, BUCKET_BEGIN),
                         .end = finite_at(row, BUCKET_END),
                         .min = finite_at(row, BUCKET_MIN),
                         .max = finite_at(row, BUCKET_MAX),
                         .mean = finite_at(row, BUCKET_MEAN),
                         .last = json_array_get(row, BUCKET_LAST)};
}

static const json_t *rows_of(const json_t *series, bool *are_points)
{
    const json_t *points = json_object_get(series, "points");
    *are_points = points != NULL;
    return points ? points : json_object_get(series, "buckets");
}

static struct fold fold_at(const json_t *series, size_t i)
{
    bool are_points;
    const json_t *row = json_array_get(rows_of(series, &are_points), i);
    return are_points ? fold_of_point(row) : fold_of_bucket(row);
}

static size_t folds(const json_t *series)
{
    bool are_points;
    return json_array_size(rows_of(series, &are_points));
}

static void fold_add(struct fold *all, const struct fold *next)
{
    double finite = (double)(all->count - all->nonfinite), more = (double)(next->count - next->nonfinite);
    if (more > 0)
        all->mean = finite > 0 ? all->mean + (next->mean - all->mean) * (more / (finite + more)) : next->mean;
    all->from = next->from < all->from ? next->from : all->from;
    all->to = next->to > all->to ? next->to : all->to;
    all->begin = fmin(all->begin, next->begin);
    all->end = fmax(all->end, next->end);
    all->min = fmin(all->min, next->min);
    all->max = fmax(all->max, next->max);
    all->count += next->count;
    all->nonfinite += next->nonfinite;
    all->last = next->last;
}

static struct fold fold_all(const json_t *series)
{
    struct fold all = fold_at(series, 0);
    for (size_t i = 1; i < folds(series); i++) {
        struct fold next = fold_at(series, i);
        fold_add(&all, &next);
    }
    return all;
}

/* ---- the small curve ---- */

/* Has a later segment taken its place? */
static bool is_superseded(const json_t *series, const struct fold *fold)
{
    size_t i;
    json_t *segment;
    json_array_foreach(json_object_get(series, "segments"), i, segment)
    {
        const json_t *until = json_object_get(segment, "until");
        if (field_integer(segment, "segment") == fold->segment)
            return json_is_integer(until) && fold->from >= json_integer_value(until);
    }
    return false;
}

static void print_spark(struct buf *out, double value, double least, double most)
{
    double height = most > least ? (value / 2 - least / 2) / (most / 2 - least / 2) : 0.5;
    unsigned level = height >= 1 ? SPARKS - 1 : height > 0 ? (unsigned)(height * SPARKS) : 0;
    if (isnan(value))
        buf_char(out, ' ');
    else
        buf_printf(out, "\xE2\x96%c", (char)(0x81 + level)); /* U+2581 to U+2588 */
}

static void print_curve(struct buf *out, const json_t *series)
{
    double least = NAN, most = NAN;
    for (int drawn = 0; drawn < 2; drawn++)
        for (size_t i = 0; i < folds(series); i++) {
            struct fold fold = fold_at(series, i);
            if (is_superseded(series, &fold))
                continue;
            if (drawn)
                print_spark(out, fold.mean, least, most);
            least = fmin(least, fold.mean);
            most = fmax(most, fold.mean);
        }
}

/* ---- cells ---- */

static void cell_metric(struct table *table, double number)
{
    if (isnan(number))
        buf_char(&table->text, '-');
    else
        print_metric(&table->text, number);
    table_cell(table);
}

static void cell_count(struct table *table, json_int_t count)
{
    buf_printf(&table->text, "%" JSON_INTEGER_FORMAT, count);
    table_cell(table);
}

static void cell_last(struct table *table, const json_t *last)
{
    if (json_is_number(last))
        print_metric(&table->text, json_number_value(last));
    else
        print_value(&table->text, last);
    table_cell(table);
}

static void cell_range(struct table *table, const struct fold *fold, bool by_time)
{
    const char *format = fold->end - fold->begin < 86400 ? "%H:%M:%S" : "%Y-%m-%d %H:%M";
    if (by_time) {
        print_clock(&table->text, fold->begin, format);
        if (fold->end > fold->begin) {
            buf_text(&table->text, " .. ");
            print_clock(&table->text, fold->end, format);
        }
    } else {
        buf_printf(&table->text, "%" JSON_INTEGER_FORMAT, fold->from);
        if (fold->to != fold->from)
            buf_printf(&table->text, " .. %" JSON_INTEGER_FORMAT, fold->to);
    }
    table_cell(table);
}

static void head_row(struct table *table, const char *first, bool by_time, const char *end)
{
    const char *const heads[] = {first, by_time ? "time" : "steps", "points", "min", "mean", "max", "last", end};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        table_text(table, heads[i]);
    table_row(table);
}

static void print_name(struct buf *out, const json_t *series)
{
    print_member(out, series, "name");
    if (*field_text(series, "unit")) {
        buf_text(out, " (");
        print_member(out, series, "unit");
        buf_char(out, ')');
    }
}

static void numbers(struct table *table, const struct fold *fold, bool by_time)
{
    cell_range(table, fold, by_time);
    cell_count(table, fold->count);
    cell_metric(table, fold->min);
    cell_metric(table, fold->mean);
    cell_metric(table, fold->max);
    cell_last(table, fold->last);
}

/* What the numbers leave out. */
static void print_flaws(struct buf *out, const json_t *series, json_int_t nonfinite)
{
    json_int_t lost = field_integer(series, "lost"), segments = field_integer(series, "segments_total");
    if (nonfinite > 0)
        buf_printf(out, "  %" JSON_INTEGER_FORMAT " not finite", nonfinite);
    if (segments > 1)
        buf_printf(out, "  %" JSON_INTEGER_FORMAT " segments", segments);
    if (lost > 0)
        buf_printf(out, "  %" JSON_INTEGER_FORMAT " damaged", lost);
}

/* ---- a row a series ---- */

static void series_row(struct table *table, const json_t *series, bool by_time)
{
    print_name(&table->text, series);
    table_cell(table);
    if (folds(series) == 0) {
        table_text(table, "no points in this range");
        table_row(table);
        return;
    }
    struct fold all = fold_all(series);
    numbers(table, &all, by_time);
    print_curve(&table->text, series);
    print_flaws(&table->text, series, all.nonfinite);
    table_cell(table);
    table_row(table);
}

static bool is_by_time(const json_t *result)
{
    return strcmp(field_text(result, "axis"), "time") == 0;
}

void print_history(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result");
    bool by_time = is_by_time(result);
    struct table table = {0};
    size_t i;
    json_t *series;
    head_row(&table, "", by_time, "");
    json_array_foreach(json_object_get(result, "series"), i, series) series_row(&table, series, by_time);
    table_print(&table, out, "history");
}

/* ---- the rows themselves ---- */

static void print_rows(struct buf *out, const json_t *series, bool by_time)
{
    struct table table = {0};
    json_int_t nonfinite = 0;
    for (size_t i = 0; i < folds(series); i++)
        nonfinite += fold_at(series, i).nonfinite;
    print_name(out, series);
    buf_text(out, "  ");
    print_curve(out, series);
    print_flaws(out, series, nonfinite);
    buf_char(out, '\n');
    head_row(&table, field_integer(series, "segments_total") > 1 ? "segment" : "", by_time, "");
    for (size_t i = 0; i < folds(series); i++) {
        struct fold fold = fold_at(series, i);
        if (field_integer(series, "segments_total") > 1)
            buf_printf(&table.text, "%" JSON_INTEGER_FORMAT, fold.segment);
        table_cell(&table);
        numbers(&table, &fold, by_time);
        if (fold.nonfinite > 0)
            buf_printf(&table.text, "%" JSON_INTEGER_FORMAT " not finite", fold.nonfinite);
        table_row(&table);
    }
    table_print(&table, out, "");
}

void print_history_rows(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result");
    size_t i;
    json_t *series;
    json_array_foreach(json_object_get(result, "series"), i, series) print_rows(out, series, is_by_time(result));
}
