#include "model/grant.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum { LIST_BYTES = 280 };

/* ---- is it one? ---- */

bool grant_is_name(const char *text, size_t size)
{
    uint32_t point;
    if (size < 1 || size > GRANT_NAME_BYTES || text[0] == ' ' || text[size - 1] == ' ' ||
        utf8_valid_prefix(text, size) < size)
        return false;
    for (size_t at = 0; at < size;) {
        at += utf8_character(text + at, &point);
        if (utf8_is_harmful(point))
            return false;
    }
    return true;
}

/* A name that stands twice, with two ranges: which one holds? */
static const struct grant_allow *allowed_twice(const struct grant *grant)
{
    for (uint32_t i = 0; i < grant->allows; i++)
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(grant->allow[i].name, grant->allow[j].name) == 0)
                return &grant->allow[i];
    return NULL;
}

int grant_check(const struct grant *grant, struct err *err)
{
    if (!grant_is_name(grant->name, strlen(grant->name)))
        return err_set(err, ERR_INVALID,
                       "the name of a token has 1 to %d bytes of printable UTF-8, and no space at its ends",
                       GRANT_NAME_BYTES);
    if (grant->role != ROLE_VIEWER && grant->role != ROLE_CONTROLLER && grant->role != ROLE_ADMIN)
        return err_set(err, ERR_INVALID, "the role of a token is viewer, controller or admin");
    if (grant->role != ROLE_CONTROLLER && (grant->allows > 0 || grant->rate > 0))
        return err_set(err, ERR_INVALID, "%s limits what a controller may do; %s", grant->allows ? "allow" : "rate",
                       grant->role == ROLE_VIEWER ? "a viewer changes nothing" : "an admin is not limited");
    const struct grant_allow *twice = allowed_twice(grant);
    return twice ? err_set(err, ERR_INVALID, "%s is allowed twice: once is enough, with one range", twice->name) : 0;
}

/* ---- what it allows ---- */

/* The requests that are allowed by their own name. */
static bool is_request(const char *name)
{
    const struct protocol_code *entry = protocol_code_named(name);
    return entry && entry->role == ROLE_CONTROLLER && entry->code != CODE_SET && entry->code != CODE_ACT;
}

static bool names_setting(const struct grant_allow *allow)
{
    return allow->bounded || !is_request(allow->name);
}

static bool names_action(const struct grant_allow *allow)
{
    return !allow->bounded && !is_request(allow->name);
}

static bool permits(const struct grant_allow *allow, const struct protocol_code *entry)
{
    if (entry->code == CODE_SET)
        return names_setting(allow);
    if (entry->code == CODE_ACT)
        return names_action(allow);
    return !allow->bounded && strcmp(allow->name, entry->name) == 0;
}

static const struct grant_allow *find(const struct grant *grant, struct text name,
                                      bool (*kind)(const struct grant_allow *))
{
    for (uint32_t i = 0; i < grant->allows; i++)
        if (kind(&grant->allow[i]) && text_is(name, grant->allow[i].name))
            return &grant->allow[i];
    return NULL;
}

/* "lr (1e-05..0.001), checkpoint"; what has no room becomes "...". */
static void write_list(const struct grant *grant, char list[LIST_BYTES])
{
    size_t used = 0;
    list[0] = '\0';
    for (uint32_t i = 0; i < grant->allows; i++) {
        const struct grant_allow *allow = &grant->allow[i];
        char item[200], shown[220];
        grant_allow_write(allow, item);
        const char *range = item + strlen(allow->name) + 1;
        int size = allow->bounded ? snprintf(shown, sizeof shown, "%s (%s)", allow->name, range)
                                  : snprintf(shown, sizeof shown, "%s", item);
        if (used + (size_t)size + sizeof ", , ..." > LIST_BYTES) {
            snprintf(list + used, LIST_BYTES - used, "%s...", i ? ", " : "");
            return;
        }
        used += (size_t)snprintf(list + used, LIST_BYTES - used, "%s%s", i ? ", " : "", shown);
    }
}

/* ---- may it? ---- */

static int refuse_role(const struct grant *grant, const struct protocol_code *entry, struct refusal *refusal)
{
    if (!grant)
        return refuse(refusal, ERROR_AUTHORISED,
                      "a token is needed: say hello with one (trimtab link and trimtab token add make them)");
    return refuse(refusal, ERROR_AUTHORISED, "%s needs the role %s; this token has the role %s", entry->name,
                  protocol_role_name(entry->role), protocol_role_name(grant->role));
}

int grant_permits_code(const struct grant *grant, const struct protocol_code *entry, struct refusal *refusal)
{
    char list[LIST_BYTES];
    if ((grant ? grant->role : ROLE_NONE) < entry->role)
        return refuse_role(grant, entry, refusal);
    if (!grant || grant->allows == 0 || entry->role < ROLE_CONTROLLER || entry->code == CODE_CANCEL)
        return 0;
    for (uint32_t i = 0; i < grant->allows; i++)
        if (permits(&grant->allow[i], entry))
            return 0;
    write_list(grant, list);
    return refuse(refusal, ERROR_AUTHORISED, "this token may not %s; it may: %s", entry->name, list);
}

static bool is_within(const struct grant_allow *allow, const struct request_scalar *value)
{
    /* An integer of 64 bits may have no double of its own: it must not become one that is within. */
    if (value->kind == SCALAR_INTEGER)
        return (long double)value->integer >= (long double)allow->least &&
               (long double)value->integer <= (long double)allow->greatest;
    return value->kind == SCALAR_NUMBER && value->number >= allow->least && value->number <= allow->greatest;
}

static int refuse_range(const struct grant_allow *allow, const struct request_scalar *value, struct refusal *refusal)
{
    char shown[40] = "this is no number, and";
    if (value->kind == SCALAR_INTEGER)
        snprintf(shown, sizeof shown, "%lld", (long long)value->integer);
    else if (value->kind == SCALAR_NUMBER)
        snprintf(shown, sizeof shown, "%.15g", value->number);
    return refuse(refusal, ERROR_AUTHORISED, "this token may set %s only from %.15g to %.15g; %s is outside",
                  allow->name, allow->least, allow->greatest, shown);
}

static int refuse_name(const struct grant *grant, const char *what, struct text name, struct refusal *refusal)
{
    char list[LIST_BYTES];
    write_list(grant, list);
    return refuse(refusal, ERROR_AUTHORISED, "this token may not %s %.*s; it may: %s", what, TEXT_SHOWN(name), list);
}

static int permits_set(const struct grant *grant, const struct request_arg *settings, struct refusal *refusal)
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct request_pair *pair = &settings->pairs[i];
        const struct grant_allow *allow = find(grant, pair->name, names_setting);
        if (!allow)
            return refuse_name(grant, "set", pair->name, refusal);
        if (allow->bounded && !is_within(allow, &pair->value))
            return refuse_range(allow, &pair->value, refusal);
    }
    return 0;
}

int grant_permits_request(const struct grant *grant, const struct request *request, struct refusal *refusal)
{
    const struct text *action = &request->arg[ARG_ACTION].text;
    if (!grant)
        return grant_permits_code(grant, protocol_code((int64_t)request->code), refusal);
    if (grant->allows == 0)
        return 0;
    if (request->code == CODE_SET)
        return permits_set(grant, &request->arg[ARG_SETTINGS], refusal);
    if (request->code == CODE_ACT && !find(grant, *action, names_action))
        return refuse_name(grant, "do", *action, refusal);
    return 0;
}
