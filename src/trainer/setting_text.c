#include "trainer/setting_text.h"

#include <stdlib.h>
#include <string.h>

#include "trainer/json.h"

static bool make_room(struct buf *buf, uint32_t most)
{
    buf_init(buf);
    return buf_reserve(buf, (size_t)most + 1);
}

struct setting_text *setting_text_create(uint32_t most)
{
    struct setting_text *text = calloc(1, sizeof *text);

    if (!text)
        return NULL;
    text->most = most;
    if (make_room(&text->told, most) && make_room(&text->held, most) && make_room(&text->now, most))
        return text;
    setting_text_destroy(text);
    return NULL;
}

void setting_text_destroy(struct setting_text *text)
{
    if (!text)
        return;
    buf_finish(&text->told);
    buf_finish(&text->held);
    buf_finish(&text->now);
    free(text);
}

static struct value value_in(struct buf *buf)
{
    return (struct value){.type = VALUE_STRING, .text = text_of(buf_string(buf), buf->size)};
}

struct value setting_text_take(const struct setting_text *text, struct buf *into, const char *from)
{
    buf_clear(into);
    text_clean(into, from, from ? strnlen(from, (size_t)text->most + 1) : 0, text->most);
    return value_in(into);
}

struct value setting_text_copy(struct buf *into, struct text from)
{
    buf_clear(into);
    buf_add(into, from.data, from.size);
    return value_in(into);
}

bool setting_text_is_told(const struct setting_text *text, const char *from)
{
    size_t size = from ? strnlen(from, (size_t)text->most + 1) : 0;

    return size == text->told.size && (size == 0 || memcmp(from, text->told.data, size) == 0);
}
