#include "model/outcome.h"

#include <stdlib.h>

#include "model/copy.h"
#include "model/declared.h"

static void item_finish(struct outcome_item *item)
{
    value_finish(&item->old);
    value_finish(&item->requested);
    value_finish(&item->effective);
}

static bool item_take(struct outcome_item *item, uint32_t setting, const struct record_item *record)
{
    *item = (struct outcome_item){.setting = setting, .revision = record->revision};
    if (value_replace(&item->old, &record->old) && value_replace(&item->requested, &record->requested) &&
        value_replace(&item->effective, &record->effective))
        return true;
    item_finish(item);
    return false;
}

static bool take_items(struct outcome *outcome, const struct run *run, const struct record_outcome *record)
{
    outcome->item = calloc(record->items ? record->items : 1, sizeof *outcome->item);
    if (!outcome->item)
        return false;
    for (uint32_t i = 0; i < record->items; i++) {
        uint32_t setting;
        if (!id_map_get(&run->settings_map, record->item[i].setting, &setting))
            continue;
        if (!item_take(&outcome->item[outcome->items], setting, &record->item[i]))
            return false;
        outcome->items++;
    }
    return true;
}

bool outcome_take(struct outcome *outcome, const struct run *run, const struct record *record)
{
    const struct record_outcome *said = &record->outcome;
    outcome_finish(outcome);
    outcome->kind = said->outcome == OUTCOME_APPLIED ? OUTCOME_APPLIED : OUTCOME_REFUSED;
    outcome->error = outcome->kind == OUTCOME_APPLIED ? 0 : (int)said->error;
    if (outcome->kind == OUTCOME_REFUSED && !protocol_message(outcome->error))
        outcome->error = ERROR_MODEL;
    outcome->step_known = true;
    outcome->step = record->step;
    outcome->time_ns = record->time_ns;
    outcome->changed = said->changed;
    outcome->pause_step_known = said->pause_step != INT64_MIN;
    outcome->pause_step = said->pause_step;
    outcome->result_cut = said->result_cut;
    outcome->detail = text_copy(said->detail);
    return take_items(outcome, run, said) && outcome->detail;
}

void outcome_finish(struct outcome *outcome)
{
    for (uint32_t i = 0; i < outcome->items; i++)
        item_finish(&outcome->item[i]);
    free(outcome->item);
    free(outcome->detail);
    free(outcome->result);
    *outcome = (struct outcome){0};
}
