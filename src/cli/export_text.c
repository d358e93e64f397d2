/* export_text.c: csv (RFC 4180, with a line feed as the end of a line) and JSON lines. */
#include <math.h>
#include <string.h>

#include "base/digits.h"
#include "cli/csv.h"
#include "cli/export_format.h"
#include "store/jsonw.h"

#define NUMBERS_MAX (8 * DIGITS_MAX) /* bytes of a row behind the series' name */

static char *put_text(char *at, const char *text)
{
    size_t size = strlen(text);
    memcpy(at, text, size);
    return at + size;
}

/* The line up to where the numbers of this series begin, with room behind it; NULL: no memory. */
static char *begin_row(struct export_out *out)
{
    out->line.size = out->line_start;
    return buf_reserve(&out->line, NUMBERS_MAX) ? out->line.data + out->line.size : NULL;
}

static int end_row(struct export_out *out, const char *end, struct err *err)
{
    if (end)
        out->line.size = (size_t)(end - out->line.data);
    return export_line(out, err);
}

/* ---- csv ---- */

static int csv_begin(struct export_out *out, struct err *err)
{
    buf_text(&out->line, out->segments ? "series,segment,step,time,value\n" : "series,step,time,value\n");
    return export_line(out, err);
}

static void csv_name(struct export_out *out, const char *name)
{
    buf_clear(&out->line);
    csv_text(&out->line, text_from(name));
    buf_char(&out->line, ',');
    out->line_start = out->line.size;
}

static char *csv_value(char *at, double value)
{
    if (isnan(value))
        return put_text(at, "NaN");
    if (isinf(value))
        return put_text(at, value > 0 ? "Infinity" : "-Infinity");
    return digits_double(at, value);
}

static char *csv_numbers(const struct export_out *out, char *at, const struct store_point *point)
{
    if (out->segments) {
        at = digits_unsigned(at, point->segment);
        *at++ = ',';
    }
    at = digits_integer(at, point->step);
    *at++ = ',';
    at = digits_time_us(at, point->time_us);
    *at++ = ',';
    at = csv_value(at, point->value);
    *at++ = '\n';
    return at;
}

static int csv_point(struct export_out *out, const struct store_point *point, struct err *err)
{
    int code = export_series(out, point->series);
    if (code > 0)
        csv_name(out, point->series);
    out->line.failed = out->line.failed || code < 0;
    char *at = begin_row(out);
    return end_row(out, at ? csv_numbers(out, at, point) : NULL, err);
}

const struct export_format export_csv = {"csv", false, csv_begin, csv_point};

/* ---- jsonl ---- */

static int jsonl_begin(struct export_out *out, struct err *err)
{
    (void)out;
    (void)err;
    return 0;
}

static void jsonl_name(struct export_out *out, const char *name)
{
    buf_clear(&out->line);
    buf_text(&out->line, "{\"series\":");
    jsonw_text(&out->line, text_from(name));
    out->line_start = out->line.size;
}

static char *jsonl_numbers(const struct export_out *out, char *at, const struct store_point *point)
{
    if (out->segments) {
        at = put_text(at, ",\"segment\":");
        at = digits_unsigned(at, point->segment);
    }
    at = put_text(at, ",\"step\":");
    at = digits_integer(at, point->step);
    at = put_text(at, ",\"time\":");
    at = digits_time_us(at, point->time_us);
    at = put_text(at, ",\"value\":");
    at = digits_double(at, point->value);
    return put_text(at, "}\n");
}

static int jsonl_point(struct export_out *out, const struct store_point *point, struct err *err)
{
    int code = export_series(out, point->series);
    if (code > 0)
        jsonl_name(out, point->series);
    out->line.failed = out->line.failed || code < 0;
    char *at = begin_row(out);
    return end_row(out, at ? jsonl_numbers(out, at, point) : NULL, err);
}

const struct export_format export_jsonl = {"jsonl", false, jsonl_begin, jsonl_point};
