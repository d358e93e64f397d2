#include "wire/outcome.h"

#include "wire/json.h"
#include "wire/members.h"

static const char *outcome_name(enum outcome_kind kind)
{
    switch (kind) {
    case OUTCOME_APPLIED:
        return "applied";
    case OUTCOME_REFUSED:
        return "refused";
    case OUTCOME_EXPIRED:
        return "expired";
    case OUTCOME_CANCELLED:
        return "cancelled";
    case OUTCOME_LOST:
        return "lost";
    }
    return "pending";
}

int outcome_error(const struct outcome *outcome)
{
    return protocol_message(outcome->error) ? outcome->error : ERROR_MODEL;
}

void setting_value_json(struct buf *out, const struct setting *setting, const struct value *value)
{
    switch (value->type) {
    case VALUE_DOUBLE:
        json_add_number(out, value->number);
        return;
    case VALUE_INT:
        json_add_integer(out, value->integer);
        return;
    case VALUE_BOOL:
        buf_text(out, value->integer ? "true" : "false");
        return;
    case VALUE_CHOICE:
        if (value->integer >= 0 && value->integer < setting->choices)
            json_add_string(out, setting->choice[value->integer].text);
        else
            buf_text(out, "null");
        return;
    case VALUE_STRING:
        json_add_text(out, value->text);
        return;
    case VALUE_NONE:
        break;
    }
    buf_text(out, "null");
}

static void member_value(struct buf *out, const char *name, const struct setting *setting, const struct value *value)
{
    member(out, name);
    setting_value_json(out, setting, value);
}

static void member_items(struct buf *out, const struct outcome *outcome, const struct run *run)
{
    member(out, "settings");
    buf_char(out, '{');
    for (uint32_t i = 0; i < outcome->items; i++) {
        const struct outcome_item *item = &outcome->item[i];
        if (item->setting >= run->settings_count)
            continue;
        const struct setting *setting = &run->settings[item->setting];
        member(out, setting->name);
        buf_char(out, '{');
        member_value(out, "old", setting, &item->old);
        member_value(out, "requested", setting, &item->requested);
        member_value(out, "effective", setting, &item->effective);
        member_count(out, "revision", item->revision);
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

static bool tells_changed(enum code code)
{
    return code == CODE_PAUSE || code == CODE_RESUME || code == CODE_STOP || code == CODE_ADVANCE ||
           code == CODE_FREEZE;
}

void outcome_facts(struct buf *out, const struct ticket *ticket, const struct run *run)
{
    const struct outcome *outcome = &ticket->outcome;
    if (outcome->step_known)
        member_integer(out, "step", outcome->step);
    if (outcome->items > 0)
        member_items(out, outcome, run);
    if (outcome->kind == OUTCOME_APPLIED && tells_changed(ticket->code))
        member_bool(out, "changed", outcome->changed);
    if (outcome->pause_step_known)
        member_integer(out, "pause_step", outcome->pause_step);
    if (outcome->result) {
        member(out, "result");
        json_add_one_line(out, text_from(outcome->result));
    }
    if (outcome->result_cut)
        member_bool(out, "result_cut", true);
    if (outcome->kind == OUTCOME_LOST)
        member_bool(out, "reached", outcome->reached);
}

void outcome_members(struct buf *out, const struct ticket *ticket, const struct run *run)
{
    member_count(out, "ticket", ticket->number);
    member_text(out, "outcome", outcome_name(ticket->outcome.kind));
    outcome_facts(out, ticket, run);
}

void result_pending(struct buf *out, const struct ticket *ticket)
{
    buf_char(out, '{');
    member_count(out, "ticket", ticket->number);
    member_text(out, "outcome", "pending");
    if (ticket->unaudited && !ticket->row_committed)
        member_text(out, "audit", "waiting");
    buf_char(out, '}');
}

void result_withdrawn(struct buf *out, uint64_t ticket)
{
    buf_char(out, '{');
    member_count(out, "ticket", ticket);
    member_text(out, "outcome", "cancelled");
    buf_char(out, '}');
}
