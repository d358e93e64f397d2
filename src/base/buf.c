#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_LEAST 64u

void buf_init(struct buf *buf)
{
    *buf = (struct buf){0};
}

void buf_finish(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

static size_t buf_grown(size_t capacity, size_t needed)
{
    size_t grown = capacity < BUF_LEAST ? BUF_LEAST : capacity;
    while (grown < needed)
        grown = grown > SIZE_MAX / 2 ? needed : grown * 2;
    return grown;
}

bool buf_reserve(struct buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    if (buf->data && more <= buf->capacity - buf->size)
        return true;
    if (more <= SIZE_MAX - buf->size) {
        size_t capacity = buf_grown(buf->capacity, buf->size + more);
        char *data = realloc(buf->data, capacity);
        if (data) {
            buf->data = data;
            buf->capacity = capacity;
            return true;
        }
    }
    buf->failed = true;
    return false;
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
    if (size == 0 || !buf_reserve(buf, size))
        return;
    memcpy(buf->data + buf->size, data, size);
    buf->size += size;
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* vsnprintf also writes a zero, which is not counted. */
    if (length < 0)
        buf->failed = true;
    if (length < 0 || !buf_reserve(buf, (size_t)length + 1))
        return;
    va_start(args, format);
    vsnprintf(buf->data + buf->size, (size_t)length + 1, format, args);
    va_end(args);
    buf->size += (size_t)length;
}

void buf_u8(struct buf *buf, uint8_t v)
{
    buf_add(buf, &v, 1);
}

static void buf_little(struct buf *buf, uint64_t v, size_t bytes)
{
    uint8_t little[8];
    for (size_t i = 0; i < bytes; i++)
        little[i] = (uint8_t)(v >> (8 * i));
    buf_add(buf, little, bytes);
}

void buf_u32(struct buf *buf, uint32_t v)
{
    buf_little(buf, v, 4);
}

void buf_u64(struct buf *buf, uint64_t v)
{
    buf_little(buf, v, 8);
}

void buf_drop(struct buf *buf, size_t size)
{
    if (size >= buf->size) {
        buf->size = 0;
        return;
    }
    if (size == 0)
        return;
    memmove(buf->data, buf->data + size, buf->size - size);
    buf->size -= size;
}

const char *buf_string(struct buf *buf)
{
    if (!buf_reserve(buf, 1))
        return "";
    buf->data[buf->size] = '\0';
    return buf->data;
}
