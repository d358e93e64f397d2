/* segment.h: one file of the journal. 2 MiB: a header page of 4,096 bytes, then records to the end.
 * Name: INCARNATION.SEQUENCE, 32 hexadecimal digits, a dot, 10 decimal digits. It comes into being complete: made under
 * a temporary name, posix_fallocate'd (a full disk is an error, never a SIGBUS), then renamed. Nobody truncates one. */
#ifndef CHANNEL_SEGMENT_H
#define CHANNEL_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SEGMENT_SIZE (2u * 1024 * 1024)
#define SEGMENT_HEADER 4096u
#define SEGMENT_RESERVE (64u * 1024) /* kept at the end for all that is not a scalar */
#define SEGMENT_MAGIC "trimtabJ"     /* 8 bytes, without its zero */
#define SEGMENT_VERSION 1u
#define SEGMENT_NAME 48 /* bytes of a name with its zero */

struct incarnation {
    uint8_t bytes[16]; /* 128 random bits: one life of a trainer */
};

struct segment_header {
    char magic[8]; /* "trimtabJ" */
    uint32_t version;
    uint32_t header_bytes;
    struct incarnation incarnation;
    uint8_t boot_id[16];
    uint64_t ordinal;  /* of the incarnation: greater than that of every one before it in this run */
    uint64_t sequence; /* of the segment in this incarnation: 0, 1, 2, ... */
    uint64_t writer;   /* pid */
    uint64_t reserved;
    uint8_t line[48];         /* the two words below stand on a cache line of their own (offset 128) */
    _Atomic uint64_t written; /* published bytes from the start of the file; store-release, load-acquire */
    _Atomic uint64_t sealed;  /* 1: the next segment exists, or nothing will follow */
};

/* Where a reader stands: the next byte to read. */
struct journal_position {
    struct incarnation incarnation;
    uint64_t ordinal; /* 0: nothing read yet */
    uint64_t sequence;
    uint64_t offset; /* 0: nothing of this segment, which need not exist, was read */
};

/* -1, 0, 1: by ordinal, sequence, offset. */
int journal_position_compare(const struct journal_position *a, const struct journal_position *b);

void segment_name(char name[SEGMENT_NAME], const struct incarnation *incarnation, uint64_t sequence);
/* False where `name` is not a segment's name. */
bool segment_parse_name(const char *name, struct incarnation *incarnation, uint64_t *sequence);

void incarnation_text(char text[33], const struct incarnation *incarnation);
bool incarnation_parse(const char *text, struct incarnation *incarnation);
bool incarnation_same(const struct incarnation *a, const struct incarnation *b);

#endif
