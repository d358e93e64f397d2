#include "wire/reply.h"

#include "wire/json.h"
#include "wire/members.h"
#include "wire/outcome.h"

static void member_id(struct buf *out, const struct request_id *id)
{
    if (id && id->kind == REQUEST_ID_INTEGER)
        member_integer(out, "id", id->integer);
    if (id && id->kind == REQUEST_ID_TEXT)
        member_text(out, "id", id->text);
}

static void open_error(struct buf *out, int error, const char *message)
{
    buf_char(out, '{');
    member_integer(out, "CodeError", error);
    member(out, "Error");
    buf_printf(out, "\"0x%02X\"", (unsigned)error);
    member_text(out, "Message", message);
}

void reply_refusal(struct buf *out, const struct refusal *refusal, bool code_known, int64_t code,
                   const struct request_id *id)
{
    open_error(out, refusal->error, refusal->same_code ? PROTOCOL_SAME_CODE : protocol_message(refusal->error));
    if (code_known)
        member_integer(out, "code", code);
    member_id(out, id);
    member_text(out, "Detail", refusal->detail);
    buf_char(out, '}');
}

void reply_open(struct buf *out, enum code code, const struct request_id *id)
{
    buf_char(out, '{');
    member_integer(out, "code", code);
    member_id(out, id);
    member(out, "result");
}

void reply_close(struct buf *out)
{
    buf_char(out, '}');
}

/* pause and stop are carried out before their audit row is committed. */
static void member_audit(struct buf *out, const struct ticket *ticket)
{
    if (ticket->unaudited && !ticket->row_committed)
        member_text(out, "audit", "waiting");
}

static void reply_applied(struct buf *out, enum code code, const struct request_id *id, const struct ticket *ticket,
                          const struct run *run)
{
    reply_open(out, code, id);
    buf_char(out, '{');
    outcome_members(out, ticket, run);
    member_audit(out, ticket);
    buf_char(out, '}');
    reply_close(out);
}

static void reply_not_applied(struct buf *out, enum code code, const struct request_id *id, const struct ticket *ticket,
                              const struct run *run)
{
    int error = outcome_error(&ticket->outcome);
    open_error(out, error, protocol_message(error));
    member_integer(out, "code", code);
    member_id(out, id);
    member_text(out, "Detail", ticket->outcome.detail);
    member_count(out, "ticket", ticket->number);
    outcome_facts(out, ticket, run);
    member_audit(out, ticket);
    buf_char(out, '}');
}

void reply_outcome(struct buf *out, enum code code, const struct request_id *id, const struct ticket *ticket,
                   const struct run *run)
{
    if (ticket->outcome.kind == OUTCOME_APPLIED)
        reply_applied(out, code, id, ticket, run);
    else
        reply_not_applied(out, code, id, ticket, run);
}
