#include "wire/members.h"

#include <math.h>

#include "base/digits.h"
#include "wire/json.h"

void element(struct buf *out)
{
    char last = out->size ? out->data[out->size - 1] : '{';
    if (last != '{' && last != '[')
        buf_char(out, ',');
}

void member(struct buf *out, const char *name)
{
    element(out);
    json_add_string(out, name);
    buf_char(out, ':');
}

void member_text(struct buf *out, const char *name, const char *text)
{
    member(out, name);
    json_add_string(out, text);
}

void member_text_or_null(struct buf *out, const char *name, const char *text)
{
    if (text && *text)
        member_text(out, name, text);
    else
        member_null(out, name);
}

void member_integer(struct buf *out, const char *name, int64_t integer)
{
    member(out, name);
    json_add_integer(out, integer);
}

void member_count(struct buf *out, const char *name, uint64_t count)
{
    char digits[DIGITS_MAX];
    member(out, name);
    buf_add(out, digits, (size_t)(digits_unsigned(digits, count) - digits));
}

void member_number(struct buf *out, const char *name, double number)
{
    member(out, name);
    json_add_number(out, number);
}

void member_seconds(struct buf *out, const char *name, double seconds)
{
    member_number(out, name, round(seconds * 1000) / 1000);
}

void member_time(struct buf *out, const char *name, int64_t time_ns)
{
    member(out, name);
    json_add_time(out, time_ns);
}

void member_bool(struct buf *out, const char *name, bool truth)
{
    member(out, name);
    buf_text(out, truth ? "true" : "false");
}

void member_null(struct buf *out, const char *name)
{
    member(out, name);
    buf_text(out, "null");
}

void members_progress(struct buf *out, const struct run *run)
{
    if (run->step_known)
        member_integer(out, "step", run->step);
    else
        member_null(out, "step");
    if (run->trainer.total_steps > 0)
        member_integer(out, "total", run->trainer.total_steps);
    else
        member_null(out, "total");
}

void members_rate(struct buf *out, const struct run *run)
{
    if (run->steps_per_second > 0)
        member_seconds(out, "rate", run->steps_per_second);
    else
        member_null(out, "rate");
    double eta = run_eta(run);
    if (eta >= 0)
        member_seconds(out, "eta", eta);
    else
        member_null(out, "eta");
}

void members_checkpoint(struct buf *out, const struct checkpoint *checkpoint)
{
    member_text(out, "id", checkpoint->id);
    member_integer(out, "step", checkpoint->step);
    member_time(out, "time", checkpoint->time_ns);
    member_text(out, "path", checkpoint->path);
    member_count(out, "bytes", checkpoint->bytes);
}
