/* ndjson.h: bytes into lines. A line ends at LF; one CR before it belongs to the end; a line without a byte is passed
 * over; at the end of input an unterminated line counts. Knows no socket. */
#ifndef WIRE_NDJSON_H
#define WIRE_NDJSON_H

#include "base/buf.h"

struct ndjson {
    struct buf pending; /* bytes of lines not yet given out */
    uint32_t scanned;   /* of pending: no LF in these */
    uint32_t taken;     /* of pending: given out, dropped with the next bytes */
    uint32_t limit;     /* of one line */
    bool ended;
};

/* Lines are taken before more bytes come: what is held stays below 4 GiB. */
void ndjson_init(struct ndjson *in, uint32_t limit);
void ndjson_finish(struct ndjson *in);
/* Adds bytes as they came. False for want of memory. */
bool ndjson_feed(struct ndjson *in, const char *data, size_t size);
void ndjson_end(struct ndjson *in); /* end of input */
/* 1: a line (*line lives until the next call); 0: none yet; -1: the line is longer than the limit (*line shows one byte
 * more than that; the connection cannot go on). */
int ndjson_next(struct ndjson *in, const char **line, size_t *size);
/* Bytes held: 0 means that nothing is unfinished. */
size_t ndjson_held(const struct ndjson *in);

#endif
