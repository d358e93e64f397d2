#include "model/declared.h"

#include <stdlib.h>

#include "model/copy.h"

/* The bounds of trimtab.h, with room for several trainers' declarations in one run. */
enum { SERIES_MAX = 16384, SETTINGS_MAX = 1024, ACTIONS_MAX = 256, CONFIGS_MAX = 1024, MAP_MAX = 65536 };

/* Room for one more element of `size` bytes, zeroed; arrays grow by doubling. */
static void *grow(void **array, uint32_t count, uint32_t most, size_t size)
{
    if (count >= most)
        return NULL;
    if ((count & (count - 1)) == 0) {
        void *more = realloc(*array, (count ? (size_t)count * 2 : 1) * size);
        if (!more)
            return NULL;
        *array = more;
    }
    void *at = (char *)*array + count * size;
    memset(at, 0, size);
    return at;
}

static struct series *series_named(struct run *run, struct text name, uint32_t *id)
{
    for (uint32_t i = 0; i < run->series_count; i++)
        if (text_is(name, run->series[i].name)) {
            *id = i;
            return &run->series[i];
        }
    return NULL;
}

bool declared_series(struct run *run, struct text name, struct text unit, uint32_t *id, bool *fresh)
{
    struct series *series = series_named(run, name, id);
    if (series)
        return text_replace(&series->unit, unit, fresh);
    series = grow((void **)&run->series, run->series_count, SERIES_MAX, sizeof *series);
    if (!series)
        return false;
    series->name = text_copy(name);
    series->unit = text_copy(unit);
    if (!series->name || !series->unit) {
        free(series->name);
        free(series->unit);
        return false;
    }
    *id = run->series_count++;
    *fresh = true;
    return true;
}

static void setting_free_choices(struct setting *setting)
{
    for (uint32_t i = 0; i < setting->choices; i++)
        free(setting->choice[i].text);
    free(setting->choice);
    setting->choice = NULL;
    setting->choices = 0;
}

static bool same_choices(const struct setting *setting, const struct record_setting *record)
{
    if (setting->choices != record->choices)
        return false;
    for (uint32_t i = 0; i < record->choices; i++)
        if (!text_is(record->choice[i], setting->choice[i].text))
            return false;
    return true;
}

static bool setting_take_choices(struct setting *setting, const struct record_setting *record, bool *fresh)
{
    if (same_choices(setting, record))
        return true;
    setting_free_choices(setting);
    *fresh = true;
    setting->choice = calloc(record->choices ? record->choices : 1, sizeof *setting->choice);
    if (!setting->choice)
        return false;
    for (uint32_t i = 0; i < record->choices; i++) {
        setting->choice[i].text = text_copy(record->choice[i]);
        if (!setting->choice[i].text)
            return false;
        setting->choices++;
    }
    return true;
}

static bool setting_take(struct setting *setting, const struct record_setting *record, bool *fresh)
{
    bool ok = text_replace(&setting->unit, record->unit, fresh) && text_replace(&setting->doc, record->doc, fresh) &&
              setting_take_choices(setting, record, fresh);
    if (setting->type != record->type || setting->bounded != record->bounded ||
        !value_same(&setting->min, &record->min) || !value_same(&setting->max, &record->max))
        *fresh = true;
    setting->type = record->type;
    setting->bounded = record->bounded;
    setting->min = record->min;
    setting->max = record->max;
    return ok;
}

bool declared_setting(struct run *run, const struct record_setting *record, uint32_t *id, bool *fresh)
{
    struct setting *setting = run_setting_named(run, record->name);
    if (!setting) {
        setting = grow((void **)&run->settings, run->settings_count, SETTINGS_MAX, sizeof *setting);
        if (!setting || !(setting->name = text_copy(record->name)))
            return false;
        run->settings_count++;
        *fresh = true;
    }
    *id = (uint32_t)(setting - run->settings);
    if (!setting->attached)
        *fresh = true;
    if (!setting_take(setting, record, fresh))
        return false;
    setting->trainer_id = record->id;
    if (setting->revision != record->revision || !value_same(&setting->value, &record->value))
        *fresh = true;
    if (!value_replace(&setting->value, &record->value))
        return false;
    setting->revision = record->revision;
    return true;
}

static void param_finish(struct param *param)
{
    free(param->name);
    free(param->text);
}

static void action_free_params(struct action *action)
{
    for (uint32_t i = 0; i < action->params; i++)
        param_finish(&action->param[i]);
    free(action->param);
    action->param = NULL;
    action->params = 0;
}

