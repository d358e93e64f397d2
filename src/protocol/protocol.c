#include "protocol/protocol.h"

#include <string.h>

static const struct protocol_code codes[] = {
#define CODE(number, NAME, name, role, needs, summary) {CODE_##NAME, #name, ROLE_##role, NEEDS_##needs, summary},
#include "protocol/codes.def"
#undef CODE
};

enum { REQUIRED = true, OPTIONAL = false };

/* Sorted by code, as the file is. */
static const struct protocol_param params[] = {
#define PARAM(code, NAME, kind, presence, least, most) {CODE_##code, ARG_##NAME, PARAM_##kind, presence, least, most},
#include "protocol/params.def"
#undef PARAM
};

static const struct {
    int number;
    const char *message;
} errors[] = {
#define ERROR(number, NAME, message) {number, message},
#include "protocol/errors.def"
#undef ERROR
};

static const struct {
    unsigned bit;
    const char *name;
} topics[] = {
#define TOPIC(bit, NAME, name) {1u << bit, #name},
#include "protocol/topics.def"
#undef TOPIC
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct protocol_code *protocol_code(int64_t code)
{
    for (size_t i = 0; i < COUNT(codes); i++)
        if ((int64_t)codes[i].code == code)
            return &codes[i];
    return NULL;
}

const struct protocol_code *protocol_code_named(const char *name)
{
    for (size_t i = 0; i < COUNT(codes); i++)
        if (strcmp(codes[i].name, name) == 0)
            return &codes[i];
    return NULL;
}

const struct protocol_code *protocol_codes(size_t *count)
{
    *count = COUNT(codes);
    return codes;
}

const struct protocol_param *protocol_params(enum code code, size_t *count)
{
    *count = 0;
    const struct protocol_param *first = NULL;
    for (size_t i = 0; i < COUNT(params); i++) {
        if (params[i].code != code)
            continue;
        if (!first)
            first = &params[i];
        ++*count;
    }
    return first;
}

const char *protocol_arg_name(enum arg arg)
{
    static const char *const names[] = {
#define ARG(NAME, name) #name,
#include "protocol/params.def"
#undef ARG
    };
    return arg < ARG_COUNT ? names[arg] : "";
}

const char *protocol_message(int error)
{
    for (size_t i = 0; i < COUNT(errors); i++)
        if (errors[i].number == error)
            return errors[i].message;
    return NULL;
}

unsigned protocol_topic(const char *name, size_t size)
{
    for (size_t i = 0; i < COUNT(topics); i++)
        if (strlen(topics[i].name) == size && memcmp(topics[i].name, name, size) == 0)
            return topics[i].bit;
    return 0;
}

const char *protocol_topic_name(unsigned bit)
{
    for (size_t i = 0; i < COUNT(topics); i++)
        if (topics[i].bit == bit)
            return topics[i].name;
    return "";
}

const char *protocol_role_name(enum role role)
{
    static const char *const names[] = {"none", "viewer", "controller", "admin"};
    return role <= ROLE_ADMIN ? names[role] : "";
}
