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
    return (trimtab_value){.type = (trimtab_type)value->type,
                           .number = value->number,
                           .integer = value->integer,
                           .text = value->text.data};
}

/* An index that is none of the choices cannot be told: the last one that was holds. */
static struct value known_choice(const struct setting *setting, int64_t index)
{
    bool known = index >= 0 && index < setting->domain.choices;

    return known ? value_integer(VALUE_CHOICE, index) : setting->told;
}

/* The program may leave a type of its own in there: the declared one holds. `into`: of a string, where it goes. */
static struct value from_public(const struct setting *setting, const trimtab_value *value, struct buf *into)
{
    enum value_type type = setting->domain.type;

    if (type == VALUE_STRING)
        return setting_text_take(setting->text, into, value->text);
    if (type == VALUE_DOUBLE)
        return value_double(value->number);
    if (type == VALUE_CHOICE)
        return known_choice(setting, value->integer);
    return value_integer(type, type == VALUE_BOOL ? value->integer != 0 : value->integer);
}

void setting_begin(struct setting *setting, const trimtab_value *value)
{
    struct setting_text *text = setting->text;

    setting->held = from_public(setting, value, text ? &text->held : NULL);
    setting->told = text ? setting_text_copy(&text->told, setting->held.text) : setting->held;
    struct value now = setting_read(setting);
    setting->told = text && now.text.data != text->told.data ? setting_text_copy(&text->told, now.text) : now;
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

static struct value read_variable(const struct setting *setting)
{
    struct value value = value_of_bits(setting->domain.type, setting_bits(setting));

    return value.type == VALUE_CHOICE ? known_choice(setting, value.integer) : value;
}

static struct value read_text(const struct setting *setting, const char *from)
{
    return setting_text_is_told(setting->text, from) ? setting->told
                                                     : setting_text_take(setting->text, &setting->text->now, from);
}

struct value setting_read(const struct setting *setting)
{
    if (setting->variable)
        return setting->text ? read_text(setting, setting->variable) : read_variable(setting);
    if (!setting->get)
        return setting->held;
    trimtab_value value = to_public(&setting->told);
    setting->get(setting->user, &value);
    return setting->text ? read_text(setting, value.text) : from_public(setting, &value, NULL);
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
    case VALUE_STRING:
        memcpy(setting->variable, value->text.data, value->text.size);
        ((char *)setting->variable)[value->text.size] = '\0';
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
    struct setting_text *text = setting->text;
    struct value given = text ? setting_text_copy(&text->now, value->text) : *value; /* zero-terminated */
    trimtab_value taken = to_public(&given);
    int code = setting->set(setting->user, &taken, why);
    if (code == 0 && why->failed)
        code = -1;
    if (code == 0)
        setting->held = from_public(setting, &taken, text ? &text->held : NULL);
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
    if (setting->text && now.text.data != setting->text->told.data)
        now = setting_text_copy(&setting->text->told, now.text);
    setting->told = now;
    if (setting_is_watched(setting))
        run->watch[setting->watch].told = setting_bits(setting);
}

void settings_tell_changes(trimtab_run *run, uint64_t ticket)
{
    for (uint32_t i = 0; i < run->settings; i++) {
        struct setting *setting = run->setting[i];
        bool changed = setting_has_changed(setting);
        if (!run_is_live(run)) /* a getter forked, and this is the child */
            return;
        if (!changed) {
            if (setting_is_watched(setting)) /* to a choice that there is not */
                run->watch[setting->watch].told = setting_bits(setting);
            continue;
        }
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
    setting_text_destroy(setting->text);
    free(setting);
}
