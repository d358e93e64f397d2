/* ingest.c: the journal's records into the run, the broadcast log and the tickets. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "server/server.h"
#include "server/tell.h"

enum { BATCH = 1024, TURN_NS = 8000000, REASON_BYTES = 300 };

static void take_trainer(struct server *server)
{
    struct journal_position position = journal_reader_position(server->attach.reader);
    server->run.trainer.incarnation = position.incarnation;
    server->run.trainer.ordinal = position.ordinal;
    server->attach.declared_ordinal = position.ordinal;
}

static void take_gap(struct server *server, const struct record *record)
{
    char text[REASON_BYTES + 120];
    struct text reason = record->gap.reason;
    int shown = (int)utf8_valid_prefix(reason.data, reason.size < REASON_BYTES ? reason.size : REASON_BYTES);
    int size = snprintf(text, sizeof text, "gap: %" PRIu64 " points and %" PRIu64 " other records are missing (%.*s)",
                        record->gap.scalars, record->gap.others, shown, shown ? reason.data : "");
    if (record->gap.scalars == 0 && record->gap.others == 0) /* nobody counted them */
        size = snprintf(text, sizeof text, "gap: a part of the journal is missing (%.*s)", shown,
                        shown ? reason.data : "");
    run_said(&server->run, 0, 2, text_of(text, (size_t)size), "trimtab",
             server->run.step_known ? server->run.step : MAILBOX_NO_STEP, server->now_ns);
    tell_newest_said(server);
    log_line(LOG_WARNING, "%s", text);
}

static void take_point(struct server *server, uint32_t id)
{
    const struct series *series = &server->run.series[id];
    hub_publish_point(&server->hub, id, series->step, series->time_ns, series->value);
}

/* Events and tickets follow from what a record changed. */
static void take_change(struct server *server, const struct change *change, const struct record *record)
{
    switch (change->kind) {
    case CHANGE_POINT:
        take_point(server, change->id);
        break;
    case CHANGE_SERIES:
    case CHANGE_SETTING:
    case CHANGE_ACTION:
        tell_declared(server, change);
        break;
    case CHANGE_EFFECT:
        tell_setting(server, change->id, record);
        break;
    case CHANGE_STATE:
    case CHANGE_TOTAL:
        tell_run(server);
        break;
    case CHANGE_CHECKPOINT:
        tell_checkpoint(server);
        break;
    case CHANGE_MESSAGE:
        tell_newest_said(server);
        break;
    case CHANGE_OUTCOME:
        tickets_take_outcome(server, record);
        break;
    case CHANGE_STARTED:
        tickets_take_started(server, record);
        break;
    case CHANGE_GAP:
        take_gap(server, record);
        break;
    case CHANGE_END:
        tell_run(server);
        attach_end_seen(server, journal_reader_position(server->attach.reader).ordinal);
        break;
    case CHANGE_NONE:
    case CHANGE_STEP:
    case CHANGE_TRAINER:
        break;
    }
}

static void take(struct server *server, const struct record *record)
{
    struct change change = run_take(&server->run, record);
    if (record->kind == RECORD_RUN)
        take_trainer(server);
    if (record->replayed)
        return;
    if (record->time_ns > server->began_ns)
        server->attach.passed_start = true;
    take_change(server, &change, record);
}

void ingest_turn(struct server *server)
{
    struct attach *attach = &server->attach;
    struct record record;
    struct err err = {0};
    int got = 1;
    for (unsigned n = 1; got > 0; n++) {
        got = journal_reader_next(attach->reader, &record, &err);
        if (got > 0) {
            take(server, &record);
            attach->last_record_ns = server->mono_ns;
        }
        if (n % BATCH == 0 && clock_monotonic_ns() - server->mono_ns > TURN_NS)
            break;
    }
    attach->caught_up = got == 0;
    if (got < 0 && !attach->failing)
        log_line(LOG_WARNING, "the journal cannot be read now: %s", err.text);
    attach->failing = got < 0;
}
