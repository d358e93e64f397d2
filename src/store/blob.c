#include "store/blob.h"

#include <string.h>

#include "base/crc32c.h"

#define BLOB_VERSION 1
#define BLOB_CRC 4u /* where it stands */

uint32_t blob_place(uint32_t series, uint32_t level, uint64_t sequence)
{
    uint8_t bytes[16];
    for (int i = 0; i < 16; i++)
        bytes[i] = (uint8_t)(i < 4 ? series >> 8 * i : i < 8 ? level >> 8 * (i - 4) : sequence >> 8 * (i - 8));
    return crc32c(0, bytes, sizeof bytes);
}

static uint32_t sum(uint32_t place, const void *data, size_t size)
{
    return crc32c(crc32c(place, data, BLOB_CRC), (const char *)data + BLOB_HEADER, size - BLOB_HEADER);
}

size_t blob_begin(struct buf *out, char kind, uint32_t count)
{
    const uint8_t header[BLOB_HEADER] = {(uint8_t)kind, BLOB_VERSION, (uint8_t)count, (uint8_t)(count >> 8)};
    size_t begin = out->size;
    buf_add(out, header, sizeof header);
    return begin;
}

void blob_seal(struct buf *out, uint32_t place, size_t begin)
{
    if (out->failed)
        return;
    uint32_t crc = sum(place, out->data + begin, out->size - begin);
    memcpy(out->data + begin + BLOB_CRC, &crc, sizeof crc);
}

uint32_t blob_open(struct column_bytes *bytes, char kind, uint32_t most, uint32_t place, const void *data, size_t size)
{
    const uint8_t *at = data;
    uint32_t crc;
    if (size < BLOB_HEADER || at[0] != (uint8_t)kind || at[1] != BLOB_VERSION)
        return 0;
    memcpy(&crc, at + BLOB_CRC, sizeof crc);
    uint32_t count = at[2] | (uint32_t)at[3] << 8;
    if (count > most || crc != sum(place, data, size))
        return 0;
    *bytes = (struct column_bytes){at + BLOB_HEADER, at + size};
    return count;
}
