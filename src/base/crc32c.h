/* crc32c.h: CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected; RFC 3720 appendix B.4). */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Begin with crc 0; feed the result back to go on. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);
/* The same without the processor's own instruction: where it has none, and for tests. */
uint32_t crc32c_table(uint32_t crc, const void *data, size_t size);

#endif