static bool param_take(struct param *param, const struct record_param *record)
{
    *param = (struct param){.value = record->value, .bounded = record->bounded, .min = record->min, .max = record->max};
    param->name = text_copy(record->name);
    param->text = text_copy(record->value.type == VALUE_STRING ? record->value.text : text_of("", 0));
    if (!param->name || !param->text) {
        param_finish(param);
        return false;
    }
    param->value.text = text_from(param->text);
    return true;
}

static bool same_params(const struct action *action, const struct record_action *record)
{
    if (action->params != record->params)
        return false;
    for (uint32_t i = 0; i < record->params; i++) {
        const struct param *a = &action->param[i];
        const struct record_param *b = &record->param[i];
        bool same_default = b->value.type == VALUE_STRING
                                ? a->value.type == VALUE_STRING && text_is(b->value.text, a->text)
                                : value_same(&a->value, &b->value);
        if (!text_is(b->name, a->name) || !same_default || a->bounded != b->bounded || !value_same(&a->min, &b->min) ||
            !value_same(&a->max, &b->max))
            return false;
    }
    return true;
}

static bool action_take_params(struct action *action, const struct record_action *record, bool *fresh)
{
    if (same_params(action, record))
        return true;
    action_free_params(action);
    *fresh = true;
    action->param = calloc(record->params ? record->params : 1, sizeof *action->param);
    if (!action->param)
        return false;
    for (uint32_t i = 0; i < record->params; i++) {
        if (!param_take(&action->param[i], &record->param[i]))
            return false;
        action->params++;
    }
    return true;
}

bool declared_action(struct run *run, const struct record_action *record, uint32_t *id, bool *fresh)
{
    struct action *action = run_action_named(run, record->name);
    if (!action) {
        action = grow((void **)&run->actions, run->actions_count, ACTIONS_MAX, sizeof *action);
        if (!action || !(action->name = text_copy(record->name)))
            return false;
        run->actions_count++;
        *fresh = true;
    }
    *id = (uint32_t)(action - run->actions);
    if (!action->attached)
        *fresh = true;
    action->trainer_id = record->id;
    return text_replace(&action->doc, record->doc, fresh) && action_take_params(action, record, fresh);
}

bool declared_config(struct run *run, struct text name, struct text json)
{
    bool differs;
    for (uint32_t i = 0; i < run->configs_count; i++)
        if (text_is(name, run->configs[i].name))
            return text_replace(&run->configs[i].json, json, &differs);
    struct config *config = grow((void **)&run->configs, run->configs_count, CONFIGS_MAX, sizeof *config);
    if (!config)
        return false;
    config->name = text_copy(name);
    config->json = text_copy(json);
    if (!config->name || !config->json) {
        free(config->name);
        free(config->json);
        return false;
    }
    run->configs_count++;
    return true;
}

void declared_finish(struct run *run)
{
    for (uint32_t i = 0; i < run->series_count; i++) {
        free(run->series[i].name);
        free(run->series[i].unit);
    }
    for (uint32_t i = 0; i < run->settings_count; i++) {
        free(run->settings[i].name);
        free(run->settings[i].unit);
        free(run->settings[i].doc);
        value_finish(&run->settings[i].value);
        setting_free_choices(&run->settings[i]);
    }
    for (uint32_t i = 0; i < run->actions_count; i++) {
        free(run->actions[i].name);
        free(run->actions[i].doc);
        action_free_params(&run->actions[i]);
    }
    for (uint32_t i = 0; i < run->configs_count; i++) {
        free(run->configs[i].name);
        free(run->configs[i].json);
    }
    free(run->series);
    free(run->settings);
    free(run->actions);
    free(run->configs);
}

bool id_map_put(struct id_map *map, uint32_t from, uint32_t to)
{
    if (from >= MAP_MAX)
        return false;
    if (from >= map->count) {
        uint32_t count = from + 1 > map->count * 2 ? from + 1 : map->count * 2;
        uint32_t *more = realloc(map->to, count * sizeof *more);
        if (!more)
            return false;
        memset(more + map->count, 0xff, (count - map->count) * sizeof *more);
        map->to = more;
        map->count = count;
    }
    map->to[from] = to;
    return true;
}

bool id_map_get(const struct id_map *map, uint32_t from, uint32_t *to)
{
    if (from >= map->count || map->to[from] == UINT32_MAX)
        return false;
    *to = map->to[from];
    return true;
}

void id_map_finish(struct id_map *map)
{
    free(map->to);
    *map = (struct id_map){0};
}
