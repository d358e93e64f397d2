/* blob.h: the head of a chunk and of a page: u8 kind, u8 version (1), u16 count, u32 CRC-32C of all else; then what is
 * counted, in columns. Little endian. */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include "store/column.h"

#define BLOB_HEADER 8u

/* Appends a head; blob_seal completes it once the rest has been appended. */
size_t blob_begin(struct buf *out, char kind, uint32_t count);
void blob_seal(struct buf *out, size_t begin);
/* The count, 1..most, and what follows the head; 0: damaged, or of another kind. Any bytes may be given. */
uint32_t blob_open(struct column_bytes *bytes, char kind, uint32_t most, const void *data, size_t size);

#endif
