#include <inttypes.h>
#include <math.h>

#include "trainer/resume.h"
#include "trainer/tell.h"

/* ---- scalars ---- */

static void refuse_scalar(trimtab_run *run, trimtab_series series)
{
    if (!run_is_live(run) || series.id == 0)
        return;
    if (series.id > run->series_count)
        (void)run_refuse(run, TRIMTAB_INVALID, "there is no series %" PRIu32, series.id);
    else
        run->dropped_at_bad_steps++;
}

static inline bool is_loggable(const trimtab_run *run, trimtab_series series)
{
    return run && series.id - 1u < run->loggable && run_is_live(run);
}

void trimtab_log(trimtab_run *run, trimtab_series series, double value)
{
    if (__builtin_expect(!is_loggable(run, series), 0)) {
        refuse_scalar(run, series);
        return;
    }
    journal_scalar(&run->journal, series.id, value);
    if (__builtin_expect(!isfinite(value), 0))
        nonfinite_logged(run, series.id, run->step, value);
}

void trimtab_log_at(trimtab_run *run, trimtab_series series, int64_t step, double value)
{
    if (!run_is_live(run) || series.id - 1u >= run->series_count) {
        refuse_scalar(run, series);
        return;
    }
    if (!run_holds_step(step)) {
        run->dropped_at_bad_steps++;
        (void)run_refuse(run, TRIMTAB_DROPPED, "step %" PRId64 " is not within [-2^55, 2^55)", step);
        return;
    }
    journal_scalar_at(&run->journal, series.id, step, value);
    if (__builtin_expect(!isfinite(value), 0))
        nonfinite_logged(run, series.id, step, value);
}

void trimtab_flush(trimtab_run *run)
{
    if (run_is_live(run))
        journal_publish(&run->journal);
}

/* ---- other things worth telling ---- */

int trimtab_checkpoint(trimtab_run *run, const char *id, const char *path, uint64_t bytes)
{
    struct record record;

    if (!run_is_live(run))
        return TRIMTAB_INERT;
    if (!id || !*id || !run_is_text(id, TRIMTAB_TEXT_MAX) || !run_is_text(path, TRIMTAB_TEXT_MAX))
        return run_refuse(run, TRIMTAB_INVALID, "a checkpoint's id or path is missing, too long or not UTF-8");
    tell_begin(run, &record, RECORD_CHECKPOINT);
    record.checkpoint.id = text_from(id);
    record.checkpoint.path = text_from(path ? path : "");
    record.checkpoint.bytes = bytes;
    int code = tell_put(run, &record);
    resume_checkpoint(run, id, path, bytes);
    return code;
}

int trimtab_message(trimtab_run *run, trimtab_level level, const char *text)
{
    if (!run_is_live(run))
        return TRIMTAB_INERT;
    if (level < TRIMTAB_INFO || level > TRIMTAB_ERROR)
        return run_refuse(run, TRIMTAB_INVALID, "a message has no level %d", (int)level);
    if (!text || !run_is_text(text, TRIMTAB_TEXT_MAX))
        return run_refuse(run, TRIMTAB_INVALID, "a message is missing, longer than %d bytes, or not UTF-8",
                          TRIMTAB_TEXT_MAX);
    return tell_message(run, level, text);
}
