#include "base/value.h"

#include <string.h>

static bool text_same(struct text a, struct text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

bool value_same(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_NONE:
        return true;
    case VALUE_DOUBLE:
        return bits_of(a->number) == bits_of(b->number);
    case VALUE_INT:
    case VALUE_BOOL:
    case VALUE_CHOICE:
        return a->integer == b->integer;
    case VALUE_STRING:
        return text_same(a->text, b->text);
    }
    return false;
}

struct text text_from(const char *zero_terminated)
{
    return zero_terminated ? text_of(zero_terminated, strlen(zero_terminated)) : text_of(NULL, 0);
}

bool text_is(struct text text, const char *zero_terminated)
{
    return text_same(text, text_from(zero_terminated));
}
