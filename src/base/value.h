/* value.h: the value of a setting or a parameter. */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers as in trimtab_type of the public header. */
enum value_type {
    VALUE_NONE = 0,
    VALUE_DOUBLE = 1,
    VALUE_INT = 2,
    VALUE_BOOL = 3,   /* integer is 0 or 1 */
    VALUE_CHOICE = 4, /* integer is an index */
    VALUE_STRING = 5  /* text, not zero-terminated, not owned */
};

struct text {
    const char *data; /* not owned, not zero-terminated unless said so */
    size_t size;
};

struct value {
    enum value_type type;
    double number;
    int64_t integer;
    struct text text;
};

static inline struct value value_double(double number)
{
    return (struct value){.type = VALUE_DOUBLE, .number = number};
}

static inline struct value value_integer(enum value_type type, int64_t integer)
{
    return (struct value){.type = type, .integer = integer};
}

/* Same type and same bits (a NaN equals itself, 0 does not equal -0). */
bool value_same(const struct value *a, const struct value *b);

static inline struct text text_of(const char *data, size_t size)
{
    return (struct text){.data = data, .size = size};
}
struct text text_from(const char *zero_terminated); /* NULL gives an empty text */
bool text_is(struct text text, const char *zero_terminated);

#endif
