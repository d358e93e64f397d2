#include "trainer/config.h"

#include <stdlib.h>
#include <string.h>

#include "trainer/declare.h"
#include "trainer/tell.h"

static int no_memory(trimtab_run *run)
{
    return run_refuse(run, TRIMTAB_LIMIT, "%s", err_sentence(ERR_NOMEM));
}

static void as_record(const trimtab_run *run, const struct config *config, struct record *record)
{
    tell_begin(run, record, RECORD_CONFIG);
    declare_config(config, record);
}

/* The new value must fit in the place of the old one: else the old one stays. */
static int replace(trimtab_run *run, struct config *config, char *json)
{
    struct config next = {.name = config->name, .json = json};
    struct record record;

    as_record(run, config, &record);
    declare_uncount(run, &record);
    as_record(run, &next, &record);
    int code = declare_count(run, &record);
    if (code == TRIMTAB_OK) {
        free(config->json);
        config->json = json;
        return code;
    }
    as_record(run, config, &record);
    (void)declare_count(run, &record);
    return code;
}

static int add(trimtab_run *run, const char *name, char *json)
{
    struct config config = {.name = run_copy_text(name), .json = json};
    struct config *grown = run_grow(run->config, run->configs, &run->config_capacity, sizeof config);
    struct record record;
    int code;

    if (grown)
        run->config = grown;
    if (run->configs == RUN_CONFIGS_MAX) {
        code = run_refuse(run, TRIMTAB_LIMIT, "a run has at most %u config values", RUN_CONFIGS_MAX);
    } else if (!config.name || !grown) {
        code = no_memory(run);
    } else {
        as_record(run, &config, &record);
        code = declare_count(run, &record);
    }
    if (code == TRIMTAB_OK)
        run->config[run->configs++] = config;
    else
        free(config.name);
    return code;
}

int config_keep(trimtab_run *run, const char *name, char *json)
{
    uint32_t at = 0;

    if (!json)
        return no_memory(run);
    while (at < run->configs && strcmp(run->config[at].name, name) != 0)
        at++;
    int code = at < run->configs ? replace(run, &run->config[at], json) : add(run, name, json);
    if (code != TRIMTAB_OK)
        free(json);
    return code;
}

int trimtab_config(trimtab_run *run, const char *name, const char *json)
{
    struct config told = {.name = (char *)(uintptr_t)name, .json = (char *)(uintptr_t)json};
    struct record record;

    if (!run_is_live(run))
        return TRIMTAB_INERT;
    if (!run_is_name(name))
        return run_refuse(run, TRIMTAB_INVALID,
                          "a config value's name is 1 to %d bytes of UTF-8 without control characters",
                          TRIMTAB_NAME_MAX);
    if (!json || !*json || !run_is_text(json, TRIMTAB_CONFIG_MAX))
        return run_refuse(run, TRIMTAB_INVALID, "config %s is empty, longer than %d bytes, or not UTF-8", name,
                          TRIMTAB_CONFIG_MAX);
    int code = config_keep(run, name, run_copy_text(json));
    if (code != TRIMTAB_OK)
        return code;
    as_record(run, &told, &record);
    return tell_put(run, &record);
}
