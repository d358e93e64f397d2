#include "trainer/setting.h"

#include <stdlib.h>
#include <string.h>

#include "trainer/declare.h"
#include "trainer/resume.h"
#include "trainer/tell.h"

static int check_choices(trimtab_run *run, const trimtab_setting *given)
{
    uint32_t count = 0;

    for (; given->choices && given->choices[count]; count++) {
        if (count == TRIMTAB_CHOICES_MAX)
            return run_refuse(run, TRIMTAB_INVALID, "setting %s has more than %d choices", given->name,
                              TRIMTAB_CHOICES_MAX);
        if (!run_is_text(given->choices[count], TRIMTAB_TEXT_MAX))
            return run_refuse(run, TRIMTAB_INVALID, "a choice of setting %s is too long or not UTF-8", given->name);
    }
    if (count == 0)
        return run_refuse(run, TRIMTAB_INVALID, "setting %s has no choices", given->name);
    return (int)count;
}

struct variable {
    void *at;    /* NULL: there is none, but functions */
    size_t size; /* of a string: of its buffer */
};

/* TRIMTAB_OK with the domain, or TRIMTAB_INVALID. */
static int make_domain(trimtab_run *run, const trimtab_setting *given, struct variable variable, struct domain *domain)
{
    bool ordered = true;
    int count = 0;

    switch (given->value.type) {
    case TRIMTAB_TYPE_DOUBLE:
        ordered = domain_double(domain, given->min, given->max);
        break;
    case TRIMTAB_TYPE_INT:
        ordered = domain_int(domain, given->integer_min, given->integer_max);
        break;
    case TRIMTAB_TYPE_BOOL:
    case TRIMTAB_TYPE_CHOICE:
        count = given->value.type == TRIMTAB_TYPE_CHOICE ? check_choices(run, given) : 0;
        domain_plain(domain, (enum value_type)given->value.type, count > 0 ? (uint32_t)count : 0);
        break;
    case TRIMTAB_TYPE_STRING:
        domain_string(domain, variable.at ? (uint32_t)variable.size - 1 : TRIMTAB_STRING_MAX);
        break;
    default:
        return run_refuse(run, TRIMTAB_INVALID, "setting %s is of a type that settings do not have", given->name);
    }
    if (!ordered)
        return run_refuse(run, TRIMTAB_INVALID, "the least value of setting %s lies above its greatest", given->name);
    return count < 0 ? count : TRIMTAB_OK;
}

static int check(trimtab_run *run, const trimtab_setting *given)
{
    if (!run_is_name(given->name))
        return run_refuse(run, TRIMTAB_INVALID, "a setting's name is 1 to %d bytes of UTF-8 without control characters",
                          TRIMTAB_NAME_MAX);
    if (!run_is_text(given->unit, TRIMTAB_TEXT_MAX) || !run_is_text(given->doc, TRIMTAB_TEXT_MAX))
        return run_refuse(run, TRIMTAB_INVALID, "unit or doc of setting %s is too long or not UTF-8", given->name);
    for (uint32_t i = 0; i < run->settings; i++)
        if (strcmp(run->setting[i]->name, given->name) == 0)
            return run_refuse(run, TRIMTAB_DUPLICATE, "setting %s is declared already", given->name);
    if (run->settings == TRIMTAB_SETTINGS_MAX)
        return run_refuse(run, TRIMTAB_LIMIT, "a run has at most %d settings", TRIMTAB_SETTINGS_MAX);
    return TRIMTAB_OK;
}

/* An index that is none cannot be told. */
static int check_choice(trimtab_run *run, const trimtab_setting *given, struct variable variable,
                        const struct domain *domain)
{
    struct value value = value_integer(VALUE_CHOICE, given->value.integer);
    struct err err;

    if (domain->type != VALUE_CHOICE)
        return TRIMTAB_OK;
    if (variable.at)
        value.integer = *(const int *)variable.at;
    if (domain_check(domain, "setting", given->name, &value, &err) < 0)
        return run_refuse(run, TRIMTAB_INVALID, "%s", err.text);
    return TRIMTAB_OK;
}

static struct setting *setting_create(const trimtab_setting *given, const struct domain *domain, void *variable)
{
    struct setting *setting = calloc(1, sizeof *setting);

    if (!setting)
        return NULL;
    setting->domain = *domain;
    setting->name = run_copy_text(given->name);
    setting->unit = run_copy_text(given->unit);
    setting->doc = run_copy_text(given->doc);
    if (domain->type == VALUE_STRING)
        setting->text = setting_text_create(domain->bytes);
    bool whole = setting->name && setting->unit && setting->doc && (setting->text || domain->type != VALUE_STRING);
    for (uint32_t i = 0; i < domain->choices; i++) {
        setting->choice[i] = run_copy_text(given->choices[i]);
        whole = whole && setting->choice[i];
    }
    setting->set = given->set;
    setting->get = given->get;
    setting->user = given->user;
    setting->variable = variable;
    if (!whole) {
        setting_destroy(setting);
        return NULL;
    }
    setting_begin(setting, &given->value);
    return setting;
}

