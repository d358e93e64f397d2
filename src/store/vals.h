/* vals.h: the `values` of an outcome as JSON: settings, result, changed, pause_step. */
#ifndef STORE_VALS_H
#define STORE_VALS_H

#include "base/buf.h"
#include "store/catalog.h"

/* `record` is an OUTCOME with the store's ids, `code` the request's. `scratch` is overwritten. A failed allocation
 * shows in out->failed. */
void vals_write(struct buf *out, const struct record *record, int64_t code, const struct catalog *catalog,
                struct record *scratch);

/* One value; `declared` is the setting's declaration, NULL where it cannot be read. */
void vals_value(struct buf *out, const struct value *value, const struct record_setting *declared);

#endif
