/* varint.h: unsigned integers of as many bytes as they need: 7 bits a byte, lowest first; the high bit says that
 * another follows. At most 10 bytes. */
#ifndef STORE_VARINT_H
#define STORE_VARINT_H

#include <stdbool.h>
#include <stdint.h>

/* Returns the end of what it wrote. */
static inline uint8_t *varint_put(uint8_t *at, uint64_t v)
{
    while (v >= 0x80) {
        *at++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *at++ = (uint8_t)v;
    return at;
}

/* Moves *at on; false: it does not end before `end`, or is too long. Any bytes may be given. */
static inline bool varint_take(const uint8_t **at, const uint8_t *end, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

#endif
