/* reply.h: replies as bytes: one JSON object without its line end. The shapes are in doc/protocol.md. */
#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "base/buf.h"
#include "model/grant.h"
#include "model/run.h"
#include "model/ticket.h"

/* {"CodeError":..,"Error":"0x..","Message":..,"code":..,"id":..,"Detail":..}; code and id where known. `ticket` 0:
 * none. */
void reply_refusal(struct buf *out, const struct refusal *refusal, bool code_known, int64_t code,
                   const struct request_id *id);

/* {"code":20,"id":..,"result": and, to close it, }: between them goes one JSON value. */
void reply_open(struct buf *out, enum code code, const struct request_id *id);
void reply_close(struct buf *out);

/* The results, each one JSON object. `now_ns` is the real time. */
void result_empty(struct buf *out);
void result_ping(struct buf *out, int64_t now_ns);
struct hello_view {
    const char *version;
    uint64_t client;
    const char *name;
    enum role role;
    const char *auth; /* "token", "none" */
};
void result_hello(struct buf *out, const struct hello_view *view, const struct run *run, int64_t now_ns);
/* tickets: those not yet ended, ascending. */
void result_status(struct buf *out, const struct run *run, struct ticket *const *tickets, size_t count,
                   uint64_t clients, int64_t now_ns);
/* And what `grant` may do. */
void result_describe(struct buf *out, const struct run *run, const struct grant *grant);
void result_cursor(struct buf *out, uint64_t epoch, uint64_t n);
void result_pending(struct buf *out, const struct ticket *ticket);
void result_withdrawn(struct buf *out, uint64_t ticket);
/* Of a ticket whose outcome is known: applied gives a result, anything else an error with "ticket" (and "step",
 * "settings", "reached" where they apply). The whole reply, with code and id of the asker. */
void reply_outcome(struct buf *out, enum code code, const struct request_id *id, const struct ticket *ticket,
                   const struct run *run);

/* The members that tell an outcome: "ticket":..,"outcome":..,... without braces; used by replies, events and the audit.
 */
void outcome_members(struct buf *out, const struct ticket *ticket, const struct run *run);
/* A value of a setting: number, true, "choice". */
void setting_value_json(struct buf *out, const struct setting *setting, const struct value *value);

#endif
