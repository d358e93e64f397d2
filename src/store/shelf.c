#include "store/shelf.h"

#include <stdlib.h>

#include "store/blob.h"
#include "store/db.h"
#include "store/reader.h"

int shelf_init(struct shelf *shelf, struct store_reader *reader, size_t slots, struct err *err)
{
    *shelf = (struct shelf){.reader = reader, .slots = slots, .slot = calloc(slots, sizeof *shelf->slot)};
    return shelf->slot ? 0 : err_set(err, ERR_NOMEM, "no memory to read points");
}

void shelf_finish(struct shelf *shelf)
{
    for (size_t i = 0; shelf->slot && i < shelf->slots; i++)
        points_finish(&shelf->slot[i].points);
    free(shelf->slot);
    *shelf = (struct shelf){0};
}

static struct shelf_slot *find(struct shelf *shelf, uint32_t series, uint64_t sequence)
{
    struct shelf_slot *oldest = shelf->slot;
    for (size_t i = 0; i < shelf->slots; i++) {
        struct shelf_slot *slot = &shelf->slot[i];
        if (slot->full && slot->series == series && slot->sequence == sequence)
            return slot;
        if (slot->used < oldest->used)
            oldest = slot;
    }
    oldest->full = false;
    return oldest;
}

static int decode(struct shelf_slot *slot, sqlite3_stmt *look, uint32_t series, const struct place *place,
                  struct err *err)
{
    struct text data = db_bytes(look, 0);
    int code = chunk_decode(&slot->points, blob_place(series, 0, place->sequence), data.data, data.size);
    if (code == ERR_NOMEM)
        return err_set(err, code, "no memory to read points");
    return code || slot->points.count != place->points ? ERR_DAMAGED : 0;
}

static int fill(struct shelf *shelf, struct shelf_slot *slot, uint32_t series, const struct place *place,
                struct err *err)
{
    int code;
    sqlite3_stmt *look = reader_statement(shelf->reader, READER_CHUNK, &code, err);
    if (code)
        return code;
    sqlite3_bind_int64(look, 1, series);
    db_bind_unsigned(look, 2, place->sequence);
    code = db_step(look, err);
    if (code > 0)
        code = decode(slot, look, series, place, err);
    else if (!code)
        code = ERR_DAMAGED; /* only the index has it */
    sqlite3_reset(look);
    slot->full = !code;
    slot->series = series;
    slot->sequence = place->sequence;
    return code;
}

int shelf_take(struct shelf *shelf, const struct places *places, const struct place *place,
               const struct points **points, struct err *err)
{
    if (place->open != PLACE_SEALED) {
        *points = &places->open[place->open];
        return 0;
    }
    struct shelf_slot *slot = find(shelf, places->series, place->sequence);
    int code = slot->full ? 0 : fill(shelf, slot, places->series, place, err);
    slot->used = ++shelf->uses;
    *points = &slot->points;
    return code;
}
