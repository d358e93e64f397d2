#include "wire/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

static void add_value(struct buf *out, const json_t *value);

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* NULL for want of memory. */
static const char **sorted_names(const json_t *object, size_t *count)
{
    const char **names = malloc((json_object_size(object) + 1) * sizeof *names);
    *count = 0;
    for (void *at = json_object_iter((json_t *)object); names && at; at = json_object_iter_next((json_t *)object, at))
        names[(*count)++] = json_object_iter_key(at);
    if (names)
        qsort(names, *count, sizeof *names, by_bytes);
    return names;
}

static void add_object(struct buf *out, const json_t *object, bool is_root)
{
    size_t count, added = 0;
    const char **names = sorted_names(object, &count);
    if (!names) {
        out->failed = true;
        return;
    }
    buf_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (is_root && (strcmp(names[i], "id") == 0 || strcmp(names[i], "token") == 0))
            continue;
        if (added++)
            buf_char(out, ',');
        json_add_string(out, names[i]);
        buf_char(out, ':');
        add_value(out, json_object_get(object, names[i]));
    }
    buf_char(out, '}');
    free(names);
}

static void add_list(struct buf *out, const json_t *list)
{
    buf_char(out, '[');
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i)
            buf_char(out, ',');
        add_value(out, json_array_get(list, i));
    }
    buf_char(out, ']');
}

static void add_value(struct buf *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(out, value, false);
        break;
    case JSON_ARRAY:
        add_list(out, value);
        break;
    case JSON_STRING:
        json_add_text(out, text_of(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        json_add_integer(out, json_integer_value(value));
        break;
    case JSON_REAL:
        json_add_number(out, json_real_value(value));
        break;
    case JSON_TRUE:
        buf_text(out, "true");
        break;
    case JSON_FALSE:
        buf_text(out, "false");
        break;
    case JSON_NULL:
        buf_text(out, "null");
        break;
    }
}

void canonical_add(struct buf *out, const json_t *root)
{
    add_object(out, root, true);
}
