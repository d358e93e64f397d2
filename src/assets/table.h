/* table.h: what web/assets.py makes. */
#ifndef ASSETS_TABLE_H
#define ASSETS_TABLE_H

#include "assets/assets.h"

extern const struct asset asset_table[];
extern const size_t asset_table_size;

#endif
