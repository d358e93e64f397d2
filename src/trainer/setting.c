#include "trainer/setting.h"

#include <stdlib.h>

#include "trainer/result.h"
#include "trainer/tell.h"

/* Values that the program changes by itself are told only while this much room is left; the rest is for requests. */
#define CHANGES_ROOM (32u * 1024)

/* ---- the value ---- */

static struct value value_of_bits(enum value_type type, uint64_t bits)
{
    double number;

    switch (type) {
    case VALUE_DOUBLE:
        memcpy(&number, &bits, sizeof number);
        return value_double(number);
    case VALUE_BOOL:
        return value_integer(type, bits != 0);
    case VALUE_CHOICE:
        return value_integer(type, (int32_t)(uint32_t)bits);
    default:
        return value_integer(type, (int64_t)bits);
    }
}

static trimtab_value to_public(const struct value *value)
{
    return (trimtab_value){.type = (trimtab_type)value->type, .number = value->number, .integer = value->integer};
}

struct value setting_value(enum value_type type, const trimtab_value *value)
{
    if (type == VALUE_DOUBLE)
        return value_double(value->number);
    return value_integer(type, type == VALUE_BOOL ? value->integer != 0 : value->integer);
}

uint32_t setting_bytes(enum value_type type)
{
    return type == VALUE_BOOL ? 1 : type == VALUE_CHOICE ? 4 : 8;
}

uint64_t setting_bits(const struct setting *setting)
{
    struct watch watch = {.variable = setting->variable, .bytes = setting_bytes(setting->domain.type)};

    return watch_bits(&watch);
}

struct value setting_read(const struct setting *setting)
{
    if (setting->variable)
        return value_of_bits(setting->domain.type, setting_bits(setting));
    if (!setting->get)
        return setting->held;
    trimtab_value value = to_public(&setting->told);
    setting->get(setting->user, &value);
    return setting_value(setting->domain.type, &value);
}

static void store(const struct setting *setting, const struct value *value)
{
    switch (setting->domain.type) {
    case VALUE_DOUBLE:
        *(double *)setting->variable = value->number;
        break;
    case VALUE_INT:
        *(int64_t *)setting->variable = value->integer;
        break;
    case VALUE_BOOL:
        *(bool *)setting->variable = value->integer != 0;
        break;
    default:
        *(int *)setting->variable = (int)value->integer;
        break;
    }
}

int setting_write(struct setting *setting, const struct value *value, trimtab_result *why)
{
    if (setting->variable) {
        store(setting, value);
        return 0;
    }
    trimtab_value taken = to_public(value);
    int code = setting->set(setting->user, &taken, why);
    if (code == 0 && why->failed)
        code = -1;
    if (code == 0)
        setting->held = setting_value(setting->domain.type, &taken);
    return code;
}

/* ---- telling ---- */

bool setting_has_changed(const struct setting *setting)
{
    struct value now = setting_read(setting);

    return !value_same(&now, &setting->told);
}

void setting_tell(trimtab_run *run, struct setting *setting, uint64_t ticket, uint64_t overrides)
{
    struct value now = setting_read(setting);
    struct record record;

    tell_begin(run, &record, RECORD_EFFECT);
    record.effect.setting = setting->id;
    record.effect.value = now;
    record.effect.revision = setting->revision;
    record.effect.ticket = ticket;
    record.effect.overrides = overrides;
    (void)tell_put(run, &record);
    setting->told = now;
    if (setting->variable)
        run->watch[setting->watch].told = setting_bits(setting);
}

void settings_tell_changes(trimtab_run *run, uint64_t ticket)
{
    for (uint32_t i = 0; i < run->settings; i++) {
        struct setting *setting = run->setting[i];
        if (!setting_has_changed(setting))
            continue;
        if (!journal_has_room(&run->journal, CHANGES_ROOM))
            return;
        setting_tell(run, setting, ticket, setting->ticket);
        setting->ticket = 0;
    }
}

void setting_destroy(struct setting *setting)
{
    if (!setting)
        return;
    for (uint32_t i = 0; i < setting->domain.choices; i++)
        free(setting->choice[i]);
    free(setting->name);
    free(setting->unit);
    free(setting->doc);
    free(setting);
}