static void watch_add(trimtab_run *run, struct setting *setting)
{
    setting->watch = run->watches;
    run->watch[run->watches++] = (struct watch){
        .variable = setting->variable, .told = setting_bits(setting), .bytes = setting_bytes(setting->domain.type)};
}

/* What is restated at the head of each segment must have room also for the longest text that the setting may hold. */
static int count_setting(trimtab_run *run, const struct setting *setting)
{
    struct record record;

    declare_setting(setting, &record);
    record.step = record.time_ns = 0;
    if (setting->text) {
        memset(setting->text->now.data, 'x', setting->text->most);
        record.setting.value.text = text_of(setting->text->now.data, setting->text->most);
    }
    return declare_count(run, &record);
}

static void add(trimtab_run *run, struct setting *setting)
{
    struct record record;

    tell_begin(run, &record, RECORD_SETTING);
    declare_setting(setting, &record);
    (void)tell_put(run, &record); /* without room: the next segment begins with it */
    run->setting[run->settings++] = setting;
    if (setting_is_watched(setting))
        watch_add(run, setting);
    run->getters += setting_is_polled(setting) ? 1 : 0;
    run->strings += setting->text ? 1 : 0;
}

static int declare(trimtab_run *run, const trimtab_setting *given, struct variable variable)
{
    struct domain domain;
    int code = check(run, given);

    if (code == TRIMTAB_OK)
        code = make_domain(run, given, variable, &domain);
    if (code == TRIMTAB_OK)
        code = check_choice(run, given, variable, &domain);
    if (code != TRIMTAB_OK)
        return code;
    struct setting *setting = setting_create(given, &domain, variable.at);
    if (!setting)
        return run_refuse(run, TRIMTAB_LIMIT, "%s", err_sentence(ERR_NOMEM));
    setting->id = run->settings + 1;
    setting->revision = resume_revision(&run->resume, setting->name);
    code = count_setting(run, setting);
    if (code == TRIMTAB_OK)
        add(run, setting);
    else
        setting_destroy(setting);
    return code;
}

static int bind_variable(trimtab_run *run, trimtab_setting *given, void *variable, size_t size)
{
    if (!run_is_live(run))
        return TRIMTAB_INERT;
    if (!variable)
        return run_refuse(run, TRIMTAB_INVALID, "a setting needs a variable");
    return declare(run, given, (struct variable){variable, size});
}

int trimtab_setting_double(trimtab_run *run, const char *name, double *variable, double min, double max,
                           const char *doc)
{
    trimtab_setting given = {.name = name, .value = {.type = TRIMTAB_TYPE_DOUBLE}, .min = min, .max = max, .doc = doc};

    return bind_variable(run, &given, variable, 0);
}

int trimtab_setting_int(trimtab_run *run, const char *name, int64_t *variable, int64_t min, int64_t max,
                        const char *doc)
{
    trimtab_setting given = {
        .name = name, .value = {.type = TRIMTAB_TYPE_INT}, .integer_min = min, .integer_max = max, .doc = doc};

    return bind_variable(run, &given, variable, 0);
}

int trimtab_setting_bool(trimtab_run *run, const char *name, bool *variable, const char *doc)
{
    trimtab_setting given = {.name = name, .value = {.type = TRIMTAB_TYPE_BOOL}, .doc = doc};

    return bind_variable(run, &given, variable, 0);
}

int trimtab_setting_choice(trimtab_run *run, const char *name, int *variable, const char *const *choices,
                           const char *doc)
{
    trimtab_setting given = {.name = name, .value = {.type = TRIMTAB_TYPE_CHOICE}, .choices = choices, .doc = doc};

    return bind_variable(run, &given, variable, 0);
}

int trimtab_setting_string(trimtab_run *run, const char *name, char *buffer, size_t size, const char *doc)
{
    trimtab_setting given = {.name = name, .value = {.type = TRIMTAB_TYPE_STRING}, .doc = doc};

    if (run_is_live(run) && (size < 1 || size > TRIMTAB_STRING_MAX + 1))
        return run_refuse(run, TRIMTAB_INVALID, "the buffer of a string setting has 1 to %d bytes, not %zu",
                          TRIMTAB_STRING_MAX + 1, size);
    return bind_variable(run, &given, buffer, size);
}

int trimtab_setting_declare(trimtab_run *run, const trimtab_setting *given)
{
    if (!run_is_live(run))
        return TRIMTAB_INERT;
    if (!given || !given->set)
        return run_refuse(run, TRIMTAB_INVALID, "a setting needs a function that sets it");
    return declare(run, given, (struct variable){0});
}
