/* protocol.h: the tables of the wire as enums and look-ups. Nothing but tables. */
#ifndef PROTOCOL_PROTOCOL_H
#define PROTOCOL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL_VERSION 1
#define PROTOCOL_PORT 7342
#define PROTOCOL_SAME_CODE "Many request with same code" /* the second message of 41 */

enum code {
#define CODE(number, NAME, name, role, needs, summary) CODE_##NAME = number,
#include "protocol/codes.def"
#undef CODE
    CODE_LIMIT = 64
};

enum error {
    ERROR_NONE = 0,
#define ERROR(number, NAME, message) ERROR_##NAME = number,
#include "protocol/errors.def"
#undef ERROR
};

enum topic {
#define TOPIC(bit, NAME, name) TOPIC_##NAME = 1u << bit,
#include "protocol/topics.def"
#undef TOPIC
};

#define LIMIT(NAME, value, unit, what) enum { LIMIT_##NAME = value };
#include "protocol/limits.def"
#undef LIMIT

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_CONTROLLER, ROLE_ADMIN };
enum needs { NEEDS_NOTHING, NEEDS_TRAINER, NEEDS_CHANGE };

enum arg {
#define ARG(NAME, name) ARG_##NAME,
#include "protocol/params.def"
#undef ARG
    ARG_COUNT
};

enum param_kind {
    PARAM_INTEGER,
    PARAM_NUMBER,
    PARAM_TEXT,
    PARAM_TEXTS,
    PARAM_VALUES,
    PARAM_COUNTS,
    PARAM_CURSOR,
    PARAM_TRUTH
};

struct protocol_code {
    enum code code;
    const char *name;
    enum role role;
    enum needs needs;
    const char *summary;
};

struct protocol_param {
    enum code code;
    enum arg arg;
    enum param_kind kind;
    bool required;
    double least, most;
};

/* NULL where there is none. */
const struct protocol_code *protocol_code(int64_t code);
const struct protocol_code *protocol_code_named(const char *name);
/* All of them, ascending; *count of them. */
const struct protocol_code *protocol_codes(size_t *count);
/* The parameters of a code, in the table's order; *count of them. */
const struct protocol_param *protocol_params(enum code code, size_t *count);
const char *protocol_arg_name(enum arg arg);
/* The fixed Message of an error number; NULL where there is none. */
const char *protocol_message(int error);
/* The bit of a topic's name (not zero-terminated), or 0. */
unsigned protocol_topic(const char *name, size_t size);
const char *protocol_topic_name(unsigned bit);
const char *protocol_role_name(enum role role);

#endif
