/* random_record.h: records of any kind with random contents, the same for the same seed. */
#ifndef TEST_RANDOM_RECORD_H
#define TEST_RANDOM_RECORD_H

#include "channel/record.h"

struct random_record {
    uint64_t state;
    struct record record;
    char texts[64 * 1024]; /* what its texts point to */
    size_t used;
};

void random_init(struct random_record *random, uint64_t seed);
uint64_t random_next(struct random_record *random);
uint32_t random_below(struct random_record *random, uint32_t bound);

/* All kinds that can stand in a journal; ends with RECORD_NONE. */
extern const enum record_kind random_kinds[];
/* Fills random->record; valid until the next call. */
const struct record *random_fill(struct random_record *random, enum record_kind kind);

#endif
