/* event.h: events as bytes: whole lines with their line end. The shapes are in doc/protocol.md. */
#ifndef WIRE_EVENT_H
#define WIRE_EVENT_H

#include "base/buf.h"
#include "model/event.h"

/* The members after "event" and "cursor" of an event that is not a point. */
void event_run_members(struct buf *out, const struct run *run, int64_t now_ns);
void event_setting_members(struct buf *out, const struct setting *setting, int64_t step, int64_t time_ns,
                           uint64_t overrides);
void event_started_members(struct buf *out, const struct ticket *ticket, int64_t step, int64_t time_ns);
void event_outcome_members(struct buf *out, const struct ticket *ticket, const struct run *run);
void event_said_members(struct buf *out, const struct said *said);
/* The same of a message without a number. by: "trainer" or "trimtab". */
void event_message_members(struct buf *out, uint32_t level, struct text text, int64_t step, int64_t time_ns,
                           const char *by);
void event_checkpoint_members(struct buf *out, const struct checkpoint *checkpoint);
void event_declared_series_members(struct buf *out, uint32_t id, const struct series *series);
void event_declared_setting_members(struct buf *out, const struct setting *setting);
void event_declared_action_members(struct buf *out, const struct action *action);

const char *event_name(enum event_kind kind);

/* One line of an event that is not a point. */
void event_line(struct buf *out, const char *name, uint64_t epoch, uint64_t n, const char *members, size_t size);

/* One `scalars` line of many points: begin, points, end. `thinned`: how many points were merged away; 0: not told. */
struct event_point {
    uint32_t series;
    int64_t step, time_ns;
    double value;
};
void event_scalars_line(struct buf *out, uint64_t epoch, uint64_t n, const struct event_point *points, size_t count,
                        uint64_t thinned);

/* One `gap` line: how many events of each topic (by bit) were missed, and their numbers. */
void event_gap_line(struct buf *out, uint64_t epoch, uint64_t n, const uint64_t missed[32], uint64_t from, uint64_t to);

#endif
