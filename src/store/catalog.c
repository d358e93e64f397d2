#include "store/catalog.h"

#include <stdlib.h>
#include <string.h>

static void text_free(struct text *owned)
{
    free((char *)(uintptr_t)owned->data);
    *owned = text_of(NULL, 0);
}

bool catalog_copy(struct text *owned, struct text from)
{
    char *copy = malloc(from.size + 1);
    if (!copy)
        return false;
    if (from.size)
        memcpy(copy, from.data, from.size);
    copy[from.size] = 0;
    text_free(owned);
    *owned = text_of(copy, from.size);
    return true;
}

void catalog_maps_clear(struct catalog *catalog)
{
    struct catalog_map *maps[] = {&catalog->series_map, &catalog->settings_map, &catalog->actions_map};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        free(maps[i]->to);
        *maps[i] = (struct catalog_map){0};
    }
}

void catalog_finish(struct catalog *catalog)
{
    for (uint32_t i = 0; i < catalog->series_names.count; i++)
        text_free(&catalog->series[i].unit);
    for (uint32_t i = 0; i < catalog->settings_names.count; i++) {
        text_free(&catalog->settings[i].declaration);
        text_free(&catalog->settings[i].value.text);
    }
    for (uint32_t i = 0; i < catalog->actions_names.count; i++)
        text_free(&catalog->actions[i].declaration);
    names_finish(&catalog->series_names);
    names_finish(&catalog->settings_names);
    names_finish(&catalog->actions_names);
    catalog_maps_clear(catalog);
    text_free(&catalog->run);
    free(catalog->series);
    free(catalog->settings);
    free(catalog->actions);
    free(catalog->dirty);
    *catalog = (struct catalog){0};
}

/* The array with a further row, all zero, after as many as there are names; it may have moved. NULL: no memory, or too
 * many. */
static void *row_new(void *array, const struct names *names, uint32_t *capacity, size_t each)
{
    if (names->count >= CATALOG_IDS_MAX)
        return NULL;
    if (names->count == *capacity) {
        uint32_t more = *capacity ? *capacity * 2 : 16;
        void *larger = realloc(array, more * each);
        if (!larger)
            return NULL;
        array = larger;
        *capacity = more;
    }
    memset((char *)array + names->count * each, 0, each);
    return array;
}

uint32_t catalog_add_series(struct catalog *catalog, struct text name)
{
    uint32_t capacity = catalog->series_capacity; /* counts for both arrays: set with the second one */
    uint32_t *dirty = row_new(catalog->dirty, &catalog->series_names, &capacity, sizeof *dirty);
    if (!dirty)
        return NAMES_NONE;
    catalog->dirty = dirty;
    struct catalog_series *series =
        row_new(catalog->series, &catalog->series_names, &catalog->series_capacity, sizeof *series);
    if (!series)
        return NAMES_NONE;
    catalog->series = series;
    return names_add(&catalog->series_names, name);
}

uint32_t catalog_add_setting(struct catalog *catalog, struct text name)
{
    struct catalog_setting *settings =
        row_new(catalog->settings, &catalog->settings_names, &catalog->settings_capacity, sizeof *settings);
    if (!settings)
        return NAMES_NONE;
    catalog->settings = settings;
    return names_add(&catalog->settings_names, name);
}

uint32_t catalog_add_action(struct catalog *catalog, struct text name)
{
    struct catalog_action *actions =
        row_new(catalog->actions, &catalog->actions_names, &catalog->actions_capacity, sizeof *actions);
    if (!actions)
        return NAMES_NONE;
    catalog->actions = actions;
    return names_add(&catalog->actions_names, name);
}

bool catalog_setting_suits(const struct catalog_setting *setting, const struct value *value)
{
    return value->type == setting->value.type &&
           (value->type != VALUE_CHOICE || (value->integer >= 0 && value->integer < setting->choices));
}

bool catalog_setting_record(const struct catalog *catalog, uint32_t id, struct record *record)
{
    const struct catalog_setting *setting = &catalog->settings[id];
    size_t skip;
    if (record_decode((const uint8_t *)setting->declaration.data, setting->declaration.size, record, &skip) <= 0 ||
        record->kind != RECORD_SETTING)
        return false;
    record->setting.value = setting->value;
    record->setting.revision = setting->revision;
    return true;
}

bool catalog_set_value(struct catalog_setting *setting, const struct value *value)
{
    struct text text = setting->value.text;
    if (value->type == VALUE_STRING && !catalog_copy(&text, value->text))
        return false;
    setting->value = *value;
    setting->value.text = text;
    return true;
}

bool catalog_map_set(struct catalog_map *map, uint32_t from, uint32_t to)
{
    if (from >= CATALOG_IDS_MAX)
        return false;
    if (from >= map->count) {
        uint32_t count = map->count ? map->count : 16;
        while (count <= from)
            count *= 2;
        uint32_t *larger = realloc(map->to, count * sizeof *larger);
        if (!larger)
            return false;
        memset(larger + map->count, 0xff, (count - map->count) * sizeof *larger);
        map->to = larger;
        map->count = count;
    }
    map->to[from] = to;
    return true;
}
