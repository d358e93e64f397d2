#include "store/vals.h"

#include "channel/mailbox.h"
#include "store/jsonw.h"

void vals_value(struct buf *out, const struct value *value, const struct record_setting *declared)
{
    switch (value->type) {
    case VALUE_NONE:
        buf_text(out, "null");
        break;
    case VALUE_DOUBLE:
        jsonw_number(out, value->number);
        break;
    case VALUE_INT:
        jsonw_integer(out, value->integer);
        break;
    case VALUE_BOOL:
        buf_text(out, value->integer ? "true" : "false");
        break;
    case VALUE_CHOICE:
        if (declared && value->integer >= 0 && value->integer < declared->choices)
            jsonw_text(out, declared->choice[value->integer]);
        else
            jsonw_integer(out, value->integer);
        break;
    case VALUE_STRING:
        jsonw_text(out, value->text);
        break;
    }
}

static void vals_item(struct buf *out, const struct record_item *item, const struct record_setting *declared)
{
    jsonw_name(out, "old");
    vals_value(out, &item->old, declared);
    jsonw_name(out, "requested");
    vals_value(out, &item->requested, declared);
    jsonw_name(out, "effective");
    vals_value(out, &item->effective, declared);
    jsonw_name(out, "revision");
    buf_printf(out, "%llu", (unsigned long long)item->revision);
}

static void vals_settings(struct buf *out, const struct record_outcome *outcome, const struct catalog *catalog,
                          struct record *scratch)
{
    buf_char(out, '{');
    for (uint32_t i = 0; i < outcome->items; i++) {
        const struct record_item *item = &outcome->item[i];
        if (item->setting >= catalog->settings_names.count)
            continue;
        bool declared = catalog_setting_record(catalog, item->setting, scratch);
        if (out->data[out->size - 1] != '{')
            buf_char(out, ',');
        jsonw_text(out, catalog->settings_names.name[item->setting]);
        buf_text(out, ":{");
        vals_item(out, item, declared ? &scratch->setting : NULL);
        buf_char(out, '}');
    }
    buf_char(out, '}');
}

static bool moves_the_run(int64_t code)
{
    return code == MAILBOX_PAUSE || code == MAILBOX_RESUME || code == MAILBOX_STOP || code == MAILBOX_ADVANCE;
}

void vals_write(struct buf *out, const struct record *record, int64_t code, const struct catalog *catalog,
                struct record *scratch)
{
    const struct record_outcome *outcome = &record->outcome;
    buf_char(out, '{');
    if (outcome->items) {
        jsonw_name(out, "settings");
        vals_settings(out, outcome, catalog, scratch);
    }
    if (outcome->result.size) {
        jsonw_name(out, "result");
        jsonw_embed(out, outcome->result);
    }
    if (outcome->result_cut) {
        jsonw_name(out, "result_cut");
        buf_text(out, "true");
    }
    if (moves_the_run(code) && outcome->outcome == OUTCOME_APPLIED) {
        jsonw_name(out, "changed");
        buf_text(out, outcome->changed ? "true" : "false");
    }
    if (outcome->pause_step != INT64_MIN) {
        jsonw_name(out, "pause_step");
        jsonw_integer(out, outcome->pause_step);
    }
    buf_char(out, '}');
}
