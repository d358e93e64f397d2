#include "trainer/action.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/declare.h"
#include "trainer/tell.h"

void action_destroy(struct action *action)
{
    if (!action)
        return;
    for (uint32_t i = 0; i < action->params; i++) {
        free(action->param[i].name);
        free(action->param[i].text);
    }
    free(action->name);
    free(action->doc);
    free(action);
}

/* ---- parameters ---- */

static bool make_domain(const trimtab_param *given, struct domain *domain)
{
    switch (given->type) {
    case TRIMTAB_TYPE_DOUBLE:
        return domain_double(domain, given->min, given->max);
    case TRIMTAB_TYPE_INT:
        return domain_int(domain, given->integer_min, given->integer_max);
    case TRIMTAB_TYPE_BOOL:
    case TRIMTAB_TYPE_STRING:
        domain_plain(domain, (enum value_type)given->type, 0);
        return true;
    default:
        return false;
    }
}

static struct value default_of(const trimtab_param *given)
{
    switch (given->type) {
    case TRIMTAB_TYPE_DOUBLE:
        return value_double(given->number);
    case TRIMTAB_TYPE_STRING:
        return (struct value){.type = VALUE_STRING, .text = text_from(given->text ? given->text : "")};
    default:
        return value_integer((enum value_type)given->type, given->integer);
    }
}

static int check_param(trimtab_run *run, const struct action *action, const trimtab_param *given)
{
    if (action->params == TRIMTAB_PARAMS_MAX)
        return run_refuse(run, TRIMTAB_INVALID, "action %s has more than %d parameters", action->name,
                          TRIMTAB_PARAMS_MAX);
    if (!run_is_name(given->name))
        return run_refuse(run, TRIMTAB_INVALID,
                          "a parameter's name is 1 to %d bytes of UTF-8 without control characters", TRIMTAB_NAME_MAX);
    if (!run_is_text(given->text, TRIMTAB_TEXT_MAX))
        return run_refuse(run, TRIMTAB_INVALID, "the default of parameter %s is too long or not UTF-8", given->name);
    for (uint32_t i = 0; i < action->params; i++)
        if (strcmp(action->param[i].name, given->name) == 0)
            return run_refuse(run, TRIMTAB_INVALID, "action %s has two parameters named %s", action->name, given->name);
    return TRIMTAB_OK;
}

static int add_param(trimtab_run *run, struct action *action, const trimtab_param *given)
{
    struct param *param = &action->param[action->params];
    struct err err;
    int code = check_param(run, action, given);

    if (code != TRIMTAB_OK)
        return code;
    param->value = default_of(given);
    if (!make_domain(given, &param->domain))
        return run_refuse(run, TRIMTAB_INVALID, "parameter %s has no such type or range", given->name);
    if (domain_check(&param->domain, "the default of parameter", given->name, &param->value, &err) < 0)
        return run_refuse(run, TRIMTAB_INVALID, "%s", err.text);
    action->params++;
    param->name = run_copy_text(given->name);
    param->text = run_copy_text(param->value.type == VALUE_STRING ? given->text : "");
    if (!param->name || !param->text)
        return run_refuse(run, TRIMTAB_LIMIT, "%s", err_sentence(ERR_NOMEM));
    if (param->value.type == VALUE_STRING)
        param->value.text.data = param->text;
    return TRIMTAB_OK;
}

/* ---- the action ---- */

static int check(trimtab_run *run, const trimtab_definition *definition)
{
    const char *name = definition->name;

    if (!run_is_name(name))
        return run_refuse(run, TRIMTAB_INVALID, "an action's name is 1 to %d bytes of UTF-8 without control characters",
                          TRIMTAB_NAME_MAX);
    if (!run_is_text(definition->doc, TRIMTAB_TEXT_MAX))
        return run_refuse(run, TRIMTAB_INVALID, "the doc of action %s is too long or not UTF-8", name);
    if (!definition->function)
        return run_refuse(run, TRIMTAB_INVALID, "action %s has no function", name);
    for (uint32_t i = 0; i < run->actions; i++)
        if (strcmp(run->action[i]->name, name) == 0)
            return run_refuse(run, TRIMTAB_DUPLICATE, "action %s is declared already", name);
    if (run->actions == TRIMTAB_ACTIONS_MAX)
        return run_refuse(run, TRIMTAB_LIMIT, "a run has at most %d actions", TRIMTAB_ACTIONS_MAX);
    return TRIMTAB_OK;
}

static int action_tell(trimtab_run *run, const struct action *action)
{
    struct record record;

    tell_begin(run, &record, RECORD_ACTION);
    declare_action(action, &record);
    int code = declare_count(run, &record);
    if (code == TRIMTAB_OK)
        (void)tell_put(run, &record); /* without room: the next segment begins with it */
    return code;
}

static int fill(trimtab_run *run, struct action *action, const trimtab_definition *definition)
{
    int code = TRIMTAB_OK;

    action->id = run->actions + 1;
    action->function = definition->function;
    action->user = definition->user;
    action->name = run_copy_text(definition->name);
    action->doc = run_copy_text(definition->doc);
    if (!action->name || !action->doc)
        return run_refuse(run, TRIMTAB_LIMIT, "%s", err_sentence(ERR_NOMEM));
    for (const trimtab_param *given = definition->params; given && given->name && code == TRIMTAB_OK; given++)
        code = add_param(run, action, given);
    return code;
}

int trimtab_action_define(trimtab_run *run, const trimtab_definition *definition)
{
    if (!run_is_live(run))
        return TRIMTAB_INERT;
    if (!definition)
        return run_refuse(run, TRIMTAB_INVALID, "an action needs a definition");
    int code = check(run, definition);
    if (code != TRIMTAB_OK)
        return code;
    struct action *action = calloc(1, sizeof *action);
    if (!action)
        return run_refuse(run, TRIMTAB_LIMIT, "%s", err_sentence(ERR_NOMEM));
    code = fill(run, action, definition);
    if (code == TRIMTAB_OK)
        code = action_tell(run, action);
    if (code == TRIMTAB_OK)
        run->action[run->actions++] = action;
    else
        action_destroy(action);
    return code;
}

int trimtab_action_declare(trimtab_run *run, const char *name, trimtab_action_fn *function, void *user, ...)
{
    /* Room for one parameter too many, which is refused. */
    trimtab_param params[TRIMTAB_PARAMS_MAX + 2] = {{0}};
    trimtab_definition definition = {.name = name, .params = params, .function = function, .user = user};
    va_list ap;

    va_start(ap, user);
    for (size_t i = 0; i <= TRIMTAB_PARAMS_MAX; i++) {
        params[i] = va_arg(ap, trimtab_param);
        if (!params[i].name)
            break;
    }
    va_end(ap);
    return trimtab_action_define(run, &definition);
}
