/* buf.h: a growing run of bytes. A failed allocation sets `failed` and later additions do nothing, so that a caller
 * checks once, at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* NULL while empty; not zero-terminated */
    size_t size;
    size_t capacity;
    bool failed;
};

void buf_init(struct buf *buf);
void buf_finish(struct buf *buf);               /* frees; may be called twice */
void buf_clear(struct buf *buf);                /* keeps the memory; forgets `failed` */
bool buf_reserve(struct buf *buf, size_t more); /* room for `more` further bytes */
void buf_add(struct buf *buf, const void *data, size_t size);
void buf_text(struct buf *buf, const char *text); /* zero-terminated */
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_u8(struct buf *buf, uint8_t v); /* little endian, as are all below */
void buf_u32(struct buf *buf, uint32_t v);
void buf_u64(struct buf *buf, uint64_t v);
void buf_drop(struct buf *buf, size_t size); /* removes the first `size` bytes */
const char *buf_string(struct buf *buf);     /* zero-terminates in place (not counted); "" when failed */

#endif
