/* blob.h: the head of a chunk and of a page: u8 kind, u8 version (1), u16 count, u32 CRC-32C of its place and of all
 * else; then what is counted, in columns. Little endian. The place is not in the blob: one that is found in another
 * place than its own is damaged. */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include "store/column.h"

#define BLOB_HEADER 8u

/* u32 series, u32 level (of a chunk 0), u64 sequence of its first point: the beginning of a CRC. */
uint32_t blob_place(uint32_t series, uint32_t level, uint64_t sequence);

/* Appends a head; blob_seal completes it once the rest has been appended. */
size_t blob_begin(struct buf *out, char kind, uint32_t count);
void blob_seal(struct buf *out, uint32_t place, size_t begin);
/* The count, 1..most, and what follows the head; 0: damaged, or of another kind. Any bytes may be given. */
uint32_t blob_open(struct column_bytes *bytes, char kind, uint32_t most, uint32_t place, const void *data, size_t size);

#endif
