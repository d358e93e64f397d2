#include "trainer/apply.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "trainer/args.h"
#include "trainer/result.h"
#include "trainer/resume.h"
#include "trainer/tell.h"

/* Error numbers of the wire protocol. */
enum { REFUSED_BY_MODEL = 46, REVISION_CONFLICT = 50, NOT_IN_THIS_STATE = 55 };

struct answer {
    struct record record; /* of the outcome */
    struct trimtab_result result;
};

static void refuse(struct answer *answer, uint32_t error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void refuse(struct answer *answer, uint32_t error, const char *format, ...)
{
    char text[RESULT_WHY_MAX];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    (void)trimtab_result_fail(&answer->result, "%s", text);
    answer->record.outcome.outcome = OUTCOME_REFUSED;
    answer->record.outcome.error = error;
    answer->record.outcome.changed = false;
}

/* ---- pause, resume, stop, advance ---- */

/* A run that was asked to leave its loop cannot be held in it. */
static bool is_stopping(const trimtab_run *run, struct answer *answer)
{
    if (run->state == RUN_STOPPING)
        refuse(answer, NOT_IN_THIS_STATE, "the run is stopping");
    return run->state == RUN_STOPPING;
}

static void apply_pause(trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    if (is_stopping(run, answer))
        return;
    run->pause_step = RUN_NO_STEP;
    answer->record.outcome.changed = run->state != RUN_PAUSED;
    if (run->state != RUN_PAUSED)
        tell_state(run, RUN_PAUSED, request->ticket);
}

static void apply_resume(trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    if (is_stopping(run, answer))
        return;
    answer->record.outcome.changed = run->state == RUN_PAUSED || run->pause_step != RUN_NO_STEP;
    run->pause_step = RUN_NO_STEP;
    if (run->state == RUN_PAUSED)
        tell_state(run, RUN_RUNNING, request->ticket);
}

static void apply_stop(trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    run->pause_step = RUN_NO_STEP;
    answer->record.outcome.changed = run->state != RUN_STOPPING;
    if (run->state != RUN_STOPPING)
        tell_state(run, RUN_STOPPING, request->ticket);
}

static void apply_advance(trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    if (is_stopping(run, answer))
        return;
    if (request->integer < 1 || request->integer > RECORD_STEP_MAX - run->step) {
        refuse(answer, REFUSED_BY_MODEL, "the run cannot advance by %" PRId64 " steps from step %" PRId64,
               request->integer, run->step);
        return;
    }
    run->pause_step = run->step + request->integer;
    run->pause_ticket = request->ticket;
    answer->record.outcome.pause_step = run->pause_step;
    if (run->state == RUN_PAUSED)
        tell_state(run, RUN_RUNNING, request->ticket);
}

/* ---- set: all are checked, then set in order; at a refusal those already set are set back ---- */

static bool check_item(const trimtab_run *run, const struct mailbox_item *item, struct answer *answer)
{
    struct err err;

    if (item->id - 1u >= run->settings) {
        refuse(answer, REFUSED_BY_MODEL, "the run has no setting %" PRIu32, item->id);
        return false;
    }
    const struct setting *setting = run->setting[item->id - 1];
    if (domain_check(&setting->domain, "setting", setting->name, &item->value, &err) < 0) {
        refuse(answer, REFUSED_BY_MODEL, "%s", err.text);
        return false;
    }
    if (item->expected_revision != MAILBOX_ANY_REVISION && item->expected_revision != setting->revision) {
        refuse(answer, REVISION_CONFLICT, "setting %s has revision %" PRIu64 ", expected %" PRIu64, setting->name,
               setting->revision, item->expected_revision);
        return false;
    }
    return true;
}

static bool check_set(const trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    if (request->items == 0)
        refuse(answer, REFUSED_BY_MODEL, "the request names no setting");
    for (uint32_t i = 0; i < request->items; i++)
        if (!check_item(run, &request->item[i], answer))
            return false;
    return request->items > 0;
}

/* Old and effective values that are strings are kept until the outcome is told: this makes room, so that they do not
 * move. */
static bool reserve_texts(trimtab_run *run, const struct mailbox_request *request)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < request->items; i++)
        bytes += 2 * (size_t)(request->item[i].value.type == VALUE_STRING ? TRIMTAB_STRING_MAX : 0);
    buf_clear(&run->texts);
    return bytes == 0 || buf_reserve(&run->texts, bytes);
}

static struct value read_for_outcome(trimtab_run *run, const struct setting *setting)
{
    struct value value = setting_read(setting);
    size_t at = run->texts.size;

    if (value.type == VALUE_STRING) {
        buf_add(&run->texts, value.text.data, value.text.size);
        value.text.data = run->texts.data + at;
    }
    return value;
}

static void note_before(trimtab_run *run, const struct mailbox_request *request, struct record_outcome *outcome)
{
    outcome->items = request->items;
    for (uint32_t i = 0; i < request->items; i++) {
        const struct setting *setting = run->setting[request->item[i].id - 1];
        outcome->item[i] = (struct record_item){
            .setting = setting->id, .old = read_for_outcome(run, setting), .requested = request->item[i].value};
    }
}

static void note_after(trimtab_run *run, struct record_outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->items; i++) {
        struct record_item *item = &outcome->item[i];
        const struct setting *setting = run->setting[item->setting - 1];
        item->effective = read_for_outcome(run, setting);
        item->revision = setting->revision;
        outcome->changed = outcome->changed || !value_same(&item->effective, &item->old);
    }
}

