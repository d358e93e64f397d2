#include "trainer/tell.h"

#include "base/clock.h"

/* The rest of an outcome beside its result: 64 items and a sentence. */
#define OUTCOME_BYTES 8192u

void tell_begin(const trimtab_run *run, struct record *record, enum record_kind kind)
{
    record->kind = kind;
    record->flags = 0;
    record->synthetic = record->replayed = false;
    record->step = run->step;
    record->time_ns = clock_real_ns();
}

int tell_put(trimtab_run *run, const struct record *record)
{
    if (journal_put(&run->journal, record) == 0)
        return TRIMTAB_OK;
    return run_refuse(run, TRIMTAB_DROPPED, "dropped for want of room in the journal: %s", run->journal.err.text);
}

int tell_message(trimtab_run *run, trimtab_level level, const char *text)
{
    struct record record;

    tell_begin(run, &record, RECORD_MESSAGE);
    record.message.level = (uint32_t)level;
    record.message.text = text_from(text);
    return tell_put(run, &record);
}

void tell_state(trimtab_run *run, enum run_state state, uint64_t ticket)
{
    struct record record;

    tell_begin(run, &record, RECORD_STATE);
    record.state.state = state;
    record.state.ticket = ticket;
    (void)tell_put(run, &record);
    /* Only now: if the record began a segment, what was restated there is the state before it. */
    run->state = state;
    run->state_ticket = ticket;
    run->state_step = run->step;
    run->state_time_ns = record.time_ns;
    int64_t now_ns = clock_monotonic_ns();
    if (state == RUN_PAUSED)
        run->paused_ns = now_ns;
    pulse_beat(&run->pulse, now_ns);
}

static void end_request(trimtab_run *run, uint64_t ticket)
{
    mailbox_done(&run->mailbox, ticket);
    pulse_beat(&run->pulse, clock_monotonic_ns());
}

void tell_outcome(trimtab_run *run, struct record *record)
{
    struct record_outcome *outcome = &record->outcome;
    size_t bytes = outcome->result.size + OUTCOME_BYTES;

    if (outcome->result.size > 0 && !journal_has_room(&run->journal, (uint32_t)bytes)) {
        outcome->result = text_of("", 0);
        outcome->result_cut = true;
    }
    if (tell_put(run, record) == TRIMTAB_OK) {
        end_request(run, outcome->ticket);
        return;
    }
    run->untold = (struct untold){outcome->ticket, outcome->error, outcome->changed, record->step};
}

bool tell_untold(trimtab_run *run)
{
    struct untold *untold = &run->untold;
    struct record record;

    if (untold->ticket == 0)
        return true;
    if (!journal_has_room(&run->journal, OUTCOME_BYTES))
        return false;
    tell_begin(run, &record, RECORD_OUTCOME);
    record.step = untold->step;
    record.outcome = (struct record_outcome){
        .ticket = untold->ticket,
        .outcome = untold->error ? OUTCOME_REFUSED : OUTCOME_APPLIED,
        .error = untold->error,
        .changed = untold->changed,
        .pause_step = INT64_MIN,
        .detail = text_from("the rest of this outcome found no room in the journal"),
        .result_cut = true,
    };
    if (tell_put(run, &record) != TRIMTAB_OK)
        return false;
    end_request(run, untold->ticket);
    untold->ticket = 0;
    return true;
}
