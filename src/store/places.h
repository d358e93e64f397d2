/* places.h: where the points of a series lie: in chunks, as their index tells, and behind them in the tail; and the
 * segments that they make. Nothing is decoded but the tail. Within a read transaction. */
#ifndef STORE_PLACES_H
#define STORE_PLACES_H

#include "store/chunk.h"

struct store_reader;

#define PLACES_SEQUENCE_MAX (UINT64_C(1) << 51) /* what lies beyond is not believed */
#define PLACE_SEALED UINT32_MAX

/* Points that follow each other, of one segment; at most CHUNK_POINTS. */
struct place {
    uint64_t sequence;
    int64_t first_step, last_step, least_us, most_us; /* as the index says: those of a damaged chunk too */
    uint32_t points, segment;
    uint32_t open; /* PLACE_SEALED: a chunk; else which of places->open */
};

struct place_segment {
    uint32_t number;
    size_t first, end; /* of places->place */
    uint64_t from, to; /* sequences: of its first point, behind its last one */
    int64_t first_step, last_step, least_us, most_us;
    bool is_replaced; /* by later segments, */
    int64_t until;    /* from this step on */
};

struct places {
    uint32_t series;     /* the only one to be set before loading */
    struct place *place; /* in order; between two there may be a hole: points that were damaged */
    size_t count, capacity;
    struct place_segment *segment;
    size_t segments;
    struct points *open;
    uint32_t open_count, open_capacity;
    uint64_t points; /* in all places */
};

/* Of `count` series with ascending ids: the tail is read once for all of them. What does not fit what was before it is
 * passed over. Where it fails they are still to be finished. */
int places_load(struct store_reader *reader, struct places *places, size_t count, struct err *err);
void places_finish(struct places *places); /* twice is safe; all zero is an empty one */

/* The first place that ends behind this sequence; places->count: none. */
size_t places_find(const struct places *places, uint64_t sequence);

#endif
