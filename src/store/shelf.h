/* shelf.h: the chunks that were decoded last. */
#ifndef STORE_SHELF_H
#define STORE_SHELF_H

#include "base/err.h"
#include "store/places.h"

struct shelf_slot {
    bool full;
    uint32_t series;
    uint64_t sequence, used;
    struct points points;
};

struct shelf {
    struct store_reader *reader; /* borrowed */
    struct shelf_slot *slot;
    size_t slots;
    uint64_t uses;
};

/* 0, or ERR_NOMEM. */
int shelf_init(struct shelf *shelf, struct store_reader *reader, size_t slots, struct err *err);
void shelf_finish(struct shelf *shelf); /* twice is safe; all zero is an empty one */

/* The points of a place; they live until as many others as there are slots have been taken. ERR_DAMAGED, without a
 * text: they cannot be had; else as the database says. */
int shelf_take(struct shelf *shelf, const struct places *places, const struct place *place,
               const struct points **points, struct err *err);

#endif
