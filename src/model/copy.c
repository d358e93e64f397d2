#include "model/copy.h"

#include <stdlib.h>
#include <string.h>

char *text_copy(struct text text)
{
    char *copy = malloc(text.size + 1);
    if (!copy)
        return NULL;
    if (text.size)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

bool text_replace(char **at, struct text text, bool *differs)
{
    if (*at && text_is(text, *at))
        return true;
    char *copy = text_copy(text);
    if (!copy)
        return false;
    free(*at);
    *at = copy;
    *differs = true;
    return true;
}

bool value_replace(struct value *at, const struct value *value)
{
    struct value copy = *value;
    copy.text = text_of(NULL, 0);
    if (value->type == VALUE_STRING) {
        const char *text = text_copy(value->text);
        if (!text)
            return false;
        copy.text = text_of(text, value->text.size);
    }
    value_finish(at);
    *at = copy;
    return true;
}

void value_finish(struct value *owned)
{
    if (owned->type == VALUE_STRING)
        free((char *)(uintptr_t)owned->text.data);
    *owned = (struct value){0};
}