static void refuse_set(const struct setting *setting, int code, struct answer *answer)
{
    char why[RESULT_WHY_MAX];

    if (answer->result.failed)
        (void)snprintf(why, sizeof why, "%s", answer->result.why);
    else
        (void)snprintf(why, sizeof why, "its setter failed with code %d", code);
    refuse(answer, REFUSED_BY_MODEL, "setting %s: %s", setting->name, why);
}

/* How many were set; fewer than asked for: the next one's setter refused. */
static uint32_t set_items(const trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    for (uint32_t i = 0; i < request->items; i++) {
        struct setting *setting = run->setting[request->item[i].id - 1];
        int code = setting_write(setting, &request->item[i].value, &answer->result);
        if (code == 0)
            continue;
        refuse_set(setting, code, answer);
        return i;
    }
    return request->items;
}

/* A setter that refuses now leaves what it has: the values read back show it. */
static void set_back(const trimtab_run *run, const struct record_outcome *outcome, uint32_t count)
{
    struct trimtab_result ignored;

    while (count-- > 0) {
        const struct record_item *item = &outcome->item[count];
        result_init(&ignored);
        (void)setting_write(run->setting[item->setting - 1], &item->old, &ignored);
        result_finish(&ignored);
    }
}

static void count_revisions(trimtab_run *run, const struct record_outcome *outcome, uint64_t ticket)
{
    for (uint32_t i = 0; i < outcome->items; i++) {
        run->setting[outcome->item[i].setting - 1]->revision++;
        run->setting[outcome->item[i].setting - 1]->ticket = ticket;
    }
    resume_keep(run, true); /* before it is told: no revision that anybody has seen is used again */
    for (uint32_t i = 0; i < outcome->items; i++)
        setting_tell(run, run->setting[outcome->item[i].setting - 1], ticket, 0);
}

static void apply_set(trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    struct record_outcome *outcome = &answer->record.outcome;

    if (!check_set(run, request, answer))
        return;
    if (!reserve_texts(run, request)) {
        refuse(answer, REFUSED_BY_MODEL, "%s", err_sentence(ERR_NOMEM));
        return;
    }
    note_before(run, request, outcome);
    outcome->changed = false;
    uint32_t done = set_items(run, request, answer);
    if (!run_is_live(run))
        return;
    if (done == request->items)
        count_revisions(run, outcome, request->ticket);
    else
        set_back(run, outcome, done);
    settings_tell_changes(run, request->ticket);
    note_after(run, outcome);
}

/* ---- act ---- */

static void tell_started(trimtab_run *run, uint64_t ticket)
{
    struct record record;

    tell_begin(run, &record, RECORD_STARTED);
    record.started.ticket = ticket;
    (void)tell_put(run, &record);
    pulse_beat(&run->pulse, clock_monotonic_ns());
}

static void act(trimtab_run *run, const struct action *action, const struct trimtab_args *args, struct answer *answer)
{
    struct trimtab_result *result = &answer->result;
    int code = action->function(action->user, args, result);

    if (!run_is_live(run)) /* it forked, and this is the child */
        return;
    if (result->moves && run_holds_step(result->next_step))
        run_go_to_step(run, result->next_step);
    else if (result->moves)
        refuse(answer, REFUSED_BY_MODEL, "action %s asked for step %" PRId64 ", which is not within [-2^55, 2^55)",
               action->name, result->next_step);
    if (result->failed)
        refuse(answer, REFUSED_BY_MODEL, "%s", result->why);
    else if (code != 0)
        refuse(answer, REFUSED_BY_MODEL, "the action failed with code %d", code);
}

static void apply_act(trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    struct trimtab_args args;
    struct err err;

    if (request->target - 1u >= run->actions) {
        refuse(answer, REFUSED_BY_MODEL, "the run has no action %" PRIu32, request->target);
        return;
    }
    const struct action *action = run->action[request->target - 1];
    if (args_init(&args, action, request, &err) < 0) {
        refuse(answer, REFUSED_BY_MODEL, "%s", err.text);
    } else {
        tell_started(run, request->ticket);
        answer->record.outcome.changed = true;
        act(run, action, &args, answer);
        settings_tell_changes(run, request->ticket);
    }
    args_finish(&args);
}

/* ---- any request ---- */

static void apply_kind(trimtab_run *run, const struct mailbox_request *request, struct answer *answer)
{
    switch (request->kind) {
    case MAILBOX_PAUSE:
        apply_pause(run, request, answer);
        return;
    case MAILBOX_RESUME:
        apply_resume(run, request, answer);
        return;
    case MAILBOX_STOP:
        apply_stop(run, request, answer);
        return;
    case MAILBOX_ADVANCE:
        apply_advance(run, request, answer);
        return;
    case MAILBOX_SET:
        apply_set(run, request, answer);
        return;
    case MAILBOX_ACT:
        apply_act(run, request, answer);
        return;
    }
    refuse(answer, REFUSED_BY_MODEL, "the request could not be read");
}

void apply_request(trimtab_run *run, const struct mailbox_request *request)
{
    struct answer answer;
    struct record_outcome *outcome = &answer.record.outcome;

    *outcome = (struct record_outcome){
        .ticket = request->ticket, .outcome = OUTCOME_APPLIED, .changed = true, .pause_step = INT64_MIN};
    result_init(&answer.result);
    apply_kind(run, request, &answer);
    if (!run_is_live(run)) { /* what was called forked, and this is the child: the parent answers */
        result_finish(&answer.result);
        return;
    }
    outcome->detail = text_from(answer.result.failed ? answer.result.why : "");
    if (request->kind == MAILBOX_ACT) {
        outcome->result = result_text(&answer.result);
        outcome->result_cut = answer.result.cut;
    }
    tell_begin(run, &answer.record, RECORD_OUTCOME);
    tell_outcome(run, &answer.record);
    result_finish(&answer.result);
}
